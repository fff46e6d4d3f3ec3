import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What a process can be asked: each call takes one value and answers one, both structured-cloneable. */
export type Calls = Readonly<Record<string, (input: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly call: string;
  readonly input: unknown;
}

type Answer = { readonly id: number } & ({ readonly output: unknown } | { readonly error: string });

/** In a process of its own: answers the calls of the one who started it, and ends with them. */
export function playRole(calls: Calls): void {
  const answer = (message: Answer): void => void process.send?.(message);
  process.on("message", ({ id, call, input }: Question) => {
    Promise.resolve(input)
      .then(calls[call] as (input: unknown) => unknown)
      .then(
        (output) => answer({ id, output }),
        (error: Error) => answer({ id, error: error.stack ?? String(error) }),
      );
  });
  process.once("disconnect", () => process.exit());
}

/** A process that plays a role, seen from the one who started it. */
export class Role<C extends Calls> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(output: unknown): void; reject(error: Error): void }>();
  #calls = 0;

  /** @param profileTo A folder: the process leaves a CPU profile there when it ends. */
  constructor(program: URL, profileTo?: string) {
    const profiling = profileTo === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileTo}`];
    this.#child = fork(program, { serialization: "advanced", execArgv: [...process.execArgv, ...profiling] });
    this.#child.on("message", (message: Answer) => {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ("error" in message) waiting?.reject(new Error(message.error));
      else waiting?.resolve(message.output);
    });
    this.#child.once("exit", (code, signal) => {
      const error = new Error(`unable to go on; ${program.pathname.split("/").at(-1)} ended with ${code ?? signal}`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  ask<K extends keyof C & string>(call: K, input: Parameters<C[K]>[0]): Promise<Awaited<ReturnType<C[K]>>> {
    return new Promise((resolve, reject) => {
      const id = this.#calls++;
      this.#waiting.set(id, { resolve: resolve as (output: unknown) => void, reject });
      this.#child.send({ id, call, input } satisfies Question, (error) => error && reject(error));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }
}
