import { RedRoomError } from "../base/errors.ts";
import type { MessageKind } from "../base/message-kind.ts";
import type { Capability } from "../rules/policy.ts";
import { fill } from "../rules/prepared.ts";
import type { Link } from "./link.ts";
import { messageOf, type ReadEntry, type ReadSealed, sealedMessageOf, type TopicMessage } from "./message.ts";
import type { MessageFeed } from "./message-feed.ts";
import { type LoopGaps, openLoop } from "./message-loop.ts";
import type { AskOptions, MessageOptions, SendOptions } from "./outbox.ts";
import { OwnMessages } from "./own-messages.ts";
import type { Member, Self, WaitingPair } from "./person.ts";
import { owesReceipt, placeOf } from "./receipt-owed.ts";
import { RecordedTopic } from "./recorded-topic.ts";
import type { Sending } from "./sending.ts";
import { TopicAccess, type TopicHost } from "./topic-access.ts";
import { TopicReader } from "./topic-reader.ts";
import type { PreparedMessage } from "./topic-requests.ts";
import { TypingNotice } from "./typing-notice.ts";

/** Where to begin: with the first message, with those to come, or with a certain seq. */
export type From = "start" | "now" | number;

export interface MessagesOptions extends LoopGaps {
  /** `"now"` by default. */
  readonly from?: From;
  /** `"head"`: the loop ends behind the last entry that is there when it begins. Without, it goes on with those to come. */
  readonly until?: "head";
  /** Ends the loop. */
  readonly signal?: AbortSignal;
}

/** A topic of the server, made by `client.topic(title)`. Sending works once it was opened, online or not. */
export class Topic extends RecordedTopic {
  readonly #host: TopicHost;
  readonly #access: TopicAccess;
  readonly #own: OwnMessages;
  readonly #typing: TypingNotice;
  /** Those of `messages()`, each with a cursor of its own. */
  readonly #feeds = new Map<TopicReader, MessageFeed>();
  #reader: TopicReader | undefined;
  #opening: Promise<this> | undefined;
  #from: From | "none" = "now";
  #opened = false;
  #closing: Promise<void> | undefined;
  #onOver: (() => void) | undefined;

  /** @internal */
  constructor(title: string, host: TopicHost) {
    const access = new TopicAccess(title, host);
    super(access);
    this.#host = host;
    this.#access = access;
    this.#own = new OwnMessages(access);
    this.#typing = new TypingNotice(host.clock, (active) => this.#reader?.say({ type: "typing", active }));
  }

  get title(): string {
    return this.#access.title;
  }

  /** The topic's random id; `undefined` before it was opened. */
  get id(): string | undefined {
    return this.#access.topic?.id;
  }

  /** Whether answers are exchanged one for the other; `undefined` before it was opened. */
  get regulated(): boolean | undefined {
    return this.#access.topic?.regulated;
  }

  /** Who belongs to it, ourselves too, as the server has said since it was opened for reading. */
  get members(): readonly Member[] {
    return this.#access.people.members;
  }

  /** Ourselves in it, with roles and capabilities; `undefined` before it was opened. */
  get self(): Self | undefined {
    return this.#access.people.self;
  }

  /** Whether we may do something here: for screens, the server decides. `false` before it was opened. */
  can(capability: Capability): boolean {
    return this.self?.capabilities.includes(capability) ?? false;
  }

  /** Who waits for whom in a regulated topic, as far as it concerns us. */
  get waiting(): readonly WaitingPair[] {
    return this.#access.people.waiting;
  }

  /** Messages that are on their way and not yet stored. */
  get unstored(): number {
    return this.#own.unstored;
  }

  /**
   * Opens the topic to send, and, unless `from` is `"none"`, to receive: the client's `message` event then brings every
   * message from there on, history first, in order, without gap or overlap, however often the connection is lost
   * meanwhile. Waits for a connection where there is none.
   *
   * @param options.from `"now"` by default: only what comes after the opening.
   * @throws {RedRoomError} What the server answers: `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`, `TOO_MANY_STREAMS`;
   * `CONNECTION_CLOSED` when the client closes; `OPTIONS_INVALID` when it is open from another place.
   */
  open(options: { readonly from?: From | "none" } = {}): Promise<this> {
    const { from } = options;
    if (this.#closing !== undefined) return this.#closing.then(() => this.open(options));
    if (this.#opening !== undefined && from !== undefined && from !== this.#from) {
      return Promise.reject(openElsewhere(from, this.#from));
    }
    this.#opening ??= this.#open(from ?? "now").catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(from: From | "none"): Promise<this> {
    this.#host.mayOpen();
    this.#from = from;
    const reader: TopicReader = new TopicReader(this.#host, this.title, from === "none" ? undefined : seqOf(from), {
      onOpened: (opened, first) => {
        this.#access.opened(opened, first);
        this.#opened = true;
        this.#own.flush(reader);
      },
      onPeople: (message) => this.#access.people.take(message),
      onEntry: (entry, live) => this.#onEntry(reader, entry, live),
      onSealed: (sealed, live) => this.#onSealed(reader, sealed, live),
      onRevealed: (answer, reveal, live) => {
        this.#hand(reader, messageOf(answer, this.#access.people.nameOf, reveal), live);
      },
      onWithheld: (seq) => {
        this.#access.people.passed(seq);
        this.#host.tell("withheld", { seq });
        this.#confirm(reader, seq, this.#host.listened());
      },
      onAnswer: (answer) => this.#own.answered(answer, reader),
      onDrain: () => this.#own.flushed(),
      onSuspended: () => this.#own.requeue(),
      onOver: (error) => this.#finish(error),
    });
    this.#reader = reader;
    this.#attach(reader);
    await reader.opened;
    return this;
  }

  /**
   * Sends a message. Awaiting the result waits until the record has it; `result.state` shows how far it is, and
   * `result.delivered()` waits until others have it.
   *
   * Messages of one client to one topic are stored in call order. While there is no connection they wait, in memory, and
   * go out by themselves; what was sent and not answered goes again under its id, and is stored once.
   *
   * @throws {RedRoomError} `TEXT_INVALID`, `TEXT_TOO_LARGE`, `METADATA_INVALID`, `RECIPIENT_INVALID`, `OUTBOX_FULL`,
   * `OPTIONS_INVALID`, `STREAM_CLOSED` at once; `METADATA_INVALID` also when the server does not take it.
   */
  send<Kind extends MessageKind = "note">(text: string, options: SendOptions<Kind> = {}): Sending {
    this.#host.alive();
    const reader = this.#reader;
    if (reader === undefined || !this.#opened || this.#closing !== undefined) {
      throw new RedRoomError("STREAM_CLOSED", "unable to send; open the topic first");
    }
    const sending = this.#own.send(text, options, reader);
    this.#typing.set(false);
    return sending;
  }

  /**
   * Asks a question. See `send`. It is refused with `TOO_MANY_QUESTIONS` when `limits.maxOpenQuestions` of ours are open,
   * and with `DEADLINE_INVALID` when `due` is over.
   */
  ask(text: string, options: AskOptions = {}): Sending {
    return this.send(text, { ...options, kind: "question" });
  }

  /** Answers a question. See `send`. In a regulated topic the asker reads it once nothing keeps it sealed. */
  answer(question: Pick<TopicMessage, "seq">, text: string, options: MessageOptions<"answer"> = {}): Sending {
    return this.send(text, { ...options, kind: "answer", re: question.seq });
  }

  /** Writes something that is neither question nor answer. See `send`. */
  note(text: string, options: MessageOptions<"note"> = {}): Sending {
    return this.send(text, { ...options, kind: "note" });
  }

  /**
   * Sends one of the messages to pick from, with a value for each of its placeholders. See `send`.
   *
   * @throws {RedRoomError} `TEXT_INVALID` at once when a value is missing, or is for no placeholder.
   */
  sendPrepared<Kind extends MessageKind>(
    { kind, text }: Pick<PreparedMessage, "text"> & { readonly kind: Kind },
    values: Readonly<Record<string, string>> = {},
    options: Omit<SendOptions<Kind>, "kind"> = {},
  ): Sending {
    return this.send<Kind>(fill(text, values), { ...options, kind });
  }

  /** Corrects a message of ours: nothing is changed, the correction refers to it and goes to the same people. See `send`. */
  correct(
    message: Pick<TopicMessage, "seq">,
    text: string,
    options: Omit<MessageOptions<"correction">, "to"> = {},
  ): Sending {
    return this.send(text, { ...options, kind: "correction", re: message.seq });
  }

  /** Withdraws a question of ours that is open. See `send`. */
  withdraw(question: Pick<TopicMessage, "seq">, reason = ""): Sending {
    return this.send(reason, { kind: "withdrawal", re: question.seq });
  }

  /** Closes somebody's open question: for those who moderate. See `send`. */
  closeQuestion(question: Pick<TopicMessage, "seq">, reason: string): Sending {
    return this.send(reason, { kind: "closing", re: question.seq });
  }

  /** Reveals a sealed answer whose counterpart is overdue: for those who moderate. See `send`. */
  release(answer: Pick<TopicMessage, "seq">, reason = ""): Sending {
    return this.send(reason, { kind: "reveal", re: answer.seq });
  }

  /**
   * Tells the others that we are writing, or no longer: for each key that is pressed, if you like, it goes out every few
   * seconds. Nothing is told unless this is called. Sending a message ends it.
   */
  typing(active: boolean): void {
    this.#typing.set(active);
  }

  /**
   * The topic's messages from `from` on: the history, then live ones, without gap or overlap, for as long as the loop
   * runs, also across lost connections; with `until: "head"` only what was there when it began. A slow loop slows the
   * server's sending to this loop, and nothing else. Ends when the client closes.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, what else the server answers, and what the client fails with.
   */
  messages({ from = "now", until, signal, ...gaps }: MessagesOptions = {}): AsyncIterableIterator<TopicMessage> {
    this.#host.mayOpen();
    const onAbort = (): void => void feed.return();
    const forget = (): void => {
      this.#feeds.delete(reader);
      signal?.removeEventListener("abort", onAbort);
    };
    const { reader, feed } = openLoop(this.#access, seqOf(from), until, gaps, forget);
    this.#feeds.set(reader, feed);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else this.#attach(reader);
    return feed;
  }

  /** Ends sending and receiving. Resolves when everything sent has been answered, or the client closes. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => {
      this.#closing = undefined; // it may be opened, and closed, again
    });
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const feed of [...this.#feeds.values()]) await feed.return();
    const reader = this.#reader;
    if (reader === undefined) return this.#finish(undefined);
    await new Promise<void>((resolve) => {
      this.#onOver = resolve;
      reader.end(this.#own.unstored > 0);
    });
  }

  /** @internal The session is online. */
  attach(link: Link): void {
    for (const reader of this.#readers()) reader.attach(link);
  }

  /** @internal The connection is lost. */
  suspend(error: RedRoomError): void {
    for (const reader of this.#readers()) reader.suspend(error);
  }

  /** @internal The client is over. */
  sessionOver(error: RedRoomError | undefined): void {
    for (const reader of this.#readers()) reader.finish(error);
    this.#own.unfollow(error);
  }

  #readers(): TopicReader[] {
    return [...(this.#reader === undefined ? [] : [this.#reader]), ...this.#feeds.keys()];
  }

  #attach(reader: TopicReader): void {
    const link = this.#host.link();
    if (link !== undefined) reader.attach(link);
  }

  #onEntry(reader: TopicReader, entry: ReadEntry, live: boolean): void {
    this.#access.people.saw(entry);
    this.#own.saw(entry);
    if (entry.delivery !== undefined) {
      const { first, last } = entry.delivery;
      this.#host.tell("delivered", { first, last, by: this.#own.received(entry.delivery) });
    }
    this.#hand(reader, messageOf(entry, this.#access.people.nameOf), live);
  }

  #onSealed(reader: TopicReader, sealed: ReadSealed, live: boolean): void {
    this.#access.people.passed(sealed.fields.seq);
    this.#host.tell("sealed", { message: sealedMessageOf(sealed, this.#access.people.nameOf), live });
    this.#confirm(reader, sealed.fields.seq, this.#host.listened());
  }

  #hand(reader: TopicReader, message: TopicMessage | undefined, live: boolean): void {
    if (message === undefined) return;
    const taken = this.#host.tell("message", { message, live });
    if (owesReceipt(message, this.self?.id)) this.#confirm(reader, placeOf(message), taken);
  }

  #confirm(reader: TopicReader, seq: number, taken: boolean): void {
    if (taken) reader.received(seq);
    else reader.missed(seq);
  }

  #finish(error: RedRoomError | undefined): void {
    const opened = this.#opened;
    this.#reader = undefined;
    this.#opening = undefined;
    this.#own.end(error);
    this.#onOver?.();
    if (error !== undefined && opened) this.#host.tell("topicFailed", { error });
  }
}

function seqOf(from: From): number {
  if (from === "start") return 1;
  if (from === "now") return 0;
  if (Number.isSafeInteger(from) && from >= 1) return from;
  throw new RedRoomError("OPTIONS_INVALID", `unable to read from ${from}; a seq is 1 or more`);
}

const openElsewhere = (from: From | "none", other: From | "none"): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to open the topic from ${from}; it is open from ${other}`, {
    remedy: "close it first, or read by `messages()`",
  });
