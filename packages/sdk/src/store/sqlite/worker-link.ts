import { Worker } from "node:worker_threads";
import { RedRoomError } from "../../base/errors.ts";
import type { ConnectionSettings } from "./connection.ts";
import type { SqliteCursors } from "./sqlite-cursors.ts";
import type { SqliteLog } from "./sqlite-log.ts";
import type { SqlitePrepared } from "./sqlite-prepared.ts";
import type { SqliteSearch } from "./sqlite-search.ts";
import type { SqliteUsers } from "./sqlite-users.ts";
import type { Doubt, Failure } from "./store-failure.ts";

export interface WorkerSettings extends ConnectionSettings {
  /** What a thread before it has left in doubt. */
  readonly doubt: Doubt | undefined;
}

export interface WorkerCall {
  readonly number: number;
  readonly target: keyof Targets;
  readonly method: string;
  readonly args: readonly unknown[];
  /** When it was called, in milliseconds since the Unix epoch. */
  readonly at: number;
}

export interface WorkerAnswer {
  readonly number: number;
  readonly value?: unknown;
  /** Why there is no value. */
  readonly failure?: Failure;
  /** Whether the thread has the file open now. */
  readonly connected: boolean;
  readonly doubt: Doubt | undefined;
}

/** What can be called in the thread. */
interface Targets {
  /**
   * Opening gives the public half of the key that signs; a connection that only reads has none. `patienceMs`: how long it
   * may wait for another process, instead of `busyTimeoutMs`.
   */
  readonly connection: { open(patienceMs?: number): Uint8Array | undefined; probe(): void; close(): void };
  readonly log: SqliteLog;
  readonly search: SqliteSearch;
  readonly prepared: SqlitePrepared;
  readonly cursors: SqliteCursors;
  readonly users: SqliteUsers;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: RedRoomError) => void;
}

/** An entry of the build, beside every chunk of the package; in the workspace the worker runs from its source. */
const WORKER = new URL(
  import.meta.url.endsWith(".ts") ? "./sqlite-worker-source.mjs" : "./sqlite-worker.js",
  import.meta.url,
);

/**
 * A thread with one connection to the file, called like an object. A slow disk stalls it, and nobody else. When it dies,
 * what is under way fails, and the next call starts another.
 */
export class WorkerLink {
  #settings: ConnectionSettings;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;
  #connected = false;
  #doubt: Doubt | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** Which file every thread from now on must find at the path. */
  pin(inode: string): void {
    this.#settings = { ...this.#settings, inode };
  }

  /** Whether the thread has the file open; the next call opens it. */
  get connected(): boolean {
    return this.#connected;
  }

  /** @throws {RedRoomError} What the call threw; `STORE_UNAVAILABLE` when the thread dies. */
  call<T extends keyof Targets, M extends keyof Targets[T] & string>(
    target: T,
    method: M,
    ...args: Targets[T][M] extends (...args: infer A) => unknown ? A : never
  ): Promise<Targets[T][M] extends (...args: never[]) => infer R ? R : never> {
    return new Promise((resolve, reject) => {
      const worker = this.start();
      const number = this.#calls++;
      this.#waiting.set(number, { resolve: resolve as (value: unknown) => void, reject });
      worker.ref();
      worker.postMessage({ number, target, method, args, at: Date.now() } satisfies WorkerCall);
    });
  }

  /** Closes the connection behind the calls under way, and ends the thread. */
  async close(): Promise<void> {
    if (this.#worker === undefined) return;
    await this.call("connection", "close").catch(() => {}); // what cannot be closed ends with its thread
    await this.terminate();
  }

  /** Ends the thread; calls under way fail. */
  async terminate(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Starts the thread, where none runs. It takes a moment, which two threads can spend side by side. */
  start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // Flags are for the program that embeds us: `--input-type` would even keep the thread from starting.
    const workerData = { ...this.#settings, doubt: this.#doubt } satisfies WorkerSettings;
    const worker = new Worker(WORKER, { workerData, execArgv: [] });
    this.#worker = worker;
    worker.unref();
    let reason: unknown;
    worker.on("message", (answer: WorkerAnswer) => this.#answered(worker, answer));
    worker.on("error", (error) => {
      reason = error;
    });
    worker.on("exit", (code) => this.#ended(reason ?? new Error(`exit code ${code}`)));
    return worker;
  }

  #answered(worker: Worker, answer: WorkerAnswer): void {
    const call = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    // A store that is merely open does not keep the process alive; a call under way does.
    if (this.#waiting.size === 0) worker.unref();
    this.#connected = answer.connected;
    this.#doubt = answer.doubt;
    if (answer.failure === undefined) call?.resolve(answer.value);
    else call?.reject(errorOf(answer.failure));
  }

  #ended(cause: unknown): void {
    this.#worker = undefined;
    this.#connected = false;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `unable to use the store ${this.#settings.file}; its thread has ended: ${reason}`;
    const error = new RedRoomError("STORE_UNAVAILABLE", message, { cause, retryable: true });
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function errorOf({ code, message, remedy, retryable, cause }: Failure): RedRoomError {
  return new RedRoomError(code, message, { cause, retryable, ...(remedy !== undefined && { remedy }) });
}
