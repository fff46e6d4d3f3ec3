import { RedRoomError } from "../base/errors.ts";

export interface LoginQueueLimits {
  /** Checks at a time: each takes a processor for some 20 ms, and 19 MiB. */
  readonly concurrency: number;
  /** Logins that wait; further ones are told to come back. */
  readonly maxWaiting: number;
}

/** Checks logins a few at a time, by turns of the addresses they come from: one that sends many delays itself most. */
export class LoginQueue {
  readonly #limits: LoginQueueLimits;
  readonly #waiting = new Map<string, (() => void)[]>();
  #waitingCount = 0;
  #running = 0;

  constructor(limits: LoginQueueLimits = { concurrency: 2, maxWaiting: 2_000 }) {
    this.#limits = limits;
  }

  /**
   * @param signal Aborted when the client has gone; what waits for it is then dropped.
   * @throws {RedRoomError} `TOO_MANY_REQUESTS` (retryable), `ABORTED`; what the check throws.
   */
  async run<T>(address: string, signal: AbortSignal, check: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#limits.concurrency) await this.#turn(address);
    else this.#running += 1;
    try {
      if (signal.aborted) throw new RedRoomError("ABORTED", "unable to log in; the client has gone");
      return await check();
    } finally {
      this.#passOn();
    }
  }

  #turn(address: string): Promise<void> {
    const { maxWaiting } = this.#limits;
    if (this.#waitingCount >= maxWaiting) {
      throw new RedRoomError("TOO_MANY_REQUESTS", `unable to log in now; ${maxWaiting} logins wait already`, {
        retryable: true,
        retryAfterMs: 5_000,
      });
    }
    return new Promise((start) => {
      this.#waitingCount += 1;
      this.#waiting.set(address, [...(this.#waiting.get(address) ?? []), start]);
    });
  }

  /** The address that waits longest goes first, and then to the end of the line. */
  #passOn(): void {
    for (const [address, [start, ...others]] of this.#waiting) {
      this.#waiting.delete(address);
      if (others.length > 0) this.#waiting.set(address, others);
      this.#waitingCount -= 1;
      start?.();
      return;
    }
    this.#running -= 1;
  }
}
