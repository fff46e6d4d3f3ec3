import type { RedRoomError } from "../base/errors.ts";
import { MessageChannel, unexpected } from "../channel/message-channel.ts";
import { LogFollower, logFork } from "../evidence/log-follower.ts";
import { EMPTY_FRONTIER, hashLeaf } from "../evidence/merkle.ts";
import { fromFailure } from "../protocol/failure.ts";
import { maxFrameBytes } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { decodeHash, decodeHashes, readFrontierOf } from "./hashes.ts";
import type { Link } from "./link.ts";
import { readMessage, type TopicMessage } from "./message.ts";
import { reconcile } from "./reconcile.ts";

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
  #over = false;

  /** @param from The first seq wanted; 0 for live messages only; `undefined` for none. */
  constructor(
    link: Link,
    topic: { readonly id: string } | { readonly title: string },
    from: number | undefined,
    handler: TopicStreamHandler,
  ) {
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
    this.#channel.send({ type: "openTopic", ...topic, ...(from !== undefined && { from }) });
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
      follower.append(hashLeaf(leaf));
      this.#handler.onMessage?.(content, content.seq > topic.head);
    } else if (message.type === "placeholder") {
      follower.append(decodeHash(message.leafHash));
    } else if (message.type === "checkpoint") {
      this.#verify(message.note, topic.id, follower);
    } else {
      throw unexpected(message, "on a topic stream");
    }
  }

  #verify(note: string, topicId: string, follower: LogFollower): void {
    const open = follower.verify(note);
    if (open === undefined) return;
    reconcile(this.#link, topicId, open).catch((error: RedRoomError) => {
      if (error.code === "LOG_FORK" || error.code === "PROTOCOL_ERROR") this.#link.violated(error);
    });
  }

  #open(message: Message): void {
    if (message.type !== "topicOpened") throw unexpected(message, "before a topic is open");
    const { topic, frontier, checkpoint } = message;
    const trust = this.#link.trust(topic.id);
    const known = trust.checkpoint;
    if (known !== undefined && topic.head < known.size) throw logFork(trust.log.origin, known.note, checkpoint);
    this.#topic = topic;
    const before = this.#from === undefined || this.#from === 0 ? topic.head : this.#from - 1;
    this.#follower = new LogFollower(
      trust,
      before === 0 ? EMPTY_FRONTIER : readFrontierOf(before, decodeHashes(frontier)),
    );
    if (checkpoint !== undefined && before === topic.head) this.#verify(checkpoint, topic.id, this.#follower);
    this.#handler.onOpened?.(topic);
    this.#resolveOpened(topic);
  }

  #finish(error: RedRoomError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel.end();
    if (error !== undefined) this.#rejectOpened(error);
    this.#handler.onOver(error);
  }
}
