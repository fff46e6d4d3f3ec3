import type { Attempt } from "./attempt.ts";
import type { BotContext } from "./context.ts";
import { Locks } from "./locks.ts";
import { OpenSession, type SessionHost } from "./open-session.ts";
import { type SessionOptions, type SessionStorage, sessionKey } from "./session-options.ts";

/** The sessions of a bot. */
export class Sessions {
  readonly #bot: string;
  readonly #per: SessionOptions<unknown>["per"];
  readonly #host: SessionHost;

  constructor(bot: string, { initial, storage = inMemory(), per }: SessionOptions<unknown>) {
    this.#bot = bot;
    this.#per = per;
    this.#host = { storage, initial, locks: new Locks() };
  }

  /** @param place Names what is handled in the topic; `undefined` for what happens once. */
  async open(view: BotContext, topicId: string, place: string | undefined, attempt: Attempt): Promise<OpenSession> {
    const key = sessionKey(this.#bot, this.#per, topicId, view);
    const session = await OpenSession.open(this.#host, key, place === undefined ? "" : `${topicId} ${place}`);
    attempt.signal.addEventListener("abort", () => session.leave());
    if (attempt.signal.aborted) session.leave();
    return session;
  }

  async close(): Promise<void> {
    await this.#host.storage.close?.();
  }
}

function inMemory(): SessionStorage {
  const values = new Map<string, string>();
  return {
    read: async (key) => values.get(key),
    write: async (key, value) => void (value === undefined ? values.delete(key) : values.set(key, value)),
  };
}
