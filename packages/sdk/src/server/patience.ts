import type { Clock, Timer } from "../base/clock.ts";

/** Looks in the time that is allowed: what was taken shortly before a look counts as taken then. */
const LOOKS = 10;

/** Waits for a reader for as long as it goes on taking something, however little. */
export class Patience {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #taken: () => number;
  readonly #onEnd: () => void;
  #timer: Timer | undefined;

  /**
   * @param ms How long the reader may take nothing.
   * @param taken What it has taken up to now, in bytes.
   * @param onEnd Called once it has taken nothing for so long, or up to a tenth longer.
   */
  constructor(clock: Clock, ms: number, taken: () => number, onEnd: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#taken = taken;
    this.#onEnd = onEnd;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer === undefined) this.#wait();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(looks = LOOKS): void {
    const before = this.#taken();
    this.#timer = this.#clock.setTimer(() => {
      if (this.#taken() > before) return this.#wait();
      if (looks > 1) return this.#wait(looks - 1);
      this.#timer = undefined;
      this.#onEnd();
    }, this.#ms / LOOKS);
  }
}
