import { RedRoomError } from "../base/errors.ts";
import { parseLogProof } from "../evidence/log-proof.ts";
import { verifyInclusion } from "../evidence/proofs.ts";
import { fromFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import type { MessageOf } from "../protocol/messages.ts";
import { readPage } from "./history-page.ts";
import { isBreach, type Link } from "./link.ts";
import type { TopicMessage } from "./message.ts";
import { MessageFeed } from "./message-feed.ts";
import { Outbox, type SendOptions } from "./outbox.ts";
import { reconcile } from "./reconcile.ts";
import { expectLast, request } from "./request.ts";
import type { Sending } from "./sending.ts";
import { TopicStream } from "./topic-stream.ts";

/** Where to begin: with the first message, with those to come, or with a certain seq. */
export type From = "start" | "now" | number;

/** What a topic needs of its client. */
export interface TopicHost {
  /** @throws {RedRoomError} When the session is over. */
  link(): Link;
  message(topic: Topic, message: TopicMessage, live: boolean): void;
  outgoing(topic: Topic, sending: Sending): void;
}

const OUTBOX_LIMITS = { maxMessages: 1024, maxBytes: 16 * 1024 * 1024 };

/** A topic of the server, made by `client.topic(title)`. Sending works once it is open. */
export class Topic {
  readonly title: string;
  readonly #host: TopicHost;
  readonly #outbox = new Outbox(OUTBOX_LIMITS);
  readonly #feeds = new Set<MessageFeed>();
  #stream: TopicStream | undefined;
  #opening: Promise<this> | undefined;
  #id: string | undefined;
  #closing: Promise<void> | undefined;
  #onOver: (() => void) | undefined;

  /** @internal */
  constructor(title: string, host: TopicHost) {
    this.title = title;
    this.#host = host;
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
   * message from there on, history first, in order, without gap or overlap.
   *
   * @param options.from `"now"` by default: only what comes after the opening.
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`, `TOO_MANY_STREAMS`, `CONNECTION_CLOSED`.
   */
  open(options: { readonly from?: From | "none" } = {}): Promise<this> {
    if (this.#closing !== undefined) return this.#closing.then(() => this.open(options));
    this.#opening ??= this.#open(options.from ?? "now").catch((error) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(from: From | "none"): Promise<this> {
    const stream = new TopicStream(
      this.#host.link(),
      { title: this.title },
      from === "none" ? undefined : seqOf(from),
      {
        onOpened: ({ id }) => {
          this.#id = id;
        },
        onMessage: (message, live) => this.#host.message(this, message, live),
        onAnswer: (answer) => this.#answer(answer),
        onDrain: () => this.#outbox.flushed(),
        onOver: (error) => this.#finish(error),
      },
    );
    this.#stream = stream;
    await stream.opened;
    return this;
  }

  /**
   * Sends a message and, when awaited, resolves once the server has stored it durably. Messages are stored in call order.
   *
   * @param text At most `limits.maxTextBytes` (64 KiB by default) of UTF-8.
   * @throws {RedRoomError} At once `TEXT_INVALID`, `TEXT_TOO_LARGE`, `OUTBOX_FULL`, `STREAM_CLOSED`, `CONNECTION_CLOSED`;
   * when awaited `REFERENCE_INVALID`, `STORE_UNAVAILABLE`, and `CONNECTION_LOST`, after which it is unknown whether the
   * message was stored: sending it again under the same `id` stores it once. Who does not await it learns of a failure by
   * the client's event `outgoing`.
   */
  send(text: string, options: SendOptions = {}): Sending {
    const { limits } = this.#host.link();
    const stream = this.#stream;
    if (stream === undefined || this.#closing !== undefined) {
      throw new RedRoomError("STREAM_CLOSED", "unable to send; open the topic first");
    }
    const { sending, body } = this.#outbox.add(text, options, limits, (changed) => this.#host.outgoing(this, changed));
    const { id, kind, re } = sending;
    this.#host.outgoing(this, sending);
    if (stream.publish({ id, kind, body, ...(re !== undefined && { re }) })) this.#outbox.flushed();
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
   * runs. A slow loop slows the server's sending to this loop, and nothing else. Ends when the client closes.
   *
   * @param options.from `"now"` by default.
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `CONNECTION_LOST`, …
   */
  messages(options: { readonly from?: From; readonly signal?: AbortSignal } = {}): AsyncIterableIterator<TopicMessage> {
    const { from = "now", signal } = options;
    const stream: TopicStream = new TopicStream(this.#host.link(), { title: this.title }, seqOf(from), {
      onMessage: (message) => feed.push(message),
      onOver: (error) => {
        forget();
        feed.finish(error);
      },
    });
    const feed = new MessageFeed({
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      abandon: () => {
        forget();
        stream.abandon();
      },
    });
    const onAbort = (): void => void feed.return();
    const forget = (): void => {
      this.#feeds.delete(feed);
      signal?.removeEventListener("abort", onAbort);
    };
    this.#feeds.add(feed);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
    return feed;
  }

  /**
   * A part of the record.
   *
   * @param options.from The first seq; 1 by default.
   * @param options.limit How many; 100 by default.
   * @returns Fewer only where the topic ends.
   */
  async history(options: { readonly from?: number; readonly limit?: number } = {}): Promise<TopicMessage[]> {
    const { from = 1, limit = 100 } = options;
    const link = this.#host.link();
    const topic = await this.#findId();
    const messages: TopicMessage[] = [];
    for (let next = from; messages.length < limit; ) {
      const wanted = Math.min(limit - messages.length, link.limits.maxPageEntries);
      const page = await this.#watched(link, readPage(link, topic, next, wanted));
      messages.push(...page.messages);
      if (page.last) break;
      next = page.next;
    }
    return messages;
  }

  /** The newest signed checkpoint that we have verified: what the whole record was at that point. `undefined` while empty. */
  async checkpoint(): Promise<string | undefined> {
    const link = this.#host.link();
    return link.trust(await this.#findId()).checkpoint?.note;
  }

  /**
   * Holds somebody else's checkpoint of this topic against our view: the same log must have led to both.
   *
   * @throws {RedRoomError} `LOG_FORK`, with both checkpoints; `PROTOCOL_ERROR` when the log's key did not sign it.
   */
  async confirm(checkpoint: string): Promise<void> {
    const link = this.#host.link();
    const id = await this.#findId();
    await this.#watched(link, reconcile(link, id, link.trust(id).open(checkpoint)));
  }

  /**
   * Proves offline, to anybody, that an entry is in the log: the text of a `.tlog-proof` file (C2SP tlog-proof), checked
   * before it is returned.
   *
   * @throws {RedRoomError} `PROOF_UNAVAILABLE` for a seq beyond the head; `LOG_FORK`.
   */
  async proof(seq: number): Promise<string> {
    const link = this.#host.link();
    const topic = await this.#findId();
    const { proof } = expectLast(await request(link, { type: "proveEntry", topic, seq }), "entryProof");
    await this.#watched(link, this.#check(link, topic, seq, proof));
    return proof;
  }

  /** Ends sending and receiving. Resolves when everything sent has been answered. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close().finally(() => {
      this.#closing = undefined; // it may be opened, and closed, again
    });
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const feed of [...this.#feeds]) await feed.return();
    await new Promise<void>((resolve) => {
      this.#onOver = resolve;
      if (this.#stream === undefined) this.#finish(undefined);
      else this.#stream.end();
    });
  }

  /** @internal The session is over. */
  sessionOver(error: RedRoomError | undefined): void {
    for (const feed of [...this.#feeds]) feed.finish(error);
    this.#finish(error);
  }

  async #check(link: Link, topic: string, seq: number, text: string): Promise<void> {
    const proof = parseLogProof(text);
    const trust = link.trust(topic);
    const checkpoint = trust.open(proof?.checkpoint ?? "");
    const [leafHash] = (await readPage(link, topic, seq, 1)).leafHashes;
    const { size, root } = checkpoint;
    const index = seq - 1;
    if (proof?.index !== index || !leafHash || !verifyInclusion({ leafHash, index, size, root }, proof.hashes)) {
      throw protocolError(`what the server sent does not prove entry ${seq}`);
    }
    await reconcile(link, topic, checkpoint);
  }

  /** A server that breaks the protocol, or has two logs under one name, ends the session wherever it is noticed. */
  async #watched<T>(link: Link, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isBreach(error)) link.violated(error);
      throw error;
    }
  }

  async #findId(): Promise<string> {
    if (this.#id !== undefined) return this.#id;
    const stream = new TopicStream(this.#host.link(), { title: this.title }, undefined, { onOver: () => {} });
    this.#id = (await stream.opened).id;
    stream.end();
    return this.#id;
  }

  #answer(answer: MessageOf<"ack" | "refused">): void {
    if (answer.type === "refused") {
      const { id, ...failure } = answer;
      this.#outbox.refused(id, fromFailure(failure));
    } else {
      const { id, seq, at, duplicate } = answer;
      this.#outbox.stored({ id, seq, at: new Date(at), duplicate });
    }
  }

  #finish(error: RedRoomError | undefined): void {
    this.#stream = undefined;
    this.#opening = undefined;
    this.#outbox.failAll(error ?? closedBeforeStored());
    this.#onOver?.();
  }
}

function seqOf(from: From): number {
  if (from === "start") return 1;
  if (from === "now") return 0;
  if (Number.isSafeInteger(from) && from >= 1) return from;
  throw new RedRoomError("OPTIONS_INVALID", `unable to read from ${from}; a seq is 1 or more`);
}

const closedBeforeStored = (): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", "unable to say whether the message was stored; the connection was closed");
