/** Time as a dependency, so that tests own it. */
export interface Clock {
  /** The date, as milliseconds since the Unix epoch. It may be corrected at any time: never take a duration from it. */
  now(): number;
  /** Whole milliseconds since some moment; never set back. Durations and deadlines go by it. */
  monotonic(): number;
  /**
   * Calls `callback` once after `delayMs`, or after 24 days; a pending timer keeps the process alive only where that is
   * asked for.
   */
  setTimer(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer;
}

export interface Timer {
  /** Idempotent; the callback is not called afterwards. */
  cancel(): void;
}

/** Node takes a longer delay for 1 ms. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Math.floor(performance.now()),
  setTimer(callback, delayMs, { keepAlive = false } = {}) {
    const handle = setTimeout(callback, Math.min(delayMs, LONGEST_DELAY_MS));
    if (!keepAlive) handle.unref?.();
    return { cancel: () => clearTimeout(handle) };
  },
};
