import type { RedRoomError } from "../base/errors.ts";
import { MessageChannel, unexpected } from "../channel/message-channel.ts";
import { checkMessage } from "../protocol/codec.ts";
import { fromFailure } from "../protocol/failure.ts";
import { maxFrameBytes } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Link } from "./link.ts";
import { readMessage, type TopicMessage } from "./message.ts";

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
  #resolveOpened: (topic: TopicInfo) => void = () => {};
  #rejectOpened: (error: RedRoomError) => void = () => {};
  #topic: TopicInfo | undefined;
  #next: number;
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
    this.#next = from ?? 0;
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
    else if (this.#topic === undefined) this.#open(message);
    else if (message.type === "entry") {
      const read = readMessage(message, this.#topic.id, this.#next);
      this.#next += 1;
      this.#handler.onMessage?.(read, read.seq > this.#topic.head);
    } else if (message.type === "ack" || message.type === "refused") this.#handler.onAnswer?.(message);
    else throw unexpected(message, "on a topic stream");
  }

  #open(message: Message): void {
    if (message.type !== "topicOpened") throw unexpected(message, "before a topic is open");
    this.#topic = message.topic;
    if (this.#next === 0) this.#next = message.topic.head + 1;
    this.#handler.onOpened?.(message.topic);
    this.#resolveOpened(message.topic);
  }

  #finish(error: RedRoomError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel.end();
    if (error !== undefined) this.#rejectOpened(error);
    this.#handler.onOver(error);
  }
}
