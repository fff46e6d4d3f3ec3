import type { Attempt } from "./attempt.ts";
import type { BotContext } from "./context.ts";
import { Locks } from "./locks.ts";
import { OpenSession, type SessionHost } from "./open-session.ts";
import { type SessionOptions, sessionKey } from "./session-options.ts";
import { memorySessions } from "./sessions/memory-sessions.ts";

/** The sessions of a bot. */
export class BotSessions {
  readonly #bot: string;
  readonly #per: SessionOptions<unknown>["per"];
  readonly #host: SessionHost;

  constructor(bot: string, { initial, storage = memorySessions(), per }: SessionOptions<unknown>) {
    this.#bot = bot;
    this.#per = per;
    this.#host = { storage, initial, locks: new Locks() };
  }

  /** @param place Names what is handled in the topic; `undefined` for what happens once. */
  async open(view: BotContext, topicId: string, place: string | undefined, attempt: Attempt): Promise<OpenSession> {
    const key = sessionKey(this.#bot, this.#per, topicId, view);
    const session = await OpenSession.open(this.#host, key, place === undefined ? "" : `${topicId} ${place}`);
    attempt.onRest = () => session.rest();
    attempt.signal.addEventListener("abort", () => session.leave());
    if (attempt.signal.aborted) session.leave();
    return session;
  }

  async close(): Promise<void> {
    await this.#host.storage.close?.();
  }
}
