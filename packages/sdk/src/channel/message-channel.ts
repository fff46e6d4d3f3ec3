import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { decodeMessage, encodeMessage } from "../protocol/codec.ts";
import { createFrameDecoder, type Frame, type FrameDecoder, protocolError } from "../protocol/frame.ts";
import type { Message } from "../protocol/messages.ts";
import type { Stream } from "../transport/transport.ts";

export interface MessageChannelHandler {
  /**
   * May throw `PROTOCOL_ERROR` for a message that has no place here; it becomes a violation.
   *
   * @param bytes The size of the message without its padding.
   */
  onMessage(message: Message, bytes: number): void;
  /** The peer sends no more. */
  onEnd(): void;
  /** The channel ended before its time; `SLOW_CONSUMER` where the peer says that we read too slowly. Nothing follows. */
  onReset(error: RedRoomError): void;
  /** What the peer sent is not the protocol. Nothing follows; the owner closes the connection. */
  onViolation(error: RedRoomError): void;
  /** `send` had returned `false` and may be called again. */
  onDrain(): void;
}

export interface MessageChannelOptions {
  readonly maxFrameBytes: number;
  /**
   * Takes no further message while the peer leaves unread what was sent: for the side that answers, so that nobody can
   * make it hold answers without end. Both sides at once could wait for each other.
   */
  readonly answering?: boolean;
}

const NOTHING = new Uint8Array(0);

/** Messages in both directions over one stream. After `pause()` not even a message that has arrived is handed over. */
export class MessageChannel {
  readonly #stream: Stream;
  readonly #decoder: FrameDecoder;
  readonly #handler: MessageChannelHandler;
  readonly #answering: boolean;
  /** Frames that have arrived and are not handed over yet. */
  #waiting: Frame[] = [];
  /** Why no message is handed over now. */
  readonly #holds = new Set<string>();
  /** The peer does not read what it was sent. */
  #clogged = false;
  #writtenBytes = 0;
  #delivering = false;
  #over = false;

  constructor(stream: Stream, options: MessageChannelOptions, handler: MessageChannelHandler) {
    this.#stream = stream;
    this.#answering = options.answering ?? false;
    this.#decoder = createFrameDecoder(options);
    this.#handler = handler;
    stream.handler = {
      onData: (bytes) => this.#receive(bytes),
      onEnd: () => {
        if (this.#over) return;
        if (this.#decoder.partial) this.#violate(protocolError("the stream ended within a frame"));
        else handler.onEnd();
      },
      onReset: (error, code) => {
        if (this.#over) return;
        this.#over = true;
        handler.onReset(code === CLOSE_CODES.slowConsumer ? tooSlow(error) : error);
      },
      onDrain: () => {
        if (this.#over) return;
        this.#clogged = false;
        handler.onDrain();
        this.#deliver();
      },
    };
  }

  set maxFrameBytes(bytes: number) {
    this.#decoder.maxFrameBytes = bytes;
  }

  /** @returns `false` when the peer is behind and the caller should wait for `onDrain`. */
  send(message: Message): boolean {
    return this.sendEncoded(encodeMessage(message));
  }

  /** For a message that goes to many: encoded once, sent often. */
  sendEncoded(bytes: Uint8Array): boolean {
    this.#writtenBytes += bytes.byteLength;
    const room = this.#stream.write(bytes);
    if (!room && this.#answering && !this.#over) {
      this.#clogged = true;
      this.#stream.pause();
    }
    return room;
  }

  /** How much of what was sent has gone out to the peer; it only grows. */
  get takenBytes(): number {
    return this.#writtenBytes - this.#stream.bufferedBytes;
  }

  end(): void {
    this.#stream.end();
  }

  /** @param code Of `CLOSE_CODES`; tells the peer why. */
  reset(code?: number): void {
    this.#over = true;
    this.#stream.reset(code);
  }

  /** @param reason Whoever pauses for a reason of their own resumes by it; others stay paused. */
  pause(reason = ""): void {
    this.#holds.add(reason);
    this.#stream.pause();
  }

  resume(reason = ""): void {
    if (this.#holds.delete(reason)) this.#deliver();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      for (let frames = this.#decoder.push(bytes); frames.length > 0; frames = this.#decoder.push(NOTHING)) {
        this.#waiting = this.#waiting.concat(frames);
      }
    } catch (thrown) {
      // What came before it is as good as ever.
      this.#deliver();
      if (!this.#over) this.#violate(toRedRoomError(thrown, "INTERNAL", "read a message"));
      return;
    }
    this.#deliver();
  }

  get #stopped(): boolean {
    return this.#over || this.#holds.size > 0 || this.#clogged;
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    let next = 0;
    const frames = this.#waiting;
    try {
      for (; next < frames.length && !this.#stopped; next += 1) {
        const frame = frames[next] as Frame;
        this.#handler.onMessage(decodeMessage(frame), frame.head.byteLength + frame.body.byteLength);
      }
    } catch (thrown) {
      this.#violate(toRedRoomError(thrown, "INTERNAL", "handle a message"));
    }
    this.#waiting = frames.slice(next);
    this.#delivering = false;
    if (!this.#stopped) this.#stream.resume();
  }

  #violate(error: RedRoomError): void {
    this.#over = true;
    this.#stream.reset();
    this.#handler.onViolation(error);
  }
}

const tooSlow = (cause: RedRoomError): RedRoomError =>
  new RedRoomError("SLOW_CONSUMER", "unable to go on; what was sent was not read in time", { cause, retryable: true });

export const unexpected = (message: Message, where: string): RedRoomError =>
  protocolError(`${message.type} has no place ${where}`);
