import type { Logger } from "../../base/logger.ts";
import { NetworkStream, type Received } from "../stream.ts";
import type { Lane } from "./memory-path.ts";

/** What a connection does for its streams: `send` is the wire. */
export interface StreamOwner {
  post(task: () => void): void;
  send(lane: Lane, message: (peer: StreamPeer) => void): void;
  forget(id: number): void;
}

/** The other side, as streams see it. */
export interface StreamPeer {
  readonly streams: ReadonlyMap<number, MemoryStream>;
  accept(id: number): MemoryStream | undefined;
  abandoned(id: number, code: number): void;
}

/** One side of a stream in memory: an inbox, and the credit its peer's inbox still grants. */
export class MemoryStream extends NetworkStream {
  readonly #connection: StreamOwner;
  #inbox: Received[] = [];
  #creditBytes: number;

  constructor(connection: StreamOwner, id: number, windowBytes: number, logger: Logger) {
    super(id, logger);
    this.#connection = connection;
    this.#creditBytes = windowBytes;
  }

  /** The peer's bytes, or its end, have arrived. */
  arrive(received: Received): void {
    this.#inbox.push(received);
    this.deliver();
  }

  /** The peer has consumed some bytes. */
  credit(bytes: number): void {
    this.#creditBytes += bytes;
    if (this.blocked) this.flush();
  }

  protected scheduleDelivery(): void {
    this.#connection.post(() => this.deliver());
  }

  protected scheduleFlush(): void {
    this.#connection.post(() => this.flush());
  }

  protected receive(): Received | undefined {
    const received = this.#inbox.shift();
    const size = received?.bytes.byteLength ?? 0;
    if (size > 0) this.#connection.send(this.id, (peer) => peer.streams.get(this.id)?.credit(size));
    return received;
  }

  protected transmit(bytes: Uint8Array, end: boolean): number {
    const taken = Math.min(bytes.byteLength, this.#creditBytes);
    const complete = taken === bytes.byteLength;
    if (taken > 0 || (complete && end)) {
      this.#creditBytes -= taken;
      const received = { bytes: bytes.slice(0, taken), end: complete && end };
      this.#connection.send(this.id, (peer) => peer.accept(this.id)?.arrive(received));
    }
    return taken;
  }

  protected abandon(code: number): void {
    this.#connection.send(this.id, (peer) => peer.abandoned(this.id, code));
  }

  protected release(): void {
    this.#inbox = [];
    this.#connection.forget(this.id);
  }
}
