import type { Logger } from "../../base/logger.ts";
import { NetworkStream, type Received } from "../stream.ts";
import { type NativeConnection, readQuicheFailure, SHUTDOWN_READ, SHUTDOWN_WRITE } from "./quiche.ts";

/** Everything is read through this one buffer and copied out, because the bytes are the handler's to keep. */
const READ_BUFFER = new Uint8Array(256 * 1024);
const NO_ROOM = READ_BUFFER.subarray(0, 0);

/** What a connection does for its streams. */
export interface StreamOwner {
  wantTurn(): void;
  wantDelivery(stream: QuicStream): void;
  wantFlush(stream: QuicStream): void;
  /** Probes the stream after everything received, until it need not be. */
  watch(stream: QuicStream): void;
  forget(stream: QuicStream): void;
}

/** A stream of quiche's under the logic that all networks share. */
export class QuicStream extends NetworkStream {
  readonly #connection: StreamOwner;
  readonly #native: NativeConnection;
  /** A probe met the peer's end; quiche may have forgotten the stream with it. */
  #endMet = false;

  constructor(connection: StreamOwner, native: NativeConnection, id: number, logger: Logger) {
    super(id, logger);
    this.#connection = connection;
    this.#native = native;
  }

  override pause(): void {
    super.pause();
    this.#connection.watch(this);
  }

  /**
   * Sees a reset that reading and writing would not: behind bytes that a paused handler does not want yet (an empty read
   * shows it), or, once the peer has ended, as its mere wish that we stop.
   *
   * @returns `false` when the stream need not be probed any more.
   */
  probe(): boolean {
    if (!this.paused && !this.halfClosed) return false;
    try {
      this.#native.streamCapacity(this.id);
      if (this.paused && !this.#endMet) this.#endMet = this.#native.streamRecv(this.id, NO_ROOM)?.[1] ?? false;
      return true;
    } catch (thrown) {
      this.#fail(thrown);
      return false;
    }
  }

  protected scheduleDelivery(): void {
    this.#connection.wantDelivery(this);
  }

  protected scheduleFlush(): void {
    this.#connection.wantFlush(this);
  }

  protected receive(): Received | undefined {
    if (this.#endMet) return { bytes: NO_ROOM, end: true };
    try {
      const read = this.#native.streamRecv(this.id, READ_BUFFER);
      if (read === null) return undefined;
      const [length, end] = read;
      if (end) this.#connection.watch(this);
      return { bytes: READ_BUFFER.slice(0, length), end };
    } catch (thrown) {
      this.#fail(thrown);
      return undefined;
    }
  }

  protected transmit(bytes: Uint8Array, end: boolean): number {
    try {
      return this.#native.streamSend(this.id, bytes, end) ?? 0;
    } catch (thrown) {
      this.#fail(thrown);
      return 0;
    }
  }

  protected abandon(code: number): void {
    for (const direction of [SHUTDOWN_READ, SHUTDOWN_WRITE]) {
      try {
        this.#native.streamShutdown(this.id, direction, code);
      } catch {
        // That direction is over already.
      }
    }
    this.#connection.wantTurn();
  }

  protected release(): void {
    this.#connection.forget(this);
  }

  /** The peer reset or stopped the stream; ending both directions here lets quiche forget it too. */
  #fail(thrown: unknown): void {
    const { name, code } = readQuicheFailure(thrown);
    // `Done`: nothing to read; `InvalidStreamState`: quiche has seen both ends already, and forgotten the stream.
    if (name === "Done" || name === "InvalidStreamState") return;
    this.abandon(code);
    this.failReset(code);
  }
}
