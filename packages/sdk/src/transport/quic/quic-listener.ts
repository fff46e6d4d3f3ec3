import { createPrivateKey, randomBytes, sign } from "node:crypto";
import type { Timer } from "../../base/clock.ts";
import type { Address } from "../../protocol/address.ts";
import { connectionLost } from "../endings.ts";
import type { Connection, ConnectionEnd, Listener } from "../transport.ts";
import { logKeys } from "./key-log.ts";
import {
  CONNECTION_ID_BYTES,
  isLongHeader,
  type LongHeader,
  MIN_INITIAL_BYTES,
  QUIC_V1,
  readLongHeader,
  TYPE_INITIAL,
  versionNegotiation,
} from "./packet-header.ts";
import { MAX_DATAGRAM_BYTES } from "./quic-config.ts";
import { QuicConnection } from "./quic-connection.ts";
import type { HostPort, QuicEndpoint } from "./quic-endpoint.ts";
import type { QuicOptions } from "./quic-options.ts";
import type { NativeConfig, Quiche } from "./quiche.ts";
import { refusal } from "./refusal.ts";
import { RetryTokens } from "./retry-token.ts";

const MIN_CLIENT_CHOSEN_ID_BYTES = 8;

/**
 * Takes connections at a UDP port. Nothing is kept for a client before it has shown, with the token of our Retry, that it
 * receives what is sent to its address.
 */
export class QuicListener implements Listener {
  readonly address: Address;
  readonly #endpoint: QuicEndpoint;
  readonly #quiche: Quiche;
  readonly #config: NativeConfig;
  readonly #options: QuicOptions;
  readonly #onConnection: (connection: Connection) => void;
  readonly #tokens: RetryTokens;
  readonly #connections = new Set<QuicConnection>();
  readonly #perHost = new Map<string, number>();
  #handshakes = 0;
  #closing: Promise<void> | undefined;

  constructor(
    address: Address,
    endpoint: QuicEndpoint,
    quiche: Quiche,
    config: NativeConfig,
    options: QuicOptions,
    onConnection: (connection: Connection) => void,
  ) {
    this.address = address;
    this.#endpoint = endpoint;
    this.#quiche = quiche;
    this.#config = config;
    this.#options = options;
    this.#onConnection = onConnection;
    this.#tokens = new RetryTokens(() => options.clock.monotonic());
    endpoint.onStranger = (datagram, from) => {
      try {
        this.#meet(datagram, from);
      } catch (error) {
        options.logger.debug({ error, from }, "a datagram was dropped");
      }
    };
  }

  sign(statement: Uint8Array): Uint8Array {
    const key = createPrivateKey(this.#options.tls?.privateKey ?? "");
    return new Uint8Array(sign(key.asymmetricKeyType === "ed25519" ? null : "sha256", statement, key));
  }

  /** Connections held, those in their handshake included. */
  get connections(): number {
    return this.#connections.size;
  }

  async close(code = 0, reason = ""): Promise<void> {
    this.#closing ??= this.#close(code, reason);
    await this.#closing;
  }

  async #close(code: number, reason: string): Promise<void> {
    this.#endpoint.onStranger = undefined;
    const open = [...this.#connections];
    for (const connection of open) connection.close(code, reason);
    await Promise.all(open.map((connection) => connection.closed));
    await this.#endpoint.close();
  }

  /** A datagram of no connection: only a client's first packet is worth an answer. */
  #meet(datagram: Buffer, from: HostPort): void {
    if (datagram.length < MIN_INITIAL_BYTES || !isLongHeader(datagram)) return;
    const header = readLongHeader(datagram);
    if (header === undefined || header.version === 0) return;
    if (header.version !== QUIC_V1) {
      this.#answer(versionNegotiation(header), from);
      return;
    }
    const { destinationId, sourceId } = header;
    if (header.type !== TYPE_INITIAL || destinationId.length < MIN_CLIENT_CHOSEN_ID_BYTES) return;
    const { token } = this.#quiche.Header.fromSlice(datagram, CONNECTION_ID_BYTES);
    if (token === undefined || token.byteLength === 0) {
      const connectionId = randomBytes(CONNECTION_ID_BYTES);
      const sealed = this.#tokens.seal({ ...from, connectionId }, destinationId);
      const packet = Buffer.alloc(MAX_DATAGRAM_BYTES);
      const length = this.#quiche.retry(sourceId, destinationId, connectionId, sealed, QUIC_V1, packet);
      this.#answer(packet.subarray(0, length), from);
      return;
    }
    const originalId = this.#tokens.open({ ...from, connectionId: destinationId }, token);
    if (originalId !== undefined) this.#accept(datagram, from, header, originalId);
  }

  #accept(datagram: Buffer, from: HostPort, header: LongHeader, originalId: Buffer): void {
    const connectionId = Buffer.from(header.destinationId);
    const { maxConnections, maxConnectionsPerAddress, maxHandshakes, handshakeTimeoutMs, clock } = this.#options;
    // Dropped, not refused: the client tries again by itself, and by then others are through.
    if (this.#handshakes >= maxHandshakes) return;
    const sameHost = this.#perHost.get(from.host) ?? 0;
    if (this.#connections.size >= maxConnections || sameHost >= maxConnectionsPerAddress) {
      this.#answer(refusal(header), from);
      return;
    }
    const native = this.#quiche.Connection.accept(connectionId, originalId, this.#endpoint.local, from, this.#config);
    logKeys(native, this.#options.keyLogFolder, connectionId);

    let handshaking = true;
    let deadline: Timer | undefined;
    const handshakeOver = () => {
      if (handshaking) this.#handshakes--;
      handshaking = false;
      deadline?.cancel();
    };
    const connection: QuicConnection = new QuicConnection({
      ...this.#options,
      keepAliveMs: this.#options.keepAliveMs,
      native,
      wire: this.#endpoint,
      side: "server",
      remote: from,
      admit: () => {
        handshakeOver();
        this.#onConnection(connection);
      },
      ended: (end: ConnectionEnd) => {
        handshakeOver();
        this.#endpoint.unroute(connectionId);
        this.#connections.delete(connection);
        const left = (this.#perHost.get(from.host) ?? 1) - 1;
        if (left === 0) this.#perHost.delete(from.host);
        else this.#perHost.set(from.host, left);
        this.#options.logger.debug({ from, end }, "a connection ended");
      },
    });
    this.#handshakes++;
    this.#connections.add(connection);
    this.#perHost.set(from.host, sameHost + 1);
    this.#endpoint.route(connectionId, connection);
    deadline = clock.setTimer(
      () => connection.abort(connectionLost(`its handshake took longer than ${handshakeTimeoutMs} ms`)),
      handshakeTimeoutMs,
    );
    connection.receive(datagram, from);
  }

  #answer(packet: Buffer, to: HostPort): void {
    const buffer = this.#endpoint.packetBuffer();
    this.#endpoint.send(buffer, packet.copy(buffer), to);
  }
}
