import type { Logger } from "../base/logger.ts";
import type { SendOptions } from "../client/outbox.ts";
import type { Self } from "../client/person.ts";
import type { RedRoomClient } from "../client/redroom-client.ts";
import type { Stored } from "../client/sending.ts";
import type { Topic } from "../client/topic.ts";
import { type Attempt, waitedMessage } from "./attempt.ts";
import type { BotContext, Keyed, MessageFilters, Waited, Within } from "./context.ts";
import type { Entry } from "./entry.ts";
import { reasonOf } from "./failures.ts";
import { holds } from "./filters.ts";
import type { OpenSession } from "./open-session.ts";
import { answerNeedsQuestion, notInTopic } from "./refusals.ts";

/** Where handlers work. */
export interface Scene {
  readonly client: RedRoomClient;
  readonly topic: Topic;
  readonly log: Logger;
}

/** What is told beside the record. */
export type NoticeContent =
  | { readonly event: "presence"; readonly member: unknown; readonly presence: unknown }
  | { readonly event: "typing"; readonly member: unknown; readonly active: boolean }
  | { readonly event: "rights"; readonly self: Self }
  | { readonly event: "waiting"; readonly waiting: unknown };

/** What a context is about. */
export type About = Entry["content"] | NoticeContent;

/** Sends under an id that follows from the name. */
export type SendAs = (name: string | number, text: string, options: SendOptions) => Promise<Stored>;

/** What filters look at of an entry that somebody waits for. */
export function viewOf({ client, topic, log }: Scene, about: About): BotContext {
  return { ...about, client, topic, log, me: selfIn(topic) } as unknown as BotContext;
}

/** What a handler gets. */
export function contextOf(
  scene: Scene,
  about: About,
  attempt: Attempt,
  session: OpenSession | undefined,
  sendAs: SendAs,
): BotContext {
  const send = (text: string, { key, ...options }: SendOptions & Keyed): Promise<Stored> =>
    attempt.send(key, (name) => sendAs(name, text, options));
  const ctx = {
    ...viewOf(scene, about),
    signal: attempt.signal,
    attempt: attempt.number,
    get session(): unknown {
      return session?.value;
    },
    set session(value: unknown) {
      if (session !== undefined) session.value = value;
    },
    ask: (text: string, options: object = {}) => send(text, { ...options, kind: "question" }),
    note: (text: string, options: object = {}) => send(text, { ...options, kind: "note" }),
    correct: (message: { readonly seq: number }, text: string, options: Keyed = {}) =>
      send(text, { ...options, kind: "correction", re: message.seq }),
    answer: (text: string, options: object = {}) => {
      if (about.event !== "question") throw answerNeedsQuestion(about.event);
      return send(text, { ...options, kind: "answer", re: about.message.seq });
    },
    reply: (text: string, options: object = {}) => {
      if (!("message" in about)) throw answerNeedsQuestion(about.event);
      const { kind, seq, by } = about.message;
      if (kind === "question") return send(text, { ...options, kind: "answer", re: seq });
      return send(text, { to: [by], ...options, kind: "note", re: seq });
    },
  };
  const place = {
    waitFor: <F extends MessageFilters>(filter: F, within: Within): Promise<Waited<F> | undefined> => {
      const wanted = ({ content }: Entry): boolean => "message" in content && holds(viewOf(scene, content), filter);
      const waiting = waitIn(attempt, wanted, within, session).then((entry) => waitedMessage<F>(entry));
      waiting.catch(() => {}); // left behind, nobody hears of it
      return waiting;
    },
    nak: (delayMs: number) => attempt.say({ kind: "nak", delayMs }),
    term: (reason: string) => attempt.say({ kind: "term", reason: reasonOf(reason) }),
  };
  // What is not in the record has no place to come back to.
  const inRecord = "message" in about || "sealed" in about || "receipt" in about;
  return (inRecord ? Object.assign(ctx, place) : ctx) as unknown as BotContext;
}

async function waitIn(
  attempt: Attempt,
  wanted: (entry: Entry) => boolean,
  within: Within,
  session: OpenSession | undefined,
): Promise<Entry | undefined> {
  try {
    return await attempt.waitFor(wanted, within);
  } finally {
    if (session !== undefined) await attempt.during(session.resume());
  }
}

function selfIn(topic: Topic): Self {
  if (topic.self === undefined) throw notInTopic(topic.title);
  return topic.self;
}
