import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { formatAddress, parseAddress } from "@redroom/sdk/protocol";
import { quicTransport, type Stream } from "@redroom/sdk/transport";
import { WebSocket, WebSocketServer } from "ws";
import { type TlsPair, TRUST_ONLY } from "../harness/certificate.ts";

export const MESSAGE_BYTES = 200;
/** The first byte of a connection's first message says what it is for; the server sends that message back. */
export const HELLO = { subscriber: 1, publisher: 2 } as const;

/** Messages of 200 bytes, and nothing else: no protocol, no login, no store. */
export interface BareConnection {
  send(message: Uint8Array): void;
  onMessage: (message: Uint8Array) => void;
  close(): void;
}

export interface BareTransport {
  /** @returns What `connect` takes. */
  listen(tls: TlsPair, onConnection: (connection: BareConnection) => void): Promise<string>;
  connect(address: string, tls: TlsPair): Promise<BareConnection>;
}

export type TransportName = "quic" | "ws";

/** Red Room's transport: one connection, one stream; a message every 200 bytes. */
const quic: BareTransport = {
  async listen(tls, onConnection) {
    const transport = quicTransport({ tls });
    const { address } = await transport.listen({}, (connection) => {
      connection.onStream = (stream) => onConnection(overStream(stream, () => connection.close()));
    });
    return formatAddress(address);
  },
  async connect(address) {
    const connection = await quicTransport().connect(parseAddress(address));
    void connection.closed.then((end) => {
      if (end.by !== "local") throw new Error(`the server's connection ended: ${end.reason}`, { cause: end.error });
    });
    return overStream(connection.openStream(), () => connection.close());
  },
};

function overStream(stream: Stream, close: () => void): BareConnection {
  let rest = new Uint8Array(0);
  const connection: BareConnection = {
    send: (message) => void stream.write(message),
    onMessage: () => {},
    close,
  };
  stream.handler = {
    onData(bytes) {
      const whole = rest.byteLength === 0 ? bytes : Buffer.concat([rest, bytes]);
      let start = 0;
      for (; start + MESSAGE_BYTES <= whole.byteLength; start += MESSAGE_BYTES) {
        connection.onMessage(whole.subarray(start, start + MESSAGE_BYTES));
      }
      rest = whole.slice(start);
    },
    onEnd() {},
    onReset() {},
    onDrain() {},
  };
  return connection;
}

/** The peer: WebSocket over TLS, as most would set it up; without compression, which 200 random bytes do not repay. */
const ws: BareTransport = {
  async listen({ certificate, privateKey }, onConnection) {
    const server = createServer({ cert: certificate, key: privateKey });
    new WebSocketServer({ server, perMessageDeflate: false }).on("connection", (socket) =>
      onConnection(overSocket(socket)),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `wss://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async connect(address, { certificate }) {
    const socket = new WebSocket(address, { ...TRUST_ONLY, ca: certificate, perMessageDeflate: false });
    const connection = overSocket(socket);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return connection;
  },
};

function overSocket(socket: WebSocket): BareConnection {
  const connection: BareConnection = {
    send: (message) => socket.send(message),
    onMessage: () => {},
    close: () => socket.close(),
  };
  socket.on("message", (message: Buffer) => connection.onMessage(message));
  return connection;
}

export const transports: Readonly<Record<TransportName, BareTransport>> = { quic, ws };
