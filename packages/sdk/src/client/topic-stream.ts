import { type RedRoomError, toRedRoomError } from "../base/errors.ts";
import { MessageChannel, unexpected } from "../channel/message-channel.ts";
import { LogFollower, type TrustedCheckpoint } from "../evidence/log-follower.ts";
import { type Hash, hashLeaf } from "../evidence/merkle.ts";
import { checkMessage } from "../protocol/codec.ts";
import { fromFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import { maxFrameBytes } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { decodeHash, decodeHashes, readFrontierOf } from "./hashes.ts";
import { isBreach, type Link } from "./link.ts";
import { readMessage, type TopicMessage } from "./message.ts";
import { openHead, reconcile } from "./reconcile.ts";

export type TopicInfo = MessageOf<"topicOpened">["topic"];

export interface TopicStreamHandler {
  /** Before any message. */
  onOpened?(topic: TopicInfo): void;
  onMessage?(message: TopicMessage, live: boolean): void;
  onAnswer?(answer: MessageOf<"ack" | "refused">): void;
  onDrain?(): void;
  /** The stream is over; `undefined` after a polite end. Called once, also when opening fails. */
  onOver(error: RedRoomError | undefined): void;
}

/** Our side of one topic's stream. */
export class TopicStream {
  readonly opened: Promise<TopicInfo>;
  readonly #channel: MessageChannel;
  readonly #handler: TopicStreamHandler;
  readonly #link: Link;
  readonly #from: number | undefined;
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

  /** @param from The first seq wanted; 0 for live messages only; `undefined` for none. */
  constructor(
    link: Link,
    topic: { readonly id: string } | { readonly title: string },
    from: number | undefined,
    handler: TopicStreamHandler,
  ) {
    const request = { type: "openTopic", ...topic, ...(from !== undefined && { from }) } as const;
    checkMessage(request);
    this.#handler = handler;
    this.#link = link;
    this.#from = from;
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
        onEnd: () => this.#finish(undefined),
        onReset: (error) => this.#finish(error),
        onViolation: (error) => {
          this.#finish(error);
          link.violated(error);
        },
        onDrain: () => handler.onDrain?.(),
      },
    );
    this.#channel.send(request);
  }

  /** @returns `false` when the server is behind; `onDrain` follows. */
  publish(message: Omit<MessageOf<"publish">, "type">): boolean {
    return this.#channel.send({ type: "publish", ...message });
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
    else this.#follow(message, this.#topic, this.#follower);
  }

  #follow(message: Message, topic: TopicInfo, follower: LogFollower): void {
    if (message.type === "entry") {
      const { leaf, content } = readMessage(message, topic.id, follower.size + 1);
      this.#grow(hashLeaf(leaf), follower);
      this.#handler.onMessage?.(content, content.seq > topic.head);
    } else if (message.type === "placeholder") {
      this.#grow(decodeHash(message.leafHash), follower);
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
      const error = toRedRoomError(thrown, "INTERNAL", "verify the log");
      this.#finish(error);
      this.#channel.reset();
      if (isBreach(error)) this.#link.violated(error);
    } finally {
      this.#reconciling = false;
    }
  }

  #open(message: Message): void {
    if (message.type !== "topicOpened") throw unexpected(message, "before a topic is open");
    const { topic, frontier, checkpoint } = message;
    const trust = this.#link.trust(topic.id);
    const head = openHead(trust, topic.head, checkpoint);
    const before = this.#from === undefined || this.#from === 0 ? topic.head : this.#from - 1;
    const follower = new LogFollower(trust, readFrontierOf(before, decodeHashes(frontier)));
    this.#topic = topic;
    this.#head = head;
    this.#follower = follower;
    this.#handler.onOpened?.(topic);
    // A log that is shorter than it was is held against the old one now; what has grown, as it arrives.
    const shrunk = head.size < (trust.checkpoint?.size ?? 0);
    const open = before === head.size && head.size > 0 ? follower.check(head) : shrunk ? head : undefined;
    void this.#reconcile(open, follower).then(() => this.#resolveOpened(topic));
  }

  #finish(error: RedRoomError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel.end();
    this.#rejectOpened(error ?? protocolError("the stream ended before the topic was open"));
    this.#handler.onOver(error);
  }
}
