import type { Clock } from "../base/clock.ts";

/** What was not used may be used later: as much as comes in this time. */
export const BURST_MS = 4_000;

/** Of a token: each millisecond brings a whole number of them, so that nothing is lost, and nobody waits longer, by rounding. */
const PARTS = 1_000;

/** A token bucket: `perSecond` on average, what comes in `BURST_MS` at once. Needs no timer. */
export class RateLimit {
  /** Parts of tokens. */
  readonly #perMs: number;
  readonly #clock: Clock;
  /** Parts of tokens. */
  #left: number;
  #at: number;

  constructor(perSecond: number, clock: Clock) {
    this.#perMs = perSecond;
    this.#clock = clock;
    this.#left = this.#most;
    this.#at = clock.monotonic();
  }

  get #most(): number {
    return Math.max(PARTS, this.#perMs * BURST_MS);
  }

  /** How long until `amount` may be taken; 0 where it may be now. */
  waitMs(amount: number): number {
    this.#refill();
    // More than the bucket holds is let in when it is full: it must not wait for ever.
    const missing = Math.min(amount * PARTS, this.#most) - this.#left;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#perMs);
  }

  /** Takes also what is not there: who comes next waits for it. */
  take(amount: number): void {
    this.#refill();
    this.#left -= amount * PARTS;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    // A clock that was set back gives nothing, and takes nothing.
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
  }
}
