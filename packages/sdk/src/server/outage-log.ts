import type { Clock, Timer } from "../base/clock.ts";
import type { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/** So that a store that comes and goes fills neither the log nor the disk it lacks. */
const REPEAT_MS = 60_000;

/**
 * One line when the store fails, with the reason, one for each further reason, and one when it works again. The same reason
 * once a minute at most: that of an outage which lasts longer follows then.
 */
export class OutageLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** By reason: when it was told last. */
  readonly #told = new Map<string, number>();
  /** What was told last of this outage. */
  #current: string | undefined;
  /** Runs while a reason waits to be told. */
  #timer: Timer | undefined;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** The store fails now, or still does and for another reason. */
  failed(error: RedRoomError): void {
    this.#timer?.cancel();
    if (this.#current === error.message) return;
    const now = this.#clock.monotonic();
    for (const [reason, at] of this.#told) if (now - at >= REPEAT_MS) this.#told.delete(reason);
    const toldAt = this.#told.get(error.message);
    if (toldAt === undefined) this.#tell(error);
    else this.#timer = this.#clock.setTimer(() => this.#tell(error), toldAt + REPEAT_MS - now);
  }

  worked(): void {
    this.close();
    if (this.#current !== undefined) this.#logger.info({}, "the store is available again");
    this.#current = undefined;
  }

  /** Nothing more is told. */
  close(): void {
    this.#timer?.cancel();
  }

  #tell(error: RedRoomError): void {
    this.#current = error.message;
    this.#told.set(error.message, this.#clock.monotonic());
    this.#logger.error({ error }, "the store is unavailable: nothing is stored, acknowledged or delivered");
  }
}
