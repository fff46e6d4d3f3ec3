import { fromUtf8 } from "../base/bytes.ts";
import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import { type MessageChannel, unexpected } from "../channel/message-channel.ts";
import { toFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Person } from "../store/topic-store.ts";
import type { FaultLog } from "./fault-log.ts";
import { Subscription } from "./subscription.ts";
import type { TopicRoom } from "./topic-room.ts";
import type { TopicRooms } from "./topic-rooms.ts";

export interface TopicStreamContext {
  readonly rooms: TopicRooms;
  readonly limits: Limits;
  readonly faults: FaultLog;
}

/** One client's stream of one topic: takes what it publishes, sends what it follows. */
export class TopicStream {
  readonly #channel: MessageChannel;
  readonly #rooms: TopicRooms;
  readonly #user: Person;
  readonly #limits: Limits;
  readonly #faults: FaultLog;
  readonly #onDone: () => void;
  #room: TopicRoom | undefined;
  #subscription: Subscription | undefined;
  /** Messages taken and not yet answered. */
  #open = 0;
  #paused = false;
  /** The client sends no more; or everything is over. */
  #ended = false;
  #over = false;
  /** Set while the server stops: resolves `drain`. */
  #onDrained: (() => void) | undefined;

  /** @param onDone Called once, when the stream is over and everything it took is answered. */
  constructor(channel: MessageChannel, user: Person, context: TopicStreamContext, onDone: () => void) {
    this.#channel = channel;
    this.#user = user;
    this.#rooms = context.rooms;
    this.#limits = context.limits;
    this.#faults = context.faults;
    this.#onDone = onDone;
  }

  /** Answers the first message of the stream. */
  async open(request: MessageOf<"openTopic">): Promise<void> {
    const by = request.id !== undefined ? { id: request.id } : { title: (request.title ?? "").normalize("NFC") };
    this.#channel.pause();
    try {
      this.#room = await this.#rooms.enter(by);
      const start = await this.#room.start(request.from);
      if (this.#over) return this.#settle();
      this.#channel.send(start.opened);
      if (request.from !== undefined) this.#follow(this.#room, start.from);
    } catch (thrown) {
      this.#fail(this.#errorOf(thrown, "open the topic"));
      return;
    }
    this.#channel.resume();
  }

  #follow(room: TopicRoom, from: number): void {
    this.#subscription = new Subscription(room, from, {
      send: (frame) => this.#channel.sendEncoded(frame),
      fail: (error) => this.#fail(this.#errorOf(error, "read the topic")),
    });
  }

  /** Refuses what comes from now on. Resolves when everything taken before is answered. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#onDrained = resolve;
      if (this.#open === 0) resolve();
    });
  }

  onMessage(message: Message): void {
    if (message.type !== "publish") throw unexpected(message, "on a topic stream");
    void this.#publish(message);
  }

  onDrain(): void {
    this.#subscription?.resume();
  }

  onEnd(): void {
    this.#ended = true;
    this.#subscription?.stop();
    this.#settle();
  }

  /** The stream is gone; what was taken is still stored. */
  onGone(): void {
    this.#over = true;
    this.#subscription?.stop();
    this.#settle();
  }

  async #publish({ id, kind, re, body }: MessageOf<"publish">): Promise<void> {
    this.#open += 1;
    if (this.#open >= this.#limits.maxUnacknowledged && !this.#paused) {
      this.#paused = true;
      this.#channel.pause();
    }
    let answer: Message;
    try {
      if (this.#onDrained !== undefined) throw shuttingDown();
      if (this.#room === undefined) throw protocolError("a message came before its topic was open");
      const text = this.#readText(body);
      const receipt = await this.#room.publish(this.#user, { id, kind, text, re });
      this.#faults.worked();
      answer = { type: "ack", id, ...receipt };
    } catch (thrown) {
      const error = this.#errorOf(thrown, "store the message");
      answer = { type: "refused", id, ...toFailure(error) };
    }
    this.#open -= 1;
    if (!this.#over) this.#channel.send(answer);
    if (this.#paused && this.#open <= this.#limits.maxUnacknowledged / 2) {
      this.#paused = false;
      this.#channel.resume();
    }
    this.#settle();
  }

  #readText(body: Uint8Array): string {
    const { maxTextBytes } = this.#limits;
    if (body.byteLength > maxTextBytes) {
      throw new RedRoomError(
        "TEXT_TOO_LARGE",
        `unable to take the message; ${body.byteLength} bytes, the limit is ${maxTextBytes}`,
      );
    }
    if (body.byteLength === 0) throw new RedRoomError("TEXT_INVALID", "unable to take the message; it is empty");
    try {
      return fromUtf8(body);
    } catch (cause) {
      throw new RedRoomError("TEXT_INVALID", "unable to take the message; it is not UTF-8", { cause });
    }
  }

  /** The client is told of an `INTERNAL` error only that it happened; what it was is for the operator. */
  #errorOf(thrown: unknown, doing: string): RedRoomError {
    const error = toRedRoomError(thrown, "INTERNAL", doing);
    this.#faults.note(error, doing);
    return error;
  }

  #fail(error: RedRoomError): void {
    if (!this.#over) {
      this.#channel.send({ type: "error", ...toFailure(error) });
      this.#channel.end();
    }
    this.#over = true;
    this.#channel.resume();
    this.#settle();
  }

  /** Once nothing is under way: ends our side behind the last answer, and gives the room back. */
  #settle(): void {
    if (this.#open === 0) this.#onDrained?.();
    if (this.#open > 0 || !(this.#ended || this.#over)) return;
    if (!this.#over) this.#channel.end();
    this.#over = true;
    if (this.#room !== undefined) this.#rooms.leave(this.#room);
    this.#room = undefined;
    this.#onDone();
  }
}

export const shuttingDown = (): RedRoomError =>
  new RedRoomError("SHUTTING_DOWN", "unable to go on; the server is shutting down", { retryable: true });
