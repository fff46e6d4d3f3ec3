import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { root } from "./workspaces.mjs";

/**
 * Runs a command line in the repository and resolves, never rejects, with its exit code and all it printed.
 * Through the shell, because on Windows npm and the tools in node_modules/.bin are batch files.
 */
export function run(command, { cwd = root, env = {}, show = false } = {}) {
  const path = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const withTools = [join(root, "node_modules", ".bin"), process.env[path]].join(delimiter);
  return new Promise((resolve) => {
    const output = [];
    const child = spawn(command, {
      cwd,
      shell: true,
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
      env: { ...process.env, [path]: withTools, ...env },
    });
    child.stdout?.on("data", (chunk) => output.push(chunk));
    child.stderr?.on("data", (chunk) => output.push(chunk));
    child.once("error", (error) => resolve({ code: 1, output: String(error) }));
    child.once("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(output).toString("utf8") }));
  });
}

export const seconds = (startedAt) => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
