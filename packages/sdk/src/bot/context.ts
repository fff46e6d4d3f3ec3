import type { Logger } from "../base/logger.ts";
import type { SealedMessage, TopicMessage } from "../client/message.ts";
import type { DeliveryReceipt } from "../client/message-loop.ts";
import type { AddressOptions, AskOptions, MessageOptions } from "../client/outbox.ts";
import type { Person, Presence, Self, WaitingPair } from "../client/person.ts";
import type { RedRoomClient } from "../client/redroom-client.ts";
import type { Stored } from "../client/sending.ts";
import type { Topic } from "../client/topic.ts";

type Kind = TopicMessage["kind"];

/** What a send may have besides its text. */
export interface Keyed {
  /**
   * Names the send among those of one entry, at most 64 characters. Without, it is known by its number: the handler's first, second … send.
   * A handler that sends in another order when it is run again needs names.
   */
  readonly key?: string;
}

/** As for `topic.ask`; the id is the bot's to choose. */
export type BotAskOptions = Omit<AskOptions, "id"> & Keyed;

/** As for `topic.answer`; the id is the bot's to choose. */
export type BotAnswerOptions = Omit<MessageOptions<"answer">, "id"> & Keyed;

/** As for `topic.note`; the id is the bot's to choose. */
export type BotNoteOptions = Omit<MessageOptions<"note">, "id"> & Keyed;

/** What every send may have. */
export type BotReplyOptions = Pick<AddressOptions, "to"> & Keyed;

/** How long to wait: so many milliseconds, or until a date; and no longer than until its signal aborts. */
export type Within = ({ readonly timeoutMs: number } | { readonly until: Date }) & { readonly signal?: AbortSignal };

/** What every handler has. */
interface Surroundings<S> {
  readonly topic: Topic;
  readonly client: RedRoomClient;
  /** Ourselves in the topic. */
  readonly me: Self;
  /** State of the bot: for the topic, or for whom its option `per` says. Saved when the handler has resolved. */
  session: S;
  /** Aborts at the handler's end, also where its time is over, or the bot stops. */
  readonly signal: AbortSignal;
  /** The bot's logger. */
  readonly log: Logger;
  /** What `matching`, `hears` or `command` has found in the text. */
  match?: RegExpMatchArray;
  /** What stands behind a command, word by word. */
  args?: readonly string[];
  /**
   * Asks a question in the topic. Resolves when it is stored; from an entry's handler it is stored once, however often the handler
   * runs.
   *
   * @throws {RedRoomError} As `topic.ask`; `TOO_MANY_REQUESTS` after `maxSends` sends; `ABORTED` after the handler's end.
   */
  ask(text: string, options?: BotAskOptions): Promise<Stored>;
  /** Writes a note in the topic. See `ask`. */
  note(text: string, options?: BotNoteOptions): Promise<Stored>;
}

/** What a handler of an entry has: it keeps the bot's place. */
interface Handling<S> extends Surroundings<S> {
  /** 1 the first time that this entry is handled, 2 when it is tried again, … */
  readonly attempt: number;
  /** Corrects a message of ours. See `ask`. */
  correct(message: Pick<TopicMessage, "seq">, text: string, options?: Keyed): Promise<Stored>;
  /**
   * Waits for a message that holds all of the filter. No other handler gets that message. Meanwhile the bot goes on with the entries
   * behind this one; after a restart it waits on.
   *
   * For the first of several messages, wait once, by `anyOf`. Of several waits that are raced, those that have lost go on, and take
   * a message each: end them by `signal`.
   *
   * @param within Counted from the newest of: this entry, what the handler has sent last, what it has waited for last.
   * @returns `undefined` when the time is over.
   * @throws {RedRoomError} `ABORTED` when `signal` aborts, the bot stops (the entry is handled again after the next start), and after the
   * handler's end; `TOO_MANY_REQUESTS` after 500 messages that it has waited for.
   */
  waitFor<const F extends MessageFilters>(filter: F, within: Within): Promise<Waited<F> | undefined>;
  /** This entry again, after so many milliseconds, once the handler has resolved; the topic waits meanwhile. Counts as no failure. */
  nak(delayMs: number): void;
  /** Gives this entry up once the handler has resolved, and lists it with the reason in `bot.givenUp`. */
  term(reason: string): void;
}

/** The message that `waitFor` waits for with such a filter. */
export type Waited<F> = Extract<Matched<MessageContext, F>, { readonly message: unknown }>["message"];

interface ContextOfKind<S, K extends Kind> extends Handling<S> {
  readonly event: K;
  readonly message: TopicMessage<K>;
  /** Answers where the message is a question; else writes a note that refers to it, to its author. See `ask`. */
  reply(text: string, options?: BotReplyOptions): Promise<Stored>;
}

/** A question to be handled. */
export interface QuestionContext<S = unknown> extends ContextOfKind<S, "question"> {
  /** Answers the question. See `ask`. */
  answer(text: string, options?: BotAnswerOptions): Promise<Stored>;
}

/** A message to be handled, whose kind is `event`. */
export type MessageContext<S = unknown, K extends Kind = Kind> = K extends "question"
  ? QuestionContext<S>
  : K extends Kind
    ? ContextOfKind<S, K>
    : never;

/** An answer to a question of ours that may not be read yet. */
export interface SealedContext<S = unknown> extends Handling<S> {
  readonly event: "sealed";
  readonly sealed: SealedMessage;
}

/** Somebody has received entries. */
export interface ReceiptContext<S = unknown> extends Handling<S> {
  readonly event: "receipt";
  readonly receipt: DeliveryReceipt;
}

/** Somebody has come, lost the connection, or left. Not part of the record: what happens while the bot is away is not told. */
export interface PresenceContext<S = unknown> extends Surroundings<S> {
  readonly event: "presence";
  readonly member: Person;
  readonly presence: Presence;
}

/** Somebody begins or stops writing. Not part of the record. */
export interface TypingContext<S = unknown> extends Surroundings<S> {
  readonly event: "typing";
  readonly member: Person;
  readonly active: boolean;
}

/** What we may do in the topic has changed; also once when it is opened. */
export interface RightsContext<S = unknown> extends Surroundings<S> {
  readonly event: "rights";
  readonly self: Self;
}

/** Who of a regulated topic waits for whom has changed. */
export interface WaitingContext<S = unknown> extends Surroundings<S> {
  readonly event: "waiting";
  readonly waiting: readonly WaitingPair[];
}

/** What is in the record, handled in order, at least until it was handled once. */
export type EntryContext<S = unknown> = MessageContext<S> | SealedContext<S> | ReceiptContext<S>;

/** What is told beside the record, while the bot is there. */
export type NoticeContext<S = unknown> = PresenceContext<S> | TypingContext<S> | RightsContext<S> | WaitingContext<S>;

/** Whatever a bot may have to handle: `event` says what. */
export type BotContext<S = unknown> = EntryContext<S> | NoticeContext<S>;

type MessageEvent = MessageContext["event"];

/** What a handler may be for: a kind of message, `message` for all of them, a question of some priority, or another event. */
export type EventName = BotContext["event"] | "message" | `question:${"low" | "normal" | "high"}`;

/** An event by name; or a function, which as a type guard narrows what the handler gets. */
export type Filter = EventName | ((ctx: BotContext) => boolean);

/** One filter, or several that must all hold. */
export type Filters = Filter | readonly Filter[];

type MessageFilter =
  | MessageEvent
  | "message"
  | `question:${"low" | "normal" | "high"}`
  | ((ctx: BotContext) => boolean);

/** Filters that are about messages. */
export type MessageFilters = MessageFilter | readonly MessageFilter[];

type Prioritised<P> = { readonly message: { readonly priority?: P extends "normal" ? never : P } };

type Named<C, N> = N extends "message"
  ? Extract<C, { readonly event: MessageEvent }>
  : N extends `question:${infer P}`
    ? Extract<C, { readonly event: "question" }> & Prioritised<P>
    : Extract<C, { readonly event: N }>;

type Guard<D extends BotContext> = (ctx: BotContext) => ctx is D;

/** What is left of a context behind a filter. */
export type Matched<C, F> = F extends readonly [infer First, ...infer Rest]
  ? Matched<Matched<C, First>, Rest>
  : F extends readonly unknown[]
    ? C
    : F extends string
      ? Named<C, F>
      : F extends Guard<infer D>
        ? C & D
        : C;

/** What became of a handler that has failed. */
export type BotError<S = unknown> = {
  /** What was thrown. */
  readonly error: unknown;
  /** `undefined` where a whole topic has failed. */
  readonly ctx: BotContext<S> | undefined;
  /** The topic's title. */
  readonly topic: string;
} & (
  | { readonly outcome: "again"; readonly delayMs: number }
  /** `given up`: the entry is listed in `bot.givenUp`. `reported`: nothing more follows from it. */
  | { readonly outcome: "given up" | "reported" }
);

/** An entry that no handler could deal with. */
export interface GivenUp {
  readonly seq: number;
  /** What the last attempt failed with, or what `term` was told; cut to 100 bytes. */
  readonly reason: string;
  readonly at: Date;
  readonly attempts: number;
}
