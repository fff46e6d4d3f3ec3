import { performance } from "node:perf_hooks";
import { type RedRoomError, toRedRoomError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { closedBy, connectionClosed, connectionLost, lost, streamErrorOf, tooManyStreams } from "../endings.ts";
import { guarded } from "../guarded.ts";
import type { Connection, ConnectionEnd, Stream } from "../transport.ts";
import type { HostPort, Turner, Wire } from "./quic-endpoint.ts";
import { QuicStream, type StreamOwner } from "./quic-stream.ts";
import { type NativeConnection, readQuicheFailure, transportError } from "./quiche.ts";

export interface QuicConnectionSettings {
  readonly native: NativeConnection;
  readonly wire: Wire;
  readonly side: "client" | "server";
  readonly remote: HostPort;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number | undefined;
  readonly logger: Logger;
  /** Called once the handshake is complete and before anything of ours is sent; the peer is refused when it throws. */
  readonly admit: (connection: QuicConnection) => void;
  /** Called once, when the connection is over and forgotten by itself. */
  readonly ended: (end: ConnectionEnd) => void;
}

/** Packets of one connection in one turn; a congestion window larger than this goes on in the next turn. */
const MAX_PACKETS_PER_TURN = 256;
/** A turn that reaches the limit with packets smaller than this on average is not sending data but running in circles. */
const HONEST_PACKET_BYTES = 256;
const MAX_RUNAWAY_TURNS = 3;
const MAX_REASON_BYTES = 512;
const NOTHING = new Uint8Array(0);

/** One connection of quiche's: its streams, its timer and its end. */
export class QuicConnection implements Connection, Turner, StreamOwner {
  readonly remoteAddress: string;
  readonly closed: Promise<ConnectionEnd>;
  onStream: ((stream: Stream) => void) | undefined;
  /** Set by who has verified it. */
  peerKey: Uint8Array | undefined;
  readonly #native: NativeConnection;
  readonly #settings: QuicConnectionSettings;
  readonly #wire: Wire;
  readonly #streams = new Map<number, QuicStream>();
  #deliveries = new Set<QuicStream>();
  #flushes = new Set<QuicStream>();
  /** Streams of which the network took less than they have; the first of the next turn is the last of this one. */
  readonly #blocked = new Set<QuicStream>();
  readonly #watched = new Set<QuicStream>();
  #nextId: number;
  #admitted = false;
  #received = false;
  #closing: { readonly code: number; readonly reason: string; readonly error?: RedRoomError } | undefined;
  #ended = false;
  #runawayTurns = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = 0;
  #deadline = Number.POSITIVE_INFINITY;
  #lastSentAt = performance.now();
  #resolveClosed: (end: ConnectionEnd) => void = () => {};

  constructor(settings: QuicConnectionSettings) {
    this.#settings = settings;
    this.#native = settings.native;
    this.#wire = settings.wire;
    this.#nextId = settings.side === "client" ? 0 : 1;
    const { host, port } = settings.remote;
    this.remoteAddress = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  openStream(): Stream {
    if (this.#closing !== undefined || this.#ended) throw connectionClosed("no stream can be opened any more");
    const id = this.#nextId;
    try {
      this.#native.streamSend(id, NOTHING, false);
    } catch (thrown) {
      if (readQuicheFailure(thrown).name === "StreamLimit") throw tooManyStreams(this.#streams.size);
      throw connectionLost("quiche refused to open a stream", thrown);
    }
    this.#nextId += 4;
    return this.#add(id);
  }

  close(code = 0, reason = ""): void {
    this.#closing ??= { code, reason };
    this.wantTurn();
  }

  /** Ends the connection with an error of ours, which the peer sees as `code`. */
  abort(error: RedRoomError, code = 0): void {
    this.#closing ??= { code, reason: error.code, error };
    this.wantTurn();
  }

  /**
   * A datagram for this connection. quiche closes it by itself when a peer that it has verified sends nonsense.
   *
   * A peer that comes from another address is not heard: quiche 0.18 would follow it, but may never send again what was on
   * its way to the old one, so that a stream stands still while others go on. A connection that dies is noticed, and made
   * again.
   */
  receive(datagram: Buffer, from: HostPort): void {
    const { side, remote } = this.#settings;
    if (side === "server" && (from.port !== remote.port || from.host !== remote.host)) return;
    try {
      this.#native.recv(datagram, { from, to: this.#wire.local });
    } catch {
      // One bad packet costs one packet.
    }
    this.#received = true;
    this.wantTurn();
  }

  wantTurn(): void {
    if (!this.#ended) this.#wire.schedule(this);
  }

  wantDelivery(stream: QuicStream): void {
    this.#deliveries.add(stream);
    this.wantTurn();
  }

  wantFlush(stream: QuicStream): void {
    this.#flushes.add(stream);
    this.wantTurn();
  }

  watch(stream: QuicStream): void {
    this.#watched.add(stream);
  }

  forget(stream: QuicStream): void {
    this.#streams.delete(stream.id);
    this.#deliveries.delete(stream);
    this.#flushes.delete(stream);
    this.#blocked.delete(stream);
    this.#watched.delete(stream);
  }

  /** The first half of a turn: what arrived goes to the streams. */
  deliver(): void {
    if (this.#ended) return;
    if (!this.#admitted) {
      this.#admit();
      return;
    }
    const deliveries = this.#deliveries;
    this.#deliveries = new Set();
    for (const stream of deliveries) stream.deliver();
    if (!this.#received) return;
    this.#received = false;
    if (this.#native.isReadable()) {
      for (const id of this.#native.readable()) (this.#streams.get(id) ?? this.#accept(id))?.deliver();
    }
    for (const stream of this.#watched) if (!stream.probe()) this.#watched.delete(stream);
    for (const stream of this.#blocked) this.#flushes.add(stream);
  }

  /** The second half of a turn: what was written goes to the network. */
  transmit(): void {
    if (this.#ended) return;
    if (this.#admitted) this.#flush();
    this.#sendPackets();
    if (this.#closing !== undefined && !this.#ended) this.#sendClose(this.#closing);
    if (!this.#ended && (this.#native.isDraining() || this.#native.isClosed())) this.#finish(this.#readEnd());
    if (this.#ended) return;
    this.#setDeadline();
    if (this.#deliveries.size > 0 || this.#flushes.size > 0) this.wantTurn();
  }

  crash(thrown: unknown): void {
    this.#settings.logger.error({ error: thrown, remote: this.remoteAddress }, "a connection failed in its turn");
    this.#finish(lost(toRedRoomError(thrown, "INTERNAL", `go on with the connection with ${this.remoteAddress}`)));
  }

  /** Streams are delivered from the next turn on, when whoever waited for the connection has seen it. */
  #admit(): void {
    const native = this.#native;
    if (!native.isEstablished() || native.isDraining() || this.#closing !== undefined) return;
    this.#admitted = true;
    if (!guarded(this.#settings.logger, "take a connection", () => this.#settings.admit(this))) this.close();
    setImmediate(() => this.wantTurn());
  }

  #accept(id: number): QuicStream | undefined {
    if (id % 4 === this.#nextId % 4) return undefined;
    const stream = this.#add(id);
    const accepted = guarded(this.#settings.logger, "take a stream", () => this.onStream?.(stream));
    if (!accepted || this.onStream === undefined) stream.reset();
    return stream;
  }

  #add(id: number): QuicStream {
    const stream = new QuicStream(this, this.#native, id, this.#settings.logger);
    this.#streams.set(id, stream);
    return stream;
  }

  #flush(): void {
    const flushes = this.#flushes;
    this.#flushes = new Set();
    for (const stream of flushes) {
      this.#blocked.delete(stream);
      stream.flush();
      if (stream.blocked) this.#blocked.add(stream);
    }
    const [first] = this.#blocked;
    if (first !== undefined && this.#blocked.size > 1) {
      this.#blocked.delete(first);
      this.#blocked.add(first);
    }
  }

  /** quiche 0.18 can be driven into returning packets for ever, so a turn is bounded. */
  #sendPackets(): void {
    let bytes = 0;
    for (let count = 0; count < MAX_PACKETS_PER_TURN; count++) {
      const sent = this.#sendPacket();
      if (sent === 0) {
        this.#runawayTurns = 0;
        return;
      }
      bytes += sent;
    }
    this.#runawayTurns = bytes < MAX_PACKETS_PER_TURN * HONEST_PACKET_BYTES ? this.#runawayTurns + 1 : 0;
    if (this.#runawayTurns < MAX_RUNAWAY_TURNS) {
      this.wantTurn();
      return;
    }
    this.#finish(
      lost(connectionLost(`it sent ${MAX_PACKETS_PER_TURN} small packets in each of ${MAX_RUNAWAY_TURNS} turns`)),
    );
  }

  /** @returns the packet's size, 0 when there is nothing to send now. */
  #sendPacket(): number {
    const packet = this.#wire.packetBuffer();
    try {
      const sent = this.#native.send(packet);
      if (sent !== null) {
        this.#wire.send(packet, sent[0], sent[1].to);
        this.#lastSentAt = performance.now();
        return sent[0];
      }
    } catch {
      // quiche cannot go on; its timers end the connection.
    }
    this.#wire.recycle(packet);
    return 0;
  }

  #sendClose({ code, reason, error }: { code: number; reason: string; error?: RedRoomError }): void {
    try {
      this.#native.close(true, code, Buffer.from(reason).subarray(0, MAX_REASON_BYTES));
    } catch {
      // It is closing already.
    }
    for (let count = 0; count < MAX_RUNAWAY_TURNS && this.#sendPacket() > 0; count++);
    const end = this.#native.peerError() === null ? closedBy("local", code, reason) : this.#readEnd();
    this.#finish(error === undefined ? end : { ...end, error });
  }

  #readEnd(): ConnectionEnd {
    const native = this.#native;
    const peer = native.peerError();
    const doing = `${this.#admitted ? "stay connected" : "connect"} with ${this.remoteAddress}`;
    if (peer !== null) {
      const reason = Buffer.from(peer.reason).toString();
      if (peer.isApp || peer.errorCode === 0) return closedBy("peer", peer.errorCode, reason);
      return { by: "peer", code: 0, reason, error: transportError(doing, "peer", peer.errorCode) };
    }
    const local = native.localError();
    if (local !== null)
      return { by: "local", code: 0, reason: "", error: transportError(doing, "local", local.errorCode) };
    return lost(connectionLost(`nothing was heard of ${this.remoteAddress} for ${this.#settings.idleTimeoutMs} ms`));
  }

  #finish(end: ConnectionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const stream of [...this.#streams.values()]) stream.fail(streamErrorOf(end));
    this.#settings.ended(end);
    this.#resolveClosed(end);
  }

  /** The timer is set anew only when the deadline moves nearer: most deadlines move away before they are reached. */
  #setDeadline(): void {
    const now = performance.now();
    const timeoutMs = this.#native.timeout();
    this.#deadline = timeoutMs === null ? Number.POSITIVE_INFINITY : now + timeoutMs + 1;
    const { keepAliveMs } = this.#settings;
    if (keepAliveMs !== undefined && this.#admitted) {
      this.#deadline = Math.min(this.#deadline, this.#lastSentAt + keepAliveMs);
    }
    if (this.#deadline === Number.POSITIVE_INFINITY) return;
    if (this.#timer === undefined || this.#deadline < this.#timerAt - 0.5) this.#setTimer(now);
  }

  #setTimer(now: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = this.#deadline;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#deadline - now));
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = undefined;
    const now = performance.now();
    if (this.#deadline - now > 0.5) {
      if (this.#deadline < Number.POSITIVE_INFINITY) this.#setTimer(now);
      return;
    }
    const { keepAliveMs } = this.#settings;
    try {
      if (keepAliveMs !== undefined && now - this.#lastSentAt >= keepAliveMs) this.#native.sendAckEliciting();
      this.#native.onTimeout();
    } catch {
      // A timeout of a connection that quiche has closed.
    }
    for (const stream of this.#blocked) this.#flushes.add(stream);
    this.wantTurn();
  }
}
