/** Time as a dependency, so that tests own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
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
const LONGEST_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(callback, delayMs, { keepAlive = false } = {}) {
    const handle = setTimeout(callback, Math.min(delayMs, LONGEST_DELAY_MS));
    if (!keepAlive) handle.unref?.();
    return { cancel: () => clearTimeout(handle) };
  },
};
