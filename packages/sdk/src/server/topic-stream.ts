import { fromUtf8 } from "../base/bytes.ts";
import type { JsonObject } from "../base/canonical-json.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type MessageChannel, unexpected } from "../channel/message-channel.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { toFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { isReader } from "../rules/visibility.ts";
import type { SessionUser } from "../session/session-user.ts";
import { notInTopic, takesPart } from "./access.ts";
import type { Authorize } from "./hooks.ts";
import { readMetadata } from "./metadata-rules.ts";
import type { ServedStream } from "./served-stream.ts";
import { Subscription, type SubscriptionContext } from "./subscription.ts";
import { toldError } from "./told-error.ts";
import type { TopicRoom } from "./topic-room.ts";
import type { TopicRooms } from "./topic-rooms.ts";
import type { Series } from "./topic-writer.ts";

export interface TopicStreamContext extends SubscriptionContext {
  readonly rooms: TopicRooms;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Whether members see who is writing. */
  readonly typingNotices: boolean;
  readonly authorize: Authorize | undefined;
}

/** One client's stream of one topic: takes what it publishes, sends what it follows. */
export class TopicStream implements ServedStream {
  readonly #channel: MessageChannel;
  readonly #user: SessionUser;
  readonly #context: TopicStreamContext;
  readonly #onDone: () => void;
  #room: TopicRoom | undefined;
  /** Where the client reads along: its pseudonym, and how far it is. */
  #reader: { readonly pseudonym: string; readonly subscription: Subscription } | undefined;
  /** The pseudonym of who reads, from when they are there until they are gone. */
  #present: string | undefined;
  /** Messages taken and not yet answered. */
  #open = 0;
  /** Why no further message is taken: told to the client once those that were taken are answered. */
  #leaving: RedRoomError | undefined;
  /** What the client sends over this stream. */
  readonly #series: Series = { lost: undefined };
  /** The client sends no more; or everything is over. */
  #ended = false;
  #over = false;
  #done = false;
  /** No connection was lost: the session is over, or its user does not belong to the topic any more. */
  #revoked = false;
  /** What waits until everything taken is answered. */
  #onSettled: (() => void) | undefined;

  /** @param onDone Called once, when the stream is over and everything it took is answered. */
  constructor(channel: MessageChannel, user: SessionUser, context: TopicStreamContext, onDone: () => void) {
    this.#channel = channel;
    this.#user = user;
    this.#context = context;
    this.#onDone = onDone;
  }

  /** Answers the first message of the stream. */
  async open(request: MessageOf<"openTopic">): Promise<void> {
    const by = request.id !== undefined ? { id: request.id } : { title: (request.title ?? "").normalize("NFC") };
    this.#channel.pause("opening");
    try {
      const reads = request.from !== undefined;
      const suffices = reads ? isReader : takesPart;
      const room = await this.#context.rooms.enterAs(this.#user, by, suffices);
      this.#room = room;
      if (this.#context.authorize !== undefined) {
        await this.#context.authorize(request.type, room);
        if (this.#over) return this.#settle();
        if (!suffices(room.rightsOf(this.#user).capabilities)) throw notInTopic();
      }
      const id = await (reads ? room.join(this.#user) : room.identify(this.#user));
      if (reads) {
        // Before the newcomer is told who is there: they are.
        room.presence.enter(id);
        this.#present = id;
      }
      const you = () => {
        const { roles, capabilities } = room.rightsOf(this.#user);
        return { id, roles: [...roles], capabilities: [...capabilities] };
      };
      const start = await room.start(request.from, you, reads);
      if (this.#over) return this.#settle();
      if (reads && !isReader(room.rightsOf(this.#user).capabilities)) throw notInTopic();
      this.#channel.send(start.opened);
      if (reads) this.#follow(room, start.from, id);
    } catch (thrown) {
      this.fail(toldError(thrown, "open a topic", this.#context.logger));
    }
    this.#channel.resume("opening");
  }

  #follow(room: TopicRoom, from: number, pseudonym: string): void {
    const output = {
      send: (frame: Uint8Array) => this.#channel.sendEncoded(frame),
      taken: () => this.#channel.takenBytes,
      fail: (error: RedRoomError) => {
        if (error.code === "SLOW_CONSUMER") this.#cut(error, CLOSE_CODES.slowConsumer);
        else if (error.code === "NOT_ALLOWED") {
          this.#revoked = true;
          this.#cut(error, CLOSE_CODES.revoked);
        } else this.fail(toldError(error, "read a topic", this.#context.logger));
      },
    };
    const who = { pseudonym, rights: () => room.rightsOf(this.#user) };
    this.#reader = { pseudonym, subscription: new Subscription(room, from, who, output, this.#context) };
  }

  drain(reason: RedRoomError): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
      this.#leave(reason);
    });
  }

  fail(error: RedRoomError): void {
    if (!this.#over) {
      this.#channel.send({ type: "error", ...toFailure(error) });
      this.#channel.end();
    }
    this.#finish();
  }

  onMessage(message: Message): void {
    if (message.type === "publish") void this.#publish(message);
    else if (message.type === "receipt") this.#confirm(message);
    else if (message.type === "typing") this.#tellTyping(message);
    else throw unexpected(message, "on a topic stream");
  }

  onDrain(): void {
    this.#reader?.subscription.resume();
  }

  onEnd(): void {
    this.#ended = true;
    this.#reader?.subscription.stop();
    this.#settle();
  }

  /** What was taken is still stored. */
  onGone(revoked = false): void {
    this.#revoked ||= revoked;
    this.#finish();
  }

  #tellTyping({ id, active }: MessageOf<"typing">): void {
    if (this.#over) return; // it was under way
    if (id !== undefined) throw protocolError("a typing notice of a client names somebody");
    if (this.#reader === undefined) throw protocolError("a typing notice came on a stream that reads nothing");
    const mayWrite = ["ask", "answer", "note"] as const;
    const { capabilities } = this.#room?.rightsOf(this.#user) ?? { capabilities: new Set() };
    if (!this.#context.typingNotices || !mayWrite.some((one) => capabilities.has(one))) return;
    this.#room?.tellTyping(this.#reader.pseudonym, active);
  }

  async #publish({ type: _, body, metadataBytes = 0, ...wish }: MessageOf<"publish">): Promise<void> {
    const { id } = wish;
    // Once a message may have been lost, none behind it is taken: their order is that of the sender.
    if (this.#leaving !== undefined || this.#over) return;
    this.#open += 1;
    if (this.#open >= this.#context.limits.maxUnacknowledged) this.#channel.pause("unacknowledged");
    try {
      if (this.#room === undefined) throw protocolError("a message came before its topic was open");
      const textBytes = body.byteLength - metadataBytes;
      if (textBytes < 0) throw protocolError(`metadata of ${metadataBytes} bytes does not fit its body`);
      const text = this.#readText(body.subarray(0, textBytes));
      const metadata = this.#readMetadata(body.subarray(textBytes));
      const published = await this.#room.publish(this.#user, { ...wish, text, metadata }, this.#series);
      this.#answer({ type: "ack", id, ...published });
    } catch (thrown) {
      const error = toldError(thrown, "store a message", this.#context.logger);
      // What may work later must not be passed by what was sent behind it.
      if (error.retryable) this.#leave(error);
      else this.#answer({ type: "refused", id, ...toFailure(error) });
    }
    this.#open -= 1;
    if (this.#open <= this.#context.limits.maxUnacknowledged / 2) this.#channel.resume("unacknowledged");
    this.#settle();
  }

  #answer(answer: Message): void {
    if (!this.#over) this.#channel.send(answer);
  }

  #confirm({ first, last }: MessageOf<"receipt">): void {
    if (this.#over) return; // it was under way when the stream failed, or was cut off
    if (this.#reader === undefined) throw protocolError("a receipt came on a stream that reads nothing");
    const { pseudonym, subscription } = this.#reader;
    if (first > last || last > subscription.last) {
      throw protocolError(`a receipt of ${first} to ${last} came behind entry ${subscription.last}`);
    }
    this.#room?.receipts.add(pseudonym, { first, last });
  }

  #readText(body: Uint8Array): string {
    const { maxTextBytes } = this.#context.limits;
    if (body.byteLength > maxTextBytes) {
      throw new RedRoomError(
        "TEXT_TOO_LARGE",
        `unable to take the message; ${body.byteLength} bytes, the limit is ${maxTextBytes}`,
      );
    }
    try {
      return fromUtf8(body);
    } catch (cause) {
      throw new RedRoomError("TEXT_INVALID", "unable to take the message; it is not UTF-8", { cause });
    }
  }

  #readMetadata(bytes: Uint8Array): JsonObject | undefined {
    return bytes.byteLength === 0 ? undefined : readMetadata(bytes, this.#context.limits.maxMetadataBytes);
  }

  #leave(reason: RedRoomError): void {
    this.#leaving ??= reason;
    this.#settle();
  }

  /** The reader is cut off, so that what it does not read need not be held. It may come back and go on where it stopped. */
  #cut(error: RedRoomError, code: number): void {
    this.#context.logger.warn({ user: this.#user.id, topic: this.#room?.id, code: error.code }, error.message);
    this.#channel.reset(code);
    this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#reader?.subscription.stop();
    this.#channel.resume("opening");
    this.#channel.resume("unacknowledged");
    this.#settle();
  }

  /** Once nothing is under way: ends our side behind the last answer, and gives the room back. */
  #settle(): void {
    if (this.#open > 0) return;
    if (this.#onSettled !== undefined) {
      this.#onSettled();
    } else if (this.#leaving !== undefined && !this.#over) {
      this.fail(this.#leaving);
      return;
    }
    if (!(this.#ended || this.#over)) return;
    if (!this.#over) this.#channel.end();
    this.#over = true;
    if (this.#present !== undefined) this.#room?.presence.leave(this.#present, this.#ended || this.#revoked);
    this.#present = undefined;
    if (this.#room !== undefined) this.#context.rooms.leave(this.#room);
    this.#room = undefined;
    if (!this.#done) this.#onDone();
    this.#done = true;
  }
}
