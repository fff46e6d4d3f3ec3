import { type RedRoomError, toRedRoomError } from "../base/errors.ts";
import { decodeMessage, encodeMessage } from "../protocol/codec.ts";
import { createFrameDecoder, type FrameDecoder, protocolError } from "../protocol/frame.ts";
import type { Message } from "../protocol/messages.ts";
import type { Stream } from "../transport/transport.ts";

export interface MessageChannelHandler {
  /** May throw `PROTOCOL_ERROR` for a message that has no place here; it becomes a violation. */
  onMessage(message: Message): void;
  /** The peer sends no more. */
  onEnd(): void;
  /** The channel ended before its time. Nothing follows. */
  onReset(error: RedRoomError): void;
  /** What the peer sent is not the protocol. Nothing follows; the owner closes the connection. */
  onViolation(error: RedRoomError): void;
  /** `send` had returned `false` and may be called again. */
  onDrain(): void;
}

/** Messages in both directions over one stream. */
export class MessageChannel {
  readonly #stream: Stream;
  readonly #decoder: FrameDecoder;
  readonly #handler: MessageChannelHandler;
  #over = false;

  constructor(stream: Stream, options: { readonly maxFrameBytes: number }, handler: MessageChannelHandler) {
    this.#stream = stream;
    this.#decoder = createFrameDecoder(options);
    this.#handler = handler;
    stream.handler = {
      onData: (bytes) => this.#receive(bytes),
      onEnd: () => {
        if (this.#over) return;
        if (this.#decoder.partial) this.#violate(protocolError("the stream ended within a frame"));
        else handler.onEnd();
      },
      onReset: (error) => {
        if (this.#over) return;
        this.#over = true;
        handler.onReset(error);
      },
      onDrain: () => {
        if (!this.#over) handler.onDrain();
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
    return this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  reset(): void {
    this.#over = true;
    this.#stream.reset();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#over) return;
    try {
      for (const frame of this.#decoder.push(bytes)) {
        this.#handler.onMessage(decodeMessage(frame));
        if (this.#over) return;
      }
    } catch (thrown) {
      this.#violate(toRedRoomError(thrown, "INTERNAL", "handle a message"));
    }
  }

  #violate(error: RedRoomError): void {
    this.#over = true;
    this.#stream.reset();
    this.#handler.onViolation(error);
  }
}

export const unexpected = (message: Message, where: string): RedRoomError =>
  protocolError(`${message.type} has no place ${where}`);
