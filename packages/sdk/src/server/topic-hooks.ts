import type { JsonObject } from "../base/canonical-json.ts";
import type { Wish } from "../rules/decide.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { StoredEntry } from "../store/topic-store.ts";
import type { HookTopic, SubmittedMessage, TopicPerson } from "./extension.ts";
import { toldTopic, toldUser } from "./hook-payload.ts";
import { placeOf } from "./log-entries.ts";
import type { MessageHooks } from "./message-hooks.ts";

type Submitted = Wish & { readonly id: string };

/** What lets one message be stored. */
export interface Permit {
  /** What the application adds to the message. */
  readonly annotations?: JsonObject | undefined;
  /** It was: the application is told, in the order of these calls. */
  stored(entry: StoredEntry): void;
  /** Nothing more will come of it. */
  end(): void;
}

/** What applications say to the messages of one topic. */
export class TopicHooks {
  readonly #topic: HookTopic;
  readonly #hooks: MessageHooks;
  readonly #peopleBehind: (pseudonyms: readonly string[]) => Promise<TopicPerson[]>;

  constructor(
    topic: HookTopic,
    hooks: MessageHooks,
    peopleBehind: (pseudonyms: readonly string[]) => Promise<TopicPerson[]>,
  ) {
    this.#topic = toldTopic(topic);
    this.#hooks = hooks;
    this.#peopleBehind = peopleBehind;
  }

  /**
   * Resolves when the application allows a message.
   *
   * @param by The author's pseudonym.
   * @throws {RedRoomError} What the author is told, `STORE_UNAVAILABLE`.
   */
  async ask(author: SessionUser, by: string, submission: Submitted): Promise<Permit> {
    const place = await this.#hooks.place(this.#topic.id);
    try {
      const told = { topic: this.#topic, user: toldUser(author), message: await this.#messageOf(by, submission) };
      await this.#hooks.ask(told);
      return {
        stored: (entry) => place?.tell(this.#hooks.news({ ...told, ...placeOf(entry) })),
        end: () => place?.free(),
      };
    } catch (thrown) {
      place?.free();
      throw thrown;
    }
  }

  async #messageOf(by: string, { id, kind, text, to, re, priority, due }: Submitted): Promise<SubmittedMessage> {
    const people = to && (await this.#peopleBehind(to)).map((one) => Object.freeze(one));
    return Object.freeze({
      id,
      kind,
      by,
      text,
      ...(people !== undefined && { to: Object.freeze(people) }),
      ...(re !== undefined && { re }),
      ...(priority !== undefined && { priority }),
      ...(due !== undefined && { due }),
    });
  }
}
