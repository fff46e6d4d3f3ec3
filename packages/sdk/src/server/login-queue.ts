import { RedRoomError } from "../base/errors.ts";

export interface LoginQueueLimits {
  /** Checks at a time: each takes a processor for some 20 ms, and 19 MiB. */
  readonly concurrency: number;
  /** Logins that wait; further ones are told to come back. */
  readonly maxWaiting: number;
}

/** Checks passwords a few at a time, by turns of the addresses they come from: one that sends many delays itself most. */
export class LoginQueue {
  readonly #limits: LoginQueueLimits;
  /** What starts each check that waits, by address. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #waitingCount = 0;
  #running = 0;

  constructor(limits: LoginQueueLimits = { concurrency: 2, maxWaiting: 2_000 }) {
    this.#limits = limits;
  }

  /**
   * @param signal Aborted when the client has gone; what waits for it is dropped at once.
   * @throws {RedRoomError} `TOO_MANY_REQUESTS` (retryable), `ABORTED`; what the check throws.
   */
  async run<T>(address: string, signal: AbortSignal, check: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw clientGone();
    if (this.#running >= this.#limits.concurrency) await this.#turn(address, signal);
    else this.#running += 1;
    try {
      return await check();
    } finally {
      this.#passOn();
    }
  }

  #turn(address: string, signal: AbortSignal): Promise<void> {
    const { maxWaiting } = this.#limits;
    if (this.#waitingCount >= maxWaiting) {
      throw new RedRoomError("TOO_MANY_REQUESTS", `unable to log in now; ${maxWaiting} logins wait already`, {
        retryable: true,
        retryAfterMs: 5_000,
      });
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#keep(address, this.#waiting.get(address)?.filter((other) => other !== start) ?? []);
        this.#waitingCount -= 1;
        reject(clientGone());
      };
      const start = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waitingCount += 1;
      this.#keep(address, [...(this.#waiting.get(address) ?? []), start]);
    });
  }

  #keep(address: string, waiting: (() => void)[]): void {
    if (waiting.length > 0) this.#waiting.set(address, waiting);
    else this.#waiting.delete(address);
  }

  /** The address that waits longest goes first, and then to the end of the line. */
  #passOn(): void {
    for (const [address, [start, ...others]] of this.#waiting) {
      this.#waiting.delete(address);
      this.#keep(address, others);
      this.#waitingCount -= 1;
      start?.();
      return;
    }
    this.#running -= 1;
  }
}

const clientGone = (): RedRoomError => new RedRoomError("ABORTED", "unable to log in; the client has gone");
