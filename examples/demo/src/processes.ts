import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface Program {
  /** Who it is, in errors. */
  readonly name: string;
  /** A module of ours or of a package, and its arguments. */
  readonly command: readonly [module: string, ...args: string[]];
  readonly password?: string;
  readonly input?: string;
  readonly onLine?: (line: string) => void;
}

export interface Running {
  /** Resolves when it has ended well: by itself with 0, or because of `stop()`. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const KILL_AFTER_MS = 3_000;

/** All processes of the demo: one that fails ends the whole, and none outlives it. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<Running>();
  #fail: (error: Error) => void = () => {};
  readonly #failed: Promise<never>;

  constructor() {
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => {}); // whoever waits next hears of it
  }

  /** Gives up, whatever is being waited for. */
  fail(error: Error): void {
    this.#fail(error);
  }

  /** Sources run with the options that we run with ourselves; what is built runs as users run it. */
  start({ name, command, password, input, onLine }: Program): Running {
    const options = command[0].endsWith(".ts") ? process.execArgv : [];
    const child = spawn(process.execPath, [...options, ...command], {
      env: { ...process.env, ...(password !== undefined && { REDROOM_PASSWORD: password }) },
      windowsHide: true,
    });
    let stopping = false;
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = `${complaint}${text}`.slice(-4_000);
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      try {
        onLine?.(line);
      } catch (error) {
        this.fail(new Error(`${name} printed what cannot be read: ${line.slice(0, 200)}`, { cause: error }));
      }
    });
    child.stdin.on("error", () => {}); // it ended without reading; how it ended says why
    child.stdin.end(input);

    const ended = new Promise<void>((resolve, reject) => {
      child.once("error", reject).once("close", (code, signal) => {
        this.#running.delete(running);
        if (code === 0 || (stopping && signal !== null)) resolve();
        else reject(new Error(`${name} ended with ${code ?? signal}; ${complaint.trim() || "it did not say why"}`));
      });
    });
    ended.catch((error: Error) => this.fail(error));
    const running: Running = {
      ended,
      stop: async () => {
        stopping = true;
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
        await ended.finally(() => clearTimeout(timer));
      },
    };
    this.#running.add(running);
    return running;
  }

  /** Runs it to its end. @returns What it printed. */
  async run(program: Program, withinMs: number): Promise<string> {
    const lines: string[] = [];
    const { ended } = this.start({ ...program, onLine: (line) => lines.push(line) });
    await this.within(withinMs, ended, `${program.name} has not ended`);
    return lines.join("\n");
  }

  /** Waits for `what`, but no longer than until a process fails. */
  unlessFailed<T>(what: Promise<T>): Promise<T> {
    return Promise.race([what, this.#failed]);
  }

  /** Waits for `what`, and fails with `complaint` when that takes too long. */
  within<T>(withinMs: number, what: Promise<T>, complaint: string): Promise<T> {
    const timer = setTimeout(() => this.fail(new Error(`${complaint} within ${withinMs / 1_000} s`)), withinMs);
    return this.unlessFailed(what).finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#running].map((running) => running.stop()));
  }
}
