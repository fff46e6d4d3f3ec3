import type { Clock } from "../base/clock.ts";
import type { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/** So that a store that is down fills neither the log nor the disk it lacks. */
const REPEAT_MS = 60_000;

/** Tells the operator what is wrong with the server itself, of which clients hear only that something is. */
export class FaultLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** When the store's failing was last told. */
  #storeToldAt: number | undefined;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  note(error: RedRoomError, doing: string): void {
    if (error.code === "INTERNAL") this.#logger.error({ error }, `unable to ${doing}`);
    if (error.code !== "STORE_UNAVAILABLE") return;
    const now = this.#clock.now();
    if (this.#storeToldAt !== undefined && now - this.#storeToldAt < REPEAT_MS) return;
    this.#storeToldAt = now;
    this.#logger.error({ error }, "the store is unavailable: nothing is stored, acknowledged or delivered");
  }

  /** Something was stored. */
  worked(): void {
    if (this.#storeToldAt === undefined) return;
    this.#storeToldAt = undefined;
    this.#logger.info({}, "the store is available again");
  }
}
