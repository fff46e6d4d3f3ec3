/** Time as a dependency, so that tests own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `callback` once after `delayMs`; a pending timer keeps the process alive only where that is asked for. */
  setTimer(callback: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer;
}

export interface Timer {
  /** Idempotent; the callback is not called afterwards. */
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(callback, delayMs, { keepAlive = false } = {}) {
    const handle = setTimeout(callback, delayMs);
    if (!keepAlive) handle.unref?.();
    return { cancel: () => clearTimeout(handle) };
  },
};
