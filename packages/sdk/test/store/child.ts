import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

type Program = "append" | "erase" | "lock" | "open" | "save";

/** A program of this folder in a process of its own, which ends with the scope. */
export function runProgram(name: Program, args: readonly string[], options: SpawnOptions = {}) {
  return childOf(process.execPath, programArgs(name, args), options);
}

export function programArgs(name: Program, args: readonly string[]): string[] {
  const program = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
  return ["--conditions=@redroom/source", "--import", "tsx", program, ...args];
}

/** What the programs print. */
export interface Line {
  readonly seq?: number;
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
  readonly opened?: boolean;
  /** How many messages the topic holds at the end. */
  readonly readable?: number;
  readonly locked?: boolean;
  /** How long a message took. */
  readonly ms?: number;
  /** How often a timer of one millisecond fell due, and the longest time that it had to wait. */
  readonly ticks?: number;
  readonly stallMs?: number;
}

export function childOf(command: string, args: readonly string[], options: SpawnOptions = {}) {
  const child: ChildProcess = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  if (child.stdout === null) throw new Error("the child has no output");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    /** The next line of its output; `undefined` at the end. */
    async line(): Promise<Line | undefined> {
      const { value, done } = await lines.next();
      return done ? undefined : (JSON.parse(value) as Line);
    },
    async rest(): Promise<Line[]> {
      const all: Line[] = [];
      for (let line = await this.line(); line !== undefined; line = await this.line()) all.push(line);
      return all;
    },
    async kill(): Promise<void> {
      child.kill("SIGKILL");
      await exited;
    },
    async [Symbol.asyncDispose]() {
      await this.kill();
    },
  };
}
