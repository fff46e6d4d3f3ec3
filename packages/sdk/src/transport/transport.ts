import type { RedRoomError } from "../base/errors.ts";
import type { Address } from "../protocol/address.ts";

/**
 * The seam between Red Room and the network. A transport dials and listens; a connection carries ordered, reliable,
 * independent streams. The suite `transportContract` in `@redroom/sdk/testing` holds every implementation to this page.
 */
export interface Transport {
  /**
   * Resolves once the peer is verified and streams can be opened. Nothing of ours is sent before.
   *
   * @throws {RedRoomError} `UNREACHABLE` or `TIMEOUT` (deadline over), `PIN_MISMATCH`, `CERTIFICATE_INVALID`,
   * `CERTIFICATE_EXPIRED`, `TOO_MANY_CONNECTIONS` (retryable), `VERSION_UNSUPPORTED`, `ABORTED` (signal).
   */
  connect(address: Address, options?: ConnectOptions): Promise<Connection>;

  /**
   * Resolves once connections are accepted. `onConnection` MUST be called once per verified connection, and the
   * handler it returns receives everything of that connection.
   *
   * @throws {RedRoomError} `PORT_TAKEN`, `ADDRESS_UNAVAILABLE`, `CERTIFICATE_EXPIRED`, `CERTIFICATE_INVALID`.
   */
  listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener>;
}

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** How long the attempt may take; 10,000 by default. */
  readonly timeoutMs?: number;
}

export interface ListenOptions {
  /** An IP address or `localhost`; `127.0.0.1` by default. */
  readonly host?: string;
  /** 0 (the default) takes any free port. */
  readonly port?: number;
}

export interface Listener {
  /** What clients dial, with the real port and, where the transport has one, the pin. */
  readonly address: Address;
  /** Signs with the private key that the address pins, where there is one: with SHA-256, unless it is an Ed25519 key. */
  readonly sign?: ((statement: Uint8Array) => Uint8Array) | undefined;
  /** Refuses new connections, closes the open ones with `code` and `reason`, frees the port. Idempotent. */
  close(code?: number, reason?: string): Promise<void>;
}

export interface Connection {
  /** `host:port` of the peer, for logs and limits per address. */
  readonly remoteAddress: string;
  /** The public key that the peer has proved to hold (SubjectPublicKeyInfo, DER), where the transport verifies one. */
  readonly peerKey?: Uint8Array | undefined;
  /**
   * Streams the peer opens. MUST be set in the turn in which the connection is handed over; none is lost before. A
   * stream that arrives while it is not set is reset.
   */
  onStream: ((stream: Stream) => void) | undefined;
  /** Resolves, once and never rejects, when nothing more will happen on this connection. */
  readonly closed: Promise<ConnectionEnd>;
  /**
   * Opens a stream in both directions. The peer notices it with the first write.
   *
   * @throws {RedRoomError} `TOO_MANY_STREAMS` (retryable) when the peer allows no further one now; `CONNECTION_CLOSED`.
   */
  openStream(): Stream;
  /**
   * Ends the connection and all its streams at once. What is queued is handed to the network first but not awaited:
   * to be sure of delivery, `end()` the streams and wait for the peer to end them too. Idempotent.
   */
  close(code?: number, reason?: string): void;
}

export interface ConnectionEnd {
  /** Who ended it: we, the peer, or nobody (`lost`: timeout, network gone). */
  readonly by: "local" | "peer" | "lost";
  /** The application's code as given to `close`; 0 when there is none. */
  readonly code: number;
  readonly reason: string;
  /** Set unless the end was an orderly one with code 0. */
  readonly error: RedRoomError | undefined;
}

/**
 * Ordered bytes in two directions, each with an end of its own (half-close).
 *
 * - Bytes written arrive once, in order, or the stream is reset.
 * - `write` never fails and never blocks; `false` asks the caller to wait for `onDrain`. A caller that ignores it costs
 *   memory, not correctness.
 * - After `pause()`, at most one flow-control window of the peer's bytes is held; the peer's `write` then returns `false`.
 * - Callbacks are never called from within a method of the stream.
 */
export interface Stream {
  /** Unique within the connection and the same number on both sides. */
  readonly id: number;
  /** Bytes accepted by `write` and not yet taken by the network. */
  readonly bufferedBytes: number;
  /** Where data and endings go. MUST be set once, in the turn in which the stream is opened or handed over. */
  handler: StreamHandler | undefined;
  /**
   * The stream keeps the reference: do not change the bytes afterwards.
   *
   * @returns `false` once `bufferedBytes` exceeds the high-water mark (64 KiB); `onDrain` follows.
   * @throws {RedRoomError} `STREAM_CLOSED` after `end()`. After a reset it does nothing and returns `false`.
   */
  write(bytes: Uint8Array): boolean;
  /** Ends our direction after everything written; the peer's goes on. Idempotent. */
  end(): void;
  /**
   * Ends both directions at once; what is queued is dropped, the peer's `onReset` is called, and our own handler's
   * callbacks are not. Idempotent.
   */
  reset(code?: number): void;
  /** Stops `onData`; bytes stay in the flow-control window. Endings behind the bytes wait too; a reset does not. */
  pause(): void;
  resume(): void;
}

/** No callback follows `onReset`, nor both `onEnd` and our own `end()`. */
export interface StreamHandler {
  /** The bytes are the handler's to keep. */
  onData(bytes: Uint8Array): void;
  /** The peer ended its direction and all its bytes were handed over. */
  onEnd(): void;
  /**
   * The stream ended before its time: `STREAM_RESET` by the peer, the connection's end, or `INTERNAL` when a callback of
   * this handler threw, which costs it its stream and nobody else anything.
   *
   * @param code As given to the peer's `reset`, where that is what ended the stream.
   */
  onReset(error: RedRoomError, code?: number): void;
  /** `bufferedBytes` fell to half of the high-water mark after `write` had returned `false`. */
  onDrain(): void;
}
