import type { Clock } from "../base/clock.ts";
import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { WIRE_CODES } from "../protocol/wire-codes.ts";

/** One hook of one extension. */
export interface HookCall {
  /** What the log calls it. */
  readonly name: string;
  /** May throw, hang, answer late, or answer anything. */
  readonly call: (signal: AbortSignal) => unknown;
}

/** Calls what an application has brought, so that it can do no more than refuse, and take its time. */
export class HookRunner {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #underWay = new Set<Promise<unknown>>();
  /** What ends each call that is waited for. */
  readonly #ends = new Set<(reason: RedRoomError) => void>();
  #closed: RedRoomError | undefined;

  /** @param timeoutMs For all calls of one `run`. */
  constructor(timeoutMs: number, clock: Clock, logger: Logger) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * One call after the other; the first one at once.
   *
   * @param doing What cannot be done when one of them refuses.
   * @param gone Aborted when nobody waits for the answer any more.
   * @returns What they have answered.
   * @throws {RedRoomError} What the client is told: a refusal of theirs, `TIMEOUT`, `ABORTED`, `SHUTTING_DOWN`.
   */
  run(doing: string, calls: readonly HookCall[], gone?: AbortSignal): Promise<unknown[]> {
    return this.track(this.#run(doing, calls, gone, true));
  }

  /** Calls what nobody waits for. Resolves when that is over, however; what is thrown is logged. */
  async tell(call: HookCall): Promise<void> {
    await this.track(this.#run("go on", [call], undefined, false)).catch(() => {});
  }

  /** Counts work as under way. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const done = (): void => void this.#underWay.delete(work);
    work.then(done, done);
    return work;
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  /** Waits for nothing any more, and calls nothing any more. */
  close(reason: RedRoomError): void {
    this.#closed ??= reason;
    for (const end of [...this.#ends]) end(reason);
  }

  /** @param heard Whether anybody is told of a refusal. */
  async #run(
    doing: string,
    calls: readonly HookCall[],
    gone: AbortSignal | undefined,
    heard: boolean,
  ): Promise<unknown[]> {
    if (this.#closed !== undefined) throw this.#closed;
    if (gone?.aborted) throw clientGone(doing);
    const over = new AbortController();
    let asked = "";
    const answers = (async () => {
      const all: unknown[] = [];
      for (const { name, call } of calls) {
        // Once it is over, none is asked that would be asked in vain.
        if (over.signal.aborted) break;
        asked = name;
        const answer = await call(over.signal);
        // Whoever decides so means to refuse, and would have allowed.
        if (heard && answer === false) throw new TypeError("it has answered false; it refuses by throwing");
        all.push(answer);
      }
      return all;
    })();
    let stop = (): void => {};
    const ended = new Promise<never>((_, reject) => {
      const end = (reason: RedRoomError): void => {
        reject(reason);
        over.abort(reason);
      };
      const leave = (): void => end(clientGone(doing));
      const late = (): void => {
        const error = unanswered(doing, this.#timeoutMs);
        this.#logger.error({ hook: asked, error }, "a hook of the application takes too long");
        end(error);
      };
      const timer = this.#clock.setTimer(late, this.#timeoutMs);
      gone?.addEventListener("abort", leave, { once: true });
      this.#ends.add(end);
      stop = () => {
        timer.cancel();
        gone?.removeEventListener("abort", leave);
        this.#ends.delete(end);
      };
    });
    try {
      return await Promise.race([answers, ended]);
    } catch (thrown) {
      if (over.signal.aborted) throw thrown;
      if (heard && isRefusal(thrown)) throw thrown.retryable ? withDelay(thrown) : thrown;
      const error = toRedRoomError(thrown, "INTERNAL", `run the hook ${asked}`);
      this.#logger.error({ hook: asked, error }, "a hook of the application has failed");
      throw new RedRoomError("NOT_ALLOWED", `unable to ${doing}; the server does not allow it`);
    } finally {
      stop();
    }
  }
}

/** What they say is about the connection or the protocol, and clients act on it: no application can mean that. */
const OURS: readonly string[] = [
  "SESSION_UNKNOWN",
  "SESSION_REVOKED",
  "SLOW_CONSUMER",
  "VERSION_UNSUPPORTED",
  "PROTOCOL_ERROR",
  "FRAME_TOO_LARGE",
  "REFERENCE_INVALID",
  "ID_REUSED",
  "INTERNAL",
];

const THEIRS: ReadonlySet<string> = new Set(WIRE_CODES.filter((code) => !OURS.includes(code)));

/** What an application says to a client, and not by accident. */
const isRefusal = (thrown: unknown): thrown is RedRoomError =>
  thrown instanceof RedRoomError && THEIRS.has(thrown.code);

/** Who says only that it may work later would be asked again at once, and again. */
const RETRY_AFTER_MS = 1_000;

function withDelay(error: RedRoomError): RedRoomError {
  const { code, message, remedy, cause, retryAfterMs = RETRY_AFTER_MS } = error;
  return new RedRoomError(code, message, {
    cause,
    retryable: true,
    retryAfterMs,
    ...(remedy !== undefined && { remedy }),
  });
}

const unanswered = (doing: string, timeoutMs: number): RedRoomError =>
  new RedRoomError("TIMEOUT", `unable to ${doing} now; the server has not decided within ${timeoutMs} ms`, {
    retryable: true,
    retryAfterMs: RETRY_AFTER_MS,
  });

const clientGone = (doing: string): RedRoomError =>
  new RedRoomError("ABORTED", `unable to ${doing}; the client has gone`);
