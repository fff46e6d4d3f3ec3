import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { commandOf } from "../../../test/command-of.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `redroom-server` with arguments. */
export const commandLine = (...args: readonly string[]): string[] => [...commandOf("packages/server-kit"), ...args];

/** A process of its own. */
export function spawnCommand(...args: readonly string[]): ChildProcess {
  const [node = "", ...rest] = commandLine(...args);
  return spawn(node, rest);
}

/** Runs it to its end. */
export async function command(args: readonly string[], stdin = ""): Promise<Ended> {
  const child = spawnCommand(...args);
  const output = collect(child);
  child.stdin?.end(stdin);
  const [code] = await once(child, "close");
  return { code, ...output() };
}

function collect(child: ChildProcess): () => { readonly stdout: string; readonly stderr: string } {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return () => ({ stdout, stderr });
}

export interface Started {
  readonly address: string;
  /** The password of the first administrator, when this start made one. */
  readonly password: string | undefined;
  readonly child: ChildProcess;
  /** Sends a signal, and resolves when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<Ended & { readonly signal: NodeJS.Signals | null }>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `redroom-server start --json` on any free port; resolves once it serves. */
export async function startServer(folder: string, ...args: readonly string[]): Promise<Started> {
  const child = spawnCommand("start", "--data", folder, "--json", "--port", "0", ...args);
  const output = collect(child);
  const gone = once(child, "close");
  let password: string | undefined;
  let address: string | undefined;
  if (child.stdout === null) throw new Error("no standard output");
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const event = JSON.parse(line) as { event: string; address?: string; admin?: { password: string } };
    if (event.event === "initialised") password = event.admin?.password;
    address = event.address;
    if (event.event === "listening") break;
  }
  child.stdout.resume();
  if (address === undefined) throw new Error(`the server did not start: ${output().stderr}`);
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    const [code, by] = await gone;
    return { code, signal: by, ...output() };
  };
  return { address, password, child, stop, [Symbol.asyncDispose]: () => stop("SIGKILL").then(() => {}) };
}

/** A folder that vanishes with the test. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), "redroom-server-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
