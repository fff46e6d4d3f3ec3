import type { Clock, Timer } from "../base/clock.ts";

/** So many messages, or so much time after the first of them, and they are confirmed. */
const CONFIRM_MESSAGES = 64;
const CONFIRM_MS = 500;

/** So many runs are repeated on a new connection, the newest: more than that many gaps are an application that fails. */
const MAX_RUNS = 64;

/**
 * Tells the server how far one reader has handed messages of others to the application: "received from `first` to
 * `last`", a few times a second at most. What the application has not taken is a gap between two such runs.
 */
export class Receipts {
  readonly #clock: Clock;
  /** @returns `false` when there is no way to the server now. */
  readonly #send: (first: number, last: number) => boolean;
  /** Ascending; the last one still grows. */
  readonly #runs: { first: number; last: number }[] = [];
  /** Where the next run begins. */
  #next = 1;
  #unconfirmed = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (first: number, last: number) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Where the reader began. */
  begin(first: number): void {
    this.#next = first;
  }

  /** One from before the run, such as an answer that is told of late, changes nothing. */
  received(seq: number): void {
    const run = this.#runs.at(-1);
    if (seq < this.#next) return;
    if (run !== undefined && run.first === this.#next) run.last = Math.max(run.last, seq);
    else this.#runs.push({ first: this.#next, last: seq });
    if (this.#runs.length > MAX_RUNS) this.#runs.shift();
    this.#unconfirmed += 1;
    if (this.#unconfirmed >= CONFIRM_MESSAGES) this.flush();
    else this.#timer ??= this.#clock.setTimer(() => this.flush(), CONFIRM_MS);
  }

  /** The application has not taken this one: no receipt reaches across it. */
  missed(seq: number): void {
    this.flush();
    this.#next = seq + 1;
  }

  /** On a new connection, once more: nobody knows whether they arrived. */
  repeat(): void {
    for (const { first, last } of this.#runs) this.#send(first, last);
    this.#unconfirmed = 0;
  }

  flush(): void {
    const run = this.#runs.at(-1);
    if (run !== undefined && this.#unconfirmed > 0 && this.#send(run.first, run.last)) this.#unconfirmed = 0;
    this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
