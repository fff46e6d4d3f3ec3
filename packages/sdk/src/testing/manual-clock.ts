import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { turnOver } from "../base/next-turn.ts";

interface PendingTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now: number;
  /** How much the date was set forward. */
  #aheadMs = 0;
  /** By time, and where that is equal in the order in which they were set. */
  readonly #timers: PendingTimer[] = [];

  /** @param now Milliseconds since the Unix epoch; 2026-01-01 by default. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now + this.#aheadMs;
  }

  monotonic(): number {
    return this.#now;
  }

  /** Somebody corrects the date, backwards where it is negative. No time passes, and timers fall due as they would have. */
  correctDate(byMs: number): void {
    this.#aheadMs += byMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    if (Number.isNaN(delayMs)) throw new RedRoomError("OPTIONS_INVALID", "unable to set a timer; its delay is NaN");
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    this.#timers.splice(this.#placeBehind(timer.at), 0, timer);
    return {
      cancel: () => {
        const index = this.#timers.indexOf(timer);
        if (index >= 0) this.#timers.splice(index, 1);
      },
    };
  }

  /** How many timers are pending: none is left behind by what was closed. */
  get pending(): number {
    return this.#timers.length;
  }

  /** When the next timer falls due, by `monotonic()`; `undefined` while none is pending. */
  get nextDue(): number | undefined {
    return this.#timers[0]?.at;
  }

  /** Lets time pass, calling what falls due, in order, each at its own time. Nothing else runs between the calls. */
  advance(byMs: number): void {
    const end = this.#now + byMs;
    while (this.step(end));
    this.#now = end;
  }

  /**
   * Lets time pass as `advance` does; behind each call everything runs that it has set going, as far as it waits for no
   * timer: promises first, then one turn of the event loop.
   */
  async advanceAsync(byMs: number): Promise<void> {
    const end = this.#now + byMs;
    do await turnOver();
    while (this.step(end));
    this.#now = end;
  }

  /**
   * Moves on to the next timer and calls it.
   *
   * @param latest Later timers are left alone.
   * @returns `false` when there was none.
   */
  step(latest = Number.POSITIVE_INFINITY): boolean {
    const [due] = this.#timers;
    if (due === undefined || due.at > latest) return false;
    this.#timers.shift();
    this.#now = Math.max(this.#now, due.at);
    due.callback();
    return true;
  }

  #placeBehind(at: number): number {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle] as PendingTimer).at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
