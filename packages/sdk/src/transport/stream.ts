import { concatBytes } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { streamClosed, streamReset } from "./endings.ts";
import type { Stream, StreamHandler } from "./transport.ts";

const HIGH_WATER_BYTES = 64 * 1024;
const LOW_WATER_BYTES = HIGH_WATER_BYTES / 2;
const NOTHING = new Uint8Array(0);

/** What the network has for a stream: some bytes, and whether they are the last. */
export interface Received {
  readonly bytes: Uint8Array;
  readonly end: boolean;
}

/**
 * All of a stream that does not depend on the network below: queue, back-pressure, half-close, reset, and the order of
 * callbacks. A network adds how bytes travel, and calls `deliver`, `flush` and `fail` in turns of its own, so that no
 * callback ever runs inside a method that the application called.
 */
export abstract class NetworkStream implements Stream {
  readonly id: number;
  readonly #logger: Logger;
  #handler: StreamHandler | undefined;
  #queue: Uint8Array[] = [];
  #bufferedBytes = 0;
  #drainDue = false;
  /** The network took less than offered; it calls `flush` when it can take more. */
  #blocked = false;
  #paused = false;
  /** `end()` was called; then: the network has taken it. */
  #ending = false;
  #endSent = false;
  /** The peer's end was read; then: `onEnd` was called. */
  #endRead = false;
  #remoteEnded = false;
  /** Nothing happens any more: reset, failed, or ended on both sides. */
  #over = false;

  constructor(id: number, logger: Logger) {
    this.id = id;
    this.#logger = logger;
  }

  /** Asks for a turn in which the network calls `deliver`. */
  protected abstract scheduleDelivery(): void;
  /** Asks for a turn in which the network calls `flush`. */
  protected abstract scheduleFlush(): void;
  /** Takes what arrived next, `undefined` when there is nothing now. */
  protected abstract receive(): Received | undefined;
  /** @returns how many of the bytes the network took; `end` counts only when it took all. */
  protected abstract transmit(bytes: Uint8Array, end: boolean): number;
  /** Tells the peer that both directions are over. */
  protected abstract abandon(code: number): void;
  /** Called once, when nothing happens any more: the network forgets the stream. */
  protected abstract release(): void;

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  get blocked(): boolean {
    return this.#blocked && !this.#over;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** The peer has ended and we have not: only its wish to stop us can still arrive. */
  get halfClosed(): boolean {
    return this.#endRead && !this.#ending;
  }

  get handler(): StreamHandler | undefined {
    return this.#handler;
  }

  set handler(handler: StreamHandler | undefined) {
    this.#handler = handler;
    if (!this.#over) this.scheduleDelivery();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#over) return false;
    if (this.#ending) throw streamClosed(this.id);
    if (bytes.byteLength > 0) {
      this.#queue.push(bytes);
      this.#bufferedBytes += bytes.byteLength;
      if (!this.#blocked) this.scheduleFlush();
    }
    if (this.#bufferedBytes <= HIGH_WATER_BYTES) return true;
    this.#drainDue = true;
    return false;
  }

  end(): void {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    if (!this.#blocked) this.scheduleFlush();
  }

  reset(code = 0): void {
    if (this.#over) return;
    this.abandon(code);
    this.#finish();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#over) this.scheduleDelivery();
  }

  /** Hands over what has arrived, as far as the handler wants it. */
  deliver(): void {
    while (this.#handler !== undefined && !this.#paused && !this.#over && !this.#remoteEnded) {
      if (this.#endRead) {
        this.#remoteEnded = true;
        this.#call("onEnd", (handler) => handler.onEnd());
        this.#settle();
        return;
      }
      const received = this.receive();
      if (received === undefined) return;
      this.#endRead = received.end;
      if (received.bytes.byteLength > 0) this.#call("onData", (handler) => handler.onData(received.bytes));
    }
  }

  /** Gives the network as much as it takes, what was written in one turn in one piece. */
  flush(): void {
    this.#blocked = false;
    while (!this.#over && !this.#endSent && (this.#queue.length > 0 || this.#ending)) {
      const bytes = this.#head();
      const end = this.#ending && bytes.byteLength === this.#bufferedBytes;
      const taken = this.transmit(bytes, end);
      if (this.#over) return;
      this.#bufferedBytes -= taken;
      if (taken < bytes.byteLength) {
        this.#queue[0] = bytes.subarray(taken);
        this.#blocked = true;
        break;
      }
      this.#queue.shift();
      this.#endSent = end;
    }
    if (this.#drainDue && this.#bufferedBytes <= LOW_WATER_BYTES) {
      this.#drainDue = false;
      if (!this.#silent) this.#call("onDrain", (handler) => handler.onDrain());
    }
    this.#settle();
  }

  /** The peer has reset the stream. */
  failReset(code: number): void {
    this.fail(streamReset(this.id, code), code);
  }

  /** The stream ended before its time: by the peer's reset or with the connection. */
  fail(error: RedRoomError, code?: number): void {
    if (this.#over) return;
    const silent = this.#silent;
    this.#finish();
    if (!silent) this.#call("onReset", (handler) => handler.onReset(error, code));
  }

  /** Both ends are decided; nothing that happens now concerns the handler. */
  get #silent(): boolean {
    return this.#over || (this.#remoteEnded && this.#ending);
  }

  /** The first piece of the queue, after joining small ones to about 64 KiB. */
  #head(): Uint8Array {
    let count = 0;
    for (let size = 0; count < this.#queue.length && size < HIGH_WATER_BYTES; count++) {
      size += this.#queue[count]?.byteLength ?? 0;
    }
    if (count > 1) this.#queue.splice(0, count, concatBytes(this.#queue.slice(0, count)));
    return this.#queue[0] ?? NOTHING;
  }

  #settle(): void {
    if (!this.#over && this.#endSent && this.#remoteEnded) this.#finish();
  }

  #finish(): void {
    this.#over = true;
    this.#queue = [];
    this.#bufferedBytes = 0;
    this.release();
  }

  /** A handler that throws loses its stream, and nothing else suffers. */
  #call(stage: keyof StreamHandler, callback: (handler: StreamHandler) => void): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    try {
      callback(handler);
    } catch (thrown) {
      const error = new RedRoomError(
        "INTERNAL",
        `unable to go on with stream ${this.id}; ${stage} of its handler threw`,
        {
          cause: thrown,
        },
      );
      this.#logger.error({ error, stream: this.id }, "a stream handler threw; its stream is reset");
      if (stage === "onReset") return;
      const silent = this.#silent;
      this.reset();
      if (!silent) this.#call("onReset", () => handler.onReset(error));
    }
  }
}
