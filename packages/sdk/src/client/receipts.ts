import type { Clock, Timer } from "../base/clock.ts";

/** So many messages, or so much time after the first of them, and they are confirmed. */
const CONFIRM_MESSAGES = 64;
const CONFIRM_MS = 500;

/**
 * Tells the server how far one reader has handed messages of others to the application: "received from `first` to
 * `last`", a few times a second at most.
 */
export class Receipts {
  readonly #clock: Clock;
  /** @returns `false` when there is no way to the server now. */
  readonly #send: (first: number, last: number) => boolean;
  /** Behind the last one that was not taken. */
  #first = 1;
  #last = 0;
  #unconfirmed = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, send: (first: number, last: number) => boolean) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Where the reader began. */
  begin(first: number): void {
    this.#first = first;
  }

  received(seq: number): void {
    this.#last = seq;
    this.#unconfirmed += 1;
    if (this.#unconfirmed >= CONFIRM_MESSAGES) this.flush();
    else this.#timer ??= this.#clock.setTimer(() => this.flush(), CONFIRM_MS);
  }

  /** The application has not taken this one: no receipt reaches across it. */
  missed(seq: number): void {
    this.flush();
    this.#first = seq + 1;
  }

  /** On a new connection, once more: nobody knows whether the last one arrived. */
  repeat(): void {
    if (this.#last >= this.#first) this.#confirm();
  }

  flush(): void {
    if (this.#unconfirmed > 0) this.#confirm();
    this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #confirm(): void {
    if (this.#send(this.#first, this.#last)) this.#unconfirmed = 0;
  }
}
