import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isBuilt, NODE_OPTIONS } from "./command-of.ts";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** The code of a page: its files, and what its reader types at the prompt. */
interface DocumentedCode {
  /** From name to text. */
  readonly files: ReadonlyMap<string, string>;
  readonly runs: readonly DocumentedRun[];
}

interface DocumentedRun {
  /** What Node is given. */
  readonly args: readonly string[];
  /** What the page shows that it prints; `…` stands for anything within a line. */
  readonly prints: string | undefined;
}

/** What a reader does before: nothing that a test could repeat. */
const PREPARATIONS = /^(npm (init|install|i) .*|mkdir .*|cd .*|#.*|)$/;

/**
 * Reads a page. A block of the language `ts` is a file, whose name is on its first line: `// answers.ts`. Each line of a
 * `sh` block is a command: `npx tsx answers.ts`, or `npx tsx --test answers.test.ts`. A `text` block right behind it is what
 * the last one prints.
 */
export function codeOf(page: string): DocumentedCode {
  const files = new Map<string, string>();
  const runs: { args: string[]; prints: string | undefined }[] = [];
  let end = 0;
  let behindCommand = false;
  for (const { 0: block, 1: language, 2: code = "", index } of page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const between = page.slice(end, index).trim();
    if (language === "ts") {
      const name = /^\/\/ ([\w./-]+\.ts)\n/.exec(code)?.[1];
      if (name === undefined || files.has(name)) throw new Error(`no file of its own: ${code.slice(0, 80)}`);
      files.set(name, code);
    } else if (language === "sh") {
      for (const line of code.split("\n").filter((each) => !PREPARATIONS.test(each))) {
        const args = /^npx tsx (.*)$/.exec(line)?.[1]?.split(" ");
        if (args === undefined) throw new Error(`no command that a test could run: ${line}`);
        runs.push({ args, prints: undefined });
      }
    } else if (language === "text" && behindCommand && between.length === 0) {
      const last = runs.at(-1);
      if (last !== undefined) last.prints = code;
    }
    behindCommand = language === "sh";
    end = index + block.length;
  }
  return { files, runs };
}

/**
 * Writes files into a folder of their own in the workspace, so that the packages are found; on ports of their own, so that
 * they run beside anything.
 */
export async function writtenOut(files: ReadonlyMap<string, string>) {
  const folder = await mkdtemp(join(root, ".ready-page-"));
  for (const [name, code] of files) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), code.replaceAll("port: 4433", "port: 0"));
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Runs a TypeScript program, or with `--test` a test, in this folder until it ends. Rejects when it fails. */
export function run(folder: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return node(folder, [...NODE_OPTIONS, ...args]);
}

/** What the compiler has to say of the programs in this folder: nothing, where they are right. */
export async function compiled(folder: string): Promise<string> {
  const compilerOptions = { incremental: false, ...(isBuilt && { customConditions: [] }) };
  const settings = { extends: "../tsconfig.json", compilerOptions, include: ["**/*.ts"] };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = await node(folder, [compiler, "-p", "."]).catch((failure: { stdout: string }) => failure);
  return stdout;
}

const node = (cwd: string, args: readonly string[]) =>
  promisify(execFile)(process.execPath, args, { cwd, timeout: 100_000 });
