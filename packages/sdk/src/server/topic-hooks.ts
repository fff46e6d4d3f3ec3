import type { JsonObject } from "../base/canonical-json.ts";
import type { Content } from "../evidence/leaf.ts";
import type { Wish } from "../rules/decide.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { StoredEntry } from "../store/topic-store.ts";
import type { AfterAppendPayload, HookTopic, SubmittedMessage, TopicPerson } from "./extension.ts";
import { frozen, toldTopic, toldUser } from "./hook-payload.ts";
import { placeOf } from "./log-entries.ts";
import type { MessageHooks } from "./message-hooks.ts";

type Submitted = Wish & Pick<Content, "metadata"> & { readonly id: string };

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
    const told = { topic: this.#topic, user: toldUser(author), message: await this.#messageOf(by, submission) };
    const annotations = await this.#hooks.ask(told);
    const message = annotated(told.message, annotations);
    // Only now: a message that is still asked about takes no place from others.
    const place = await this.#hooks.place(this.#topic.id);
    return {
      annotations,
      stored: (entry) => place?.tell(this.#hooks.news({ ...told, message, ...placeOf(entry) })),
      end: () => place?.free(),
    };
  }

  async #messageOf(by: string, submission: Submitted): Promise<SubmittedMessage> {
    const { id, kind, text, to, re, priority, due, metadata } = submission;
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
      ...(metadata !== undefined && { metadata: frozen(metadata) }),
    }) as SubmittedMessage; // of which type its metadata are is for the application's schema to know
  }
}

function annotated(message: SubmittedMessage, annotations: JsonObject | undefined): AfterAppendPayload["message"] {
  if (annotations === undefined) return message;
  return Object.freeze({ ...message, annotations: frozen(annotations) }) as AfterAppendPayload["message"];
}
