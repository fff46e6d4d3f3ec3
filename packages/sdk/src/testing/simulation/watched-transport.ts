import { MESSAGES } from "../../protocol/messages.ts";
import { readVarint } from "../../protocol/varint.ts";
import type { Connection, Stream, StreamHandler, Transport } from "../../transport/transport.ts";

const WATCHED: ReadonlyMap<number, "ack" | "entry"> = new Map([
  [MESSAGES.ack.frameType, "ack"],
  [MESSAGES.entry.frameType, "entry"],
]);

/** The transport, telling of each ack and entry at the moment in which the server writes it. */
export function watchedTransport(transport: Transport, onSent: (what: "ack" | "entry") => void): Transport {
  return {
    connect: (address, options) => transport.connect(address, options),
    listen: (options, onConnection) =>
      transport.listen(options, (connection) => onConnection(new WatchedConnection(connection, onSent))),
  };
}

class WatchedConnection implements Connection {
  readonly #connection: Connection;
  readonly #onSent: (what: "ack" | "entry") => void;
  onStream: ((stream: Stream) => void) | undefined;

  constructor(connection: Connection, onSent: (what: "ack" | "entry") => void) {
    this.#connection = connection;
    this.#onSent = onSent;
    connection.onStream = (stream) => this.onStream?.(new WatchedStream(stream, onSent));
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get closed(): Connection["closed"] {
    return this.#connection.closed;
  }

  openStream(): Stream {
    return new WatchedStream(this.#connection.openStream(), this.#onSent);
  }

  close(code?: number, reason?: string): void {
    this.#connection.close(code, reason);
  }
}

class WatchedStream implements Stream {
  readonly id: number;
  readonly #stream: Stream;
  readonly #onSent: (what: "ack" | "entry") => void;

  constructor(stream: Stream, onSent: (what: "ack" | "entry") => void) {
    this.id = stream.id;
    this.#stream = stream;
    this.#onSent = onSent;
  }

  get bufferedBytes(): number {
    return this.#stream.bufferedBytes;
  }

  get handler(): StreamHandler | undefined {
    return this.#stream.handler;
  }

  set handler(handler: StreamHandler | undefined) {
    this.#stream.handler = handler;
  }

  /** The server writes whole frames: a length, then the type. */
  write(bytes: Uint8Array): boolean {
    const length = readVarint(bytes, 0);
    const type = length === undefined || length === "invalid" ? undefined : bytes[length.size];
    const what = type === undefined ? undefined : WATCHED.get(type);
    if (what !== undefined) this.#onSent(what);
    return this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  reset(code?: number): void {
    this.#stream.reset(code);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }
}
