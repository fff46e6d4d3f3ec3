import { type RedRoomError, toRedRoomError } from "../base/errors.ts";
import { MessageChannel, unexpected } from "../channel/message-channel.ts";
import type { Delivery } from "../evidence/delivery.ts";
import { LogFollower, logFork, type TrustedCheckpoint } from "../evidence/log-follower.ts";
import { equalHashes, type Frontier, type Hash, hashLeaf } from "../evidence/merkle.ts";
import { checkMessage } from "../protocol/codec.ts";
import { fromFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import { maxFrameBytes } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { decodeHash, decodeHashes, readFrontierOf } from "./hashes.ts";
import { isBreach, type Link } from "./link.ts";
import { readEntry, type TopicMessage } from "./message.ts";
import { openHead, reconcile } from "./reconcile.ts";

export type TopicInfo = MessageOf<"topicOpened">["topic"];

/** Where a stream begins: with a seq, 0 for live entries only, `undefined` for none; or behind what was read before. */
export type Start = { readonly from: number | undefined } | { readonly behind: Frontier };

export interface TopicStreamHandler {
  /** Before anything else. @param first The seq of the first entry to come. */
  onOpened?(topic: TopicInfo, first: number): void;
  /** @param by The author's pseudonym. */
  onMessage?(message: TopicMessage, by: string): void;
  onDelivery?(delivery: Delivery): void;
  /** An entry whose text we may not read, or nobody any more. */
  onWithheld?(seq: number): void;
  onMember?(pseudonym: string, name: string): void;
  onAnswer?(answer: MessageOf<"ack" | "refused">): void;
  onDrain?(): void;
  /** The stream is over; `undefined` after a polite end. Called once, also when opening fails. */
  onOver(error: RedRoomError | undefined): void;
}

/** Our side of one topic's stream: one life, on one connection. */
export class TopicStream {
  readonly opened: Promise<TopicInfo>;
  readonly #channel: MessageChannel;
  readonly #handler: TopicStreamHandler;
  readonly #link: Link;
  readonly #start: Start;
  #resolveOpened: (topic: TopicInfo) => void = () => {};
  #rejectOpened: (error: RedRoomError) => void = () => {};
  #topic: TopicInfo | undefined;
  /** The log as this stream sees it grow. */
  #follower: LogFollower | undefined;
  /** What the server had signed when the topic was opened. */
  #head: TrustedCheckpoint | undefined;
  /** One proof is asked for at a time. */
  #reconciling = false;
  #over = false;

  constructor(
    link: Link,
    topic: { readonly id: string } | { readonly title: string },
    start: Start,
    handler: TopicStreamHandler,
  ) {
    const from = "behind" in start ? start.behind.size + 1 : start.from;
    const request = { type: "openTopic", ...topic, ...(from !== undefined && { from }) } as const;
    checkMessage(request);
    this.#handler = handler;
    this.#link = link;
    this.#start = start;
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.opened.catch(() => {}); // who awaits it gets the error; who does not hears it by onOver
    this.#channel = new MessageChannel(
      link.connection.openStream(),
      { maxFrameBytes: maxFrameBytes(link.limits) },
      {
        onMessage: (message) => this.#receive(message),
        onEnd: () => this.#finish(this.#topic === undefined ? unanswered() : undefined),
        onReset: (error) => this.#finish(error),
        onViolation: (error) => {
          link.violated(error);
          this.#finish(error);
        },
        onDrain: () => handler.onDrain?.(),
      },
    );
    this.#channel.send(request);
  }

  /** The tree up to the last entry that came; `undefined` before the topic is open. */
  get frontier(): Frontier | undefined {
    return this.#follower?.frontier;
  }

  /** @returns `false` when the server is behind; `onDrain` follows. */
  publish(message: Omit<MessageOf<"publish">, "type">): boolean {
    return this.#channel.send({ type: "publish", ...message });
  }

  confirm(first: number, last: number): void {
    this.#channel.send({ type: "receipt", first, last });
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  /** Ends politely: the server answers what it took, then ends too, and `onOver` follows. */
  end(): void {
    this.#channel.end();
  }

  /** Ends at once. `onOver` is not called any more. */
  abandon(): void {
    this.#over = true;
    this.#channel.reset();
  }

  #receive(message: Message): void {
    if (this.#over) return;
    if (message.type === "error") this.#finish(fromFailure(message));
    else if (this.#topic === undefined || this.#follower === undefined) this.#open(message);
    else if (message.type === "ack" || message.type === "refused") this.#handler.onAnswer?.(message);
    else if (message.type === "member") this.#handler.onMember?.(message.id, message.name);
    else this.#follow(message, this.#topic, this.#follower);
  }

  #follow(message: Message, topic: TopicInfo, follower: LogFollower): void {
    if (message.type === "entry") {
      const { leaf, ...read } = readEntry(message, topic.id, follower.size + 1);
      this.#grow(hashLeaf(leaf), follower);
      if (read.delivery !== undefined) this.#handler.onDelivery?.(read.delivery);
      else this.#handler.onMessage?.(read.message, read.by);
    } else if (message.type === "placeholder") {
      this.#grow(decodeHash(message.leafHash), follower);
      this.#handler.onWithheld?.(follower.size);
    } else if (message.type === "checkpoint") {
      void this.#reconcile(follower.verify(message.note), follower);
    } else {
      throw unexpected(message, "on a topic stream");
    }
  }

  /** History is held against the head that was signed for it, whether or not the server sends that checkpoint again. */
  #grow(leafHash: Hash, follower: LogFollower): void {
    follower.append(leafHash);
    if (this.#head?.size === follower.size) void this.#reconcile(follower.check(this.#head), follower);
  }

  /** Resolves when the checkpoint and the trusted one are known to be of one log; if they cannot be, all ends. */
  async #reconcile(checkpoint: TrustedCheckpoint | undefined, follower: LogFollower): Promise<void> {
    if (checkpoint === undefined || this.#reconciling) return;
    this.#reconciling = true;
    try {
      let open: TrustedCheckpoint | undefined = checkpoint;
      while (open !== undefined && !this.#over) {
        await reconcile(this.#link, this.#topic?.id ?? "", open);
        open = follower.confirm(open);
      }
    } catch (thrown) {
      this.#fail(toRedRoomError(thrown, "INTERNAL", "verify the log"));
    } finally {
      this.#reconciling = false;
    }
  }

  #open(message: Message): void {
    if (message.type !== "topicOpened") throw unexpected(message, "before a topic is open");
    const { topic, checkpoint } = message;
    const trust = this.#link.trust(topic.id);
    const head = openHead(trust, topic.head, checkpoint);
    const before = sizeBefore(this.#start, topic.head);
    const frontier = readFrontierOf(before, decodeHashes(message.frontier));
    this.#topic = topic;
    if ("behind" in this.#start && !equalFrontiers(this.#start.behind, frontier)) return void this.#expose(head);
    const follower = new LogFollower(trust, frontier);
    this.#head = head;
    this.#follower = follower;
    this.#handler.onOpened?.(topic, before + 1);
    // A log that is shorter than it was is held against the old one now; what has grown, as it arrives.
    const shrunk = head.size < (trust.checkpoint?.size ?? 0);
    const open = before === head.size && head.size > 0 ? follower.check(head) : shrunk ? head : undefined;
    void this.#reconcile(open, follower).then(() => this.#resolveOpened(topic));
  }

  /** What we have read is no longer what the record begins with. Two signed heads are better evidence of it than entries. */
  async #expose(head: TrustedCheckpoint): Promise<void> {
    this.#channel.pause();
    const { log, checkpoint } = this.#link.trust(this.#topic?.id ?? "");
    const [heads] = await Promise.allSettled([reconcile(this.#link, this.#topic?.id ?? "", head)]);
    const signed = heads.status === "rejected" && isBreach(heads.reason) ? heads.reason : undefined;
    // Where the heads agree, only the entries do not.
    const shown = heads.status === "rejected" ? head.note || undefined : undefined;
    this.#fail(signed ?? logFork(log.origin, checkpoint?.note ?? "", shown));
  }

  #fail(error: RedRoomError): void {
    if (isBreach(error)) this.#link.violated(error);
    this.#finish(error);
    this.#channel.reset();
  }

  #finish(error: RedRoomError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel.end();
    this.#rejectOpened(error ?? unanswered());
    this.#handler.onOver(error);
  }
}

const unanswered = (): RedRoomError => protocolError("the stream ended before the topic was open");

function sizeBefore(start: Start, head: number): number {
  if ("behind" in start) return start.behind.size;
  return start.from === undefined || start.from === 0 ? head : start.from - 1;
}

function equalFrontiers(one: Frontier, other: Frontier): boolean {
  return one.size === other.size && one.peaks.every((peak, index) => equalHashes(peak, other.peaks[index] as Hash));
}
