import type { Clock } from "../base/clock.ts";
import type { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/** So that a store that comes and goes fills neither the log nor the disk it lacks. */
const REPEAT_MS = 60_000;

/** One line when the store fails, with the reason, and one when it works again; the same pair once a minute at most. */
export class OutageLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  #told: { readonly reason: string; readonly at: number } | undefined;
  #silent = false;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  failed(error: RedRoomError): void {
    const now = this.#clock.now();
    this.#silent = this.#told?.reason === error.message && now - this.#told.at < REPEAT_MS;
    if (this.#silent) return;
    this.#told = { reason: error.message, at: now };
    this.#logger.error({ error }, "the store is unavailable: nothing is stored, acknowledged or delivered");
  }

  worked(): void {
    if (!this.#silent) this.#logger.info({}, "the store is available again");
  }
}
