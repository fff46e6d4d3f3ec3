import { RedRoomError } from "../base/errors.ts";
import { fromFailure } from "../protocol/failure.ts";
import type { Limits } from "../protocol/limits.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { SessionUser } from "../session/session-user.ts";
import { Deliveries } from "./deliveries.ts";
import type { Link } from "./link.ts";
import type { TopicMessage } from "./message.ts";
import { MessageFeed } from "./message-feed.ts";
import { Outbox, type OutboxLimits, type SendOptions } from "./outbox.ts";
import type { Sending } from "./sending.ts";
import { type ReaderHost, TopicReader } from "./topic-reader.ts";
import { confirmCheckpoint, type HistoryOptions, proveEntry, readHistory } from "./topic-record.ts";
import { TopicStream } from "./topic-stream.ts";

/** Where to begin: with the first message, with those to come, or with a certain seq. */
export type From = "start" | "now" | number;

export interface MessagesOptions {
  /** `"now"` by default. */
  readonly from?: From;
  /** Ends the loop. */
  readonly signal?: AbortSignal;
  /** Called, in their places, for entries whose text is withheld or was erased. */
  readonly onWithheld?: (seq: number) => void;
}

/** What a topic needs of its client. */
export interface TopicHost extends ReaderHost {
  readonly outbox: OutboxLimits;
  user(): SessionUser;
  limits(): Limits;
  /** @throws {RedRoomError} Unless there is a session: a retryable error, if there will be one again. */
  online(): Link;
  /** @throws {RedRoomError} When the client is closed. */
  alive(): void;
  /** As `alive`, and throws while there is a text to consent to. */
  mayOpen(): void;
  /** @returns Whether somebody has taken it. */
  message(message: TopicMessage, live: boolean): boolean;
  delivered(first: number, last: number, by: readonly string[]): void;
  withheld(seq: number): void;
  outgoing(sending: Sending): void;
  failed(error: RedRoomError): void;
}

/** A topic of the server, made by `client.topic(title)`. Sending works once it was opened, online or not. */
export class Topic {
  readonly title: string;
  readonly #host: TopicHost;
  readonly #outbox: Outbox;
  readonly #deliveries = new Deliveries();
  /** Those of `messages()`, each with a cursor of its own. */
  readonly #feeds = new Map<TopicReader, MessageFeed>();
  #reader: TopicReader | undefined;
  #opening: Promise<this> | undefined;
  #from: From | "none" = "now";
  #id: string | undefined;
  /** The pseudonym of our user, once a message of ours has shown it. */
  #self: string | undefined;
  #closing: Promise<void> | undefined;
  #onOver: (() => void) | undefined;

  /** @internal */
  constructor(title: string, host: TopicHost) {
    this.title = title;
    this.#host = host;
    this.#outbox = new Outbox(host.outbox);
  }

  /** The topic's random id; `undefined` before it was opened. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Messages that are on their way and not yet stored. */
  get unstored(): number {
    return this.#outbox.size;
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
    const reader = new TopicReader(this.#host, this.title, from === "none" ? undefined : seqOf(from), {
      onOpened: ({ id }) => {
        this.#id = id;
        this.#outbox.send((message) => reader.publish(message));
      },
      onMessage: (message, live, by) => this.#onMessage(reader, message, live, by),
      onDelivery: (delivery) => {
        const by = this.#deliveries.received(delivery);
        this.#host.delivered(delivery.first, delivery.last, by);
      },
      onWithheld: (seq) => this.#host.withheld(seq),
      onMember: (pseudonym, name) => this.#deliveries.member(pseudonym, name),
      onAnswer: (answer) => this.#answer(answer, reader),
      onDrain: () => this.#outbox.flushed(),
      onSuspended: () => this.#outbox.requeue(),
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
   * @throws {RedRoomError} `TEXT_INVALID`, `TEXT_TOO_LARGE`, `OUTBOX_FULL`, `OPTIONS_INVALID`, `STREAM_CLOSED` at once.
   */
  send(text: string, options: SendOptions = {}): Sending {
    const host = this.#host;
    host.alive();
    const reader = this.#reader;
    if (reader === undefined || this.#id === undefined || this.#closing !== undefined) {
      throw new RedRoomError("STREAM_CLOSED", "unable to send; open the topic first");
    }
    const sending = this.#outbox.add(text, options, host.limits(), host.clock, (changed) => host.outgoing(changed));
    if (!reader.reads) sending.unfollow(unread());
    host.outgoing(sending);
    if (reader.ready) this.#outbox.send((message) => reader.publish(message));
    return sending;
  }

  /** Sends a question. See `send`. */
  ask(text: string, options: Omit<SendOptions, "kind"> = {}): Sending {
    return this.send(text, { ...options, kind: "question" });
  }

  /** Sends the answer to a question. See `send`. */
  answer(question: Pick<TopicMessage, "seq">, text: string, options: Omit<SendOptions, "kind" | "re"> = {}): Sending {
    return this.send(text, { ...options, kind: "answer", re: question.seq });
  }

  /**
   * The topic's messages from `from` on: the history, then live ones, without gap or overlap, for as long as the loop
   * runs, also across lost connections. A slow loop slows the server's sending to this loop, and nothing else. Ends when
   * the client closes.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, what else the server answers, and what the client fails with.
   */
  messages({ from = "now", signal, onWithheld }: MessagesOptions = {}): AsyncIterableIterator<TopicMessage> {
    this.#host.mayOpen();
    const reader: TopicReader = new TopicReader(this.#host, this.title, seqOf(from), {
      onMessage: (message) => feed.push(message),
      onWithheld: (seq) => feed.push(seq),
      onOver: (error) => {
        forget();
        feed.finish(error);
      },
    });
    const feed = new MessageFeed({
      pause: () => reader.pause(),
      resume: () => reader.resume(),
      abandon: () => {
        forget();
        reader.abandon();
      },
      taken: (message) => {
        if (this.#owesReceipt(message)) reader.received(message.seq);
      },
      withheld: (seq) => onWithheld?.(seq),
    });
    const onAbort = (): void => void feed.return();
    const forget = (): void => {
      this.#feeds.delete(reader);
      signal?.removeEventListener("abort", onAbort);
    };
    this.#feeds.set(reader, feed);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    else this.#attach(reader);
    return feed;
  }

  /**
   * A part of the record, deliveries left out.
   *
   * @returns Fewer than `limit` only where the topic ends.
   * @throws {RedRoomError} A retryable one when the client is not online, or the connection is lost meanwhile.
   */
  async history(options: HistoryOptions = {}): Promise<TopicMessage[]> {
    const link = this.#host.online();
    return readHistory(link, await this.#findId(link), options);
  }

  /** The newest signed checkpoint that we have verified: what the whole record was at that point. `undefined` while empty. */
  async checkpoint(): Promise<string | undefined> {
    const link = this.#host.online();
    return link.trust(await this.#findId(link)).checkpoint?.note;
  }

  /**
   * Holds somebody else's checkpoint of this topic against our view: the same log must have led to both.
   *
   * @throws {RedRoomError} `LOG_FORK`, with both checkpoints; `PROTOCOL_ERROR` when the log's key did not sign it.
   */
  async confirm(checkpoint: string): Promise<void> {
    const link = this.#host.online();
    await confirmCheckpoint(link, await this.#findId(link), checkpoint);
  }

  /**
   * Proves offline, to anybody, that an entry is in the log: the text of a `.tlog-proof` file (C2SP tlog-proof), checked
   * before it is returned.
   *
   * @throws {RedRoomError} `PROOF_UNAVAILABLE` for a seq beyond the head; `LOG_FORK`.
   */
  async proof(seq: number): Promise<string> {
    const link = this.#host.online();
    return proveEntry(link, await this.#findId(link), seq);
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
      reader.end(this.#outbox.size > 0);
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
    this.#deliveries.end(error ?? closedBeforeDelivered());
  }

  #readers(): TopicReader[] {
    return [...(this.#reader === undefined ? [] : [this.#reader]), ...this.#feeds.keys()];
  }

  #attach(reader: TopicReader): void {
    const link = this.#host.link();
    if (link !== undefined) reader.attach(link);
  }

  #onMessage(reader: TopicReader, message: TopicMessage, live: boolean, by: string): void {
    const waiting = this.#outbox.find(message.id);
    const sent = [...(waiting === undefined ? [] : [waiting]), ...this.#deliveries.expected(message.id)];
    if (sent.length > 0 && message.author === this.#host.user().name) {
      this.#self = by;
      for (const sending of sent) this.#follow(message.seq, sending);
    }
    const taken = this.#host.message(message, live);
    if (!this.#owesReceipt(message)) return;
    if (taken) reader.received(message.seq);
    else reader.missed(message.seq);
  }

  /** Of what somebody else has written. */
  #owesReceipt({ kind, author }: TopicMessage): boolean {
    const written = kind === "question" || kind === "answer" || kind === "note";
    return written && author !== this.#host.user().name;
  }

  #follow(seq: number, sending: Sending): void {
    const { name: userName } = this.#host.user();
    const self = this.#self;
    this.#deliveries.follow(seq, sending, (pseudonym, name) =>
      self === undefined ? name === userName : pseudonym === self,
    );
  }

  async #findId(link: Link): Promise<string> {
    if (this.#id !== undefined) return this.#id;
    const stream = new TopicStream(link, { title: this.title }, { from: undefined }, { onOver: () => {} });
    this.#id = (await stream.opened).id;
    stream.end();
    return this.#id;
  }

  #answer(answer: MessageOf<"ack" | "refused">, reader: TopicReader): void {
    if (answer.type === "refused") {
      const { id, ...failure } = answer;
      this.#outbox.refused(id, fromFailure(failure));
      return;
    }
    const { id, seq, at, duplicate } = answer;
    const sending = this.#outbox.find(id);
    if (sending !== undefined && reader.reads) {
      // What is sent again may have come long ago, or lie before what is read here.
      if (seq <= reader.last) this.#follow(seq, sending);
      else this.#deliveries.expect(sending);
    }
    this.#outbox.stored({ id, seq, at: new Date(at), duplicate });
  }

  #finish(error: RedRoomError | undefined): void {
    const opened = this.#id !== undefined;
    this.#reader = undefined;
    this.#opening = undefined;
    this.#outbox.failAll(error ?? closedBeforeStored());
    this.#deliveries.end(error ?? closedBeforeDelivered());
    this.#onOver?.();
    if (error !== undefined && opened) this.#host.failed(error);
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

const unread = (): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", "unable to see the delivery; the topic was opened without reading", {
    remedy: "open it from a place, such as `now`",
  });

const closedBeforeStored = (): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", "unable to say whether the message was stored; the connection was closed");

const closedBeforeDelivered = (): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", "unable to see the delivery; the connection was closed");
