import type { Clock, Timer } from "../../base/clock.ts";

/** The clock of one process: shows a time of its own, and calls nobody any more once the process is dead. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #offsetMs: number;
  readonly #pending = new Set<Timer>();
  #dead = false;

  /** @param offsetMs How much it is ahead of the true time. */
  constructor(clock: Clock, offsetMs = 0) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
  }

  /** Timers that the process has set and neither cancelled nor seen fall due. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    if (this.#dead) return { cancel: () => {} };
    const timer = this.#clock.setTimer(() => {
      this.#pending.delete(timer);
      callback();
    }, delayMs);
    this.#pending.add(timer);
    return {
      cancel: () => {
        this.#pending.delete(timer);
        timer.cancel();
      },
    };
  }

  die(): void {
    this.#dead = true;
    for (const timer of this.#pending) timer.cancel();
    this.#pending.clear();
  }
}
