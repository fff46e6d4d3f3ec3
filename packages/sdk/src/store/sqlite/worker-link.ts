import { Worker } from "node:worker_threads";
import { RedRoomError, type RedRoomErrorCode } from "../../base/errors.ts";
import type { SqliteLog } from "./sqlite-log.ts";
import type { SqliteUsers } from "./sqlite-users.ts";

export interface WorkerSettings {
  readonly file: string;
  readonly mode: "write" | "read";
}

export interface WorkerCall {
  readonly number: number;
  readonly target: "store" | "log" | "users";
  readonly method: string;
  readonly args: readonly unknown[];
}

export type WorkerAnswer =
  | { readonly number: number; readonly value: unknown }
  | {
      readonly number: number;
      readonly failure: {
        readonly code: RedRoomErrorCode;
        readonly message: string;
        readonly remedy: string | undefined;
      };
    };

interface Targets {
  readonly store: { open(): void; close(): void };
  readonly log: SqliteLog;
  readonly users: SqliteUsers;
}

/** In the package the worker is an entry of the build beside the bundle; in the workspace it runs from its source. */
const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "sqlite-worker-source.mjs" : "sqlite-worker.js",
  import.meta.url,
);

/** A worker thread with one connection to the file, called like an object. A slow disk stalls it, and nobody else. */
export class WorkerLink {
  readonly #file: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: RedRoomError) => void }>();
  #calls = 0;
  #dead: RedRoomError | undefined;

  constructor(settings: WorkerSettings) {
    this.#file = settings.file;
    this.#worker = new Worker(WORKER, { workerData: settings });
    // Only work under way keeps the process alive, not a store that is merely open.
    this.#worker.unref();
    this.#worker.on("message", (answer: WorkerAnswer) => this.#answered(answer));
    this.#worker.on("error", (cause) => this.#die(cause));
    this.#worker.on("exit", (code) => this.#die(new Error(`exit ${code}`)));
  }

  /** @throws {RedRoomError} What the call threw; `STORE_UNAVAILABLE` when the thread is dead. */
  call<T extends keyof Targets, M extends keyof Targets[T] & string>(
    target: T,
    method: M,
    ...args: Targets[T][M] extends (...args: infer A) => unknown ? A : never
  ): Promise<Targets[T][M] extends (...args: never[]) => infer R ? R : never> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) return reject(this.#dead);
      const number = this.#calls++;
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(number, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ number, target, method, args } satisfies WorkerCall);
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #answered(answer: WorkerAnswer): void {
    const call = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("value" in answer) call?.resolve(answer.value);
    else {
      const { code, message, remedy } = answer.failure;
      const options = { retryable: code === "STORE_UNAVAILABLE", ...(remedy !== undefined && { remedy }) };
      call?.reject(new RedRoomError(code, message, options));
    }
  }

  #die(cause: unknown): void {
    this.#dead ??= new RedRoomError(
      "STORE_UNAVAILABLE",
      `unable to use the store ${this.#file}; its thread has ended`,
      {
        cause,
      },
    );
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }
}
