import type { ChildProcess } from "node:child_process";

/** What a process can be asked: each call takes one value and answers one, both structured-cloneable. */
export type Calls = Readonly<Record<string, (input: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly call: string;
  readonly input: unknown;
}

/** No other message that a process sends has `answerTo`. */
type Answer = { readonly answerTo: number } & ({ readonly output: unknown } | { readonly error: string });

/** In the process that is asked. */
export function answerCalls(calls: Calls): void {
  const answer = (message: Answer): void => void process.send?.(message, undefined, undefined, ignore);
  process.on("message", ({ id, call, input }: Question) => {
    Promise.resolve(input)
      .then(calls[call] as (input: unknown) => unknown)
      .then(
        (output) => answer({ answerTo: id, output }),
        (error: Error) => answer({ answerTo: id, error: error.stack ?? String(error) }),
      );
  });
}

/** Asks a process, until it ends. */
export class Caller<C extends Calls> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(output: unknown): void; reject(error: Error): void }>();
  #calls = 0;

  /** @param onOther Takes every message that is no answer. */
  constructor(child: ChildProcess, onOther: (message: unknown) => void = () => {}) {
    this.#child = child;
    child.on("message", (message: Answer | { readonly answerTo?: undefined }) => {
      if (message.answerTo === undefined) return onOther(message);
      const waiting = this.#waiting.get(message.answerTo);
      this.#waiting.delete(message.answerTo);
      if ("error" in message) waiting?.reject(new Error(message.error));
      else waiting?.resolve(message.output);
    });
    child.once("exit", (code, signal) => {
      const error = new Error(`the process has ended with ${code ?? signal}`);
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
}

/** Who asked has gone; the process is about to end too. */
const ignore = (): void => {};
