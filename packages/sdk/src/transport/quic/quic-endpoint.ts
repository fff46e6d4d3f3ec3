import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { RedRoomError } from "../../base/errors.ts";
import { keyOf, routingKey } from "./packet-header.ts";
import { MAX_DATAGRAM_BYTES } from "./quic-config.ts";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What an endpoint does for a connection. */
export interface Wire {
  readonly local: HostPort;
  /** Gives the connection a part in the next turn. */
  schedule(connection: Turner): void;
  /** A buffer for one packet; hand it to `send` or back to `recycle`. */
  packetBuffer(): Buffer;
  send(packet: Buffer, length: number, to: HostPort): void;
  recycle(packet: Buffer): void;
}

/** What a connection does in a turn: first all deliver, then all send, so that answers of one turn travel together. */
export interface Turner {
  deliver(): void;
  transmit(): void;
  /** One of the two threw, which none should: the connection ends, the others go on. */
  crash(thrown: unknown): void;
}

interface Route extends Turner {
  receive(datagram: Buffer, from: HostPort): void;
}

const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;

/** One UDP socket and the connections on it: routes what arrives, and runs turns for those with something to do. */
export class QuicEndpoint implements Wire {
  readonly local: HostPort;
  readonly #socket: Socket;
  readonly #dialed: boolean;
  readonly #routes = new Map<string, Route>();
  readonly #spare: Buffer[] = [];
  #due = new Set<Turner>();
  #turnScheduled = false;
  #closed = false;
  /** Datagrams of no connection here. */
  onStranger: ((datagram: Buffer, from: HostPort) => void) | undefined;
  /** The network said that nobody is there; only a dialed endpoint can hear that. */
  onRefused: (() => void) | undefined;

  private constructor(socket: Socket, dialed: boolean) {
    this.#socket = socket;
    this.#dialed = dialed;
    const { address, port } = socket.address();
    this.local = { host: address, port };
    socket.on("message", (datagram, from) => this.#receive(datagram, from));
    socket.on("error", () => this.onRefused?.());
  }

  /** @throws {RedRoomError} `PORT_TAKEN`, `ADDRESS_UNAVAILABLE`. */
  static async bind(host: string, port: number): Promise<QuicEndpoint> {
    const socket = openSocket(host);
    try {
      await settled(socket, "listening", () => socket.bind(port, host));
    } catch (cause) {
      socket.close();
      throw bindError(host, port, cause);
    }
    return new QuicEndpoint(socket, false);
  }

  /** A socket that hears one peer only, also that nobody is there. @throws {RedRoomError} `UNREACHABLE`. */
  static async dial(host: string, port: number): Promise<QuicEndpoint> {
    const socket = openSocket(host);
    try {
      await settled(socket, "connect", () => socket.connect(port, host));
    } catch (cause) {
      socket.close();
      throw unreachable(host, port, cause);
    }
    return new QuicEndpoint(socket, true);
  }

  get connections(): number {
    return this.#routes.size;
  }

  route(connectionId: Buffer, connection: Route): void {
    this.#routes.set(keyOf(connectionId), connection);
  }

  unroute(connectionId: Buffer): void {
    this.#routes.delete(keyOf(connectionId));
  }

  schedule(connection: Turner): void {
    this.#due.add(connection);
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => this.#turn());
  }

  packetBuffer(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(MAX_DATAGRAM_BYTES);
  }

  recycle(packet: Buffer): void {
    this.#spare.push(packet);
  }

  /** Without a callback: a datagram that cannot be sent is a lost one, and QUIC sends it again. */
  send(packet: Buffer, length: number, to: HostPort): void {
    if (this.#closed) return;
    if (this.#dialed) this.#socket.send(packet, 0, length);
    else this.#socket.send(packet, 0, length, to.port, to.host);
    // Nothing queued means that the kernel has its copy already: the buffer is ours again.
    if (this.#socket.getSendQueueCount() === 0) this.#spare.push(packet);
  }

  /** Resolves when everything sent has left and the port is free. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#socket.getSendQueueCount() > 0) await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      this.#socket.close(() => resolve());
    });
  }

  #receive(datagram: Buffer, { address, port }: RemoteInfo): void {
    const from = { host: address, port };
    const key = routingKey(datagram);
    const connection = key === undefined ? undefined : this.#routes.get(key);
    if (connection !== undefined) connection.receive(datagram, from);
    else this.onStranger?.(datagram, from);
  }

  #turn(): void {
    for (const connection of [...this.#due]) attempt(connection, () => connection.deliver());
    const due = this.#due;
    this.#due = new Set();
    this.#turnScheduled = false;
    for (const connection of due) attempt(connection, () => connection.transmit());
  }
}

function attempt(connection: Turner, step: () => void): void {
  try {
    step();
  } catch (thrown) {
    connection.crash(thrown);
  }
}

function openSocket(host: string): Socket {
  const family = isIPv6(host) ? 6 : 4;
  return createSocket({
    type: family === 6 ? "udp6" : "udp4",
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
    // Addresses are resolved before; asking again for every datagram would cost a turn each.
    lookup: (address, _options, callback) => callback(null, address, family),
  });
}

async function settled(socket: Socket, event: "listening" | "connect", start: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once(event, () => {
      socket.off("error", reject);
      resolve();
    });
    start();
  });
}

const errorCode = (thrown: unknown): unknown => (thrown as NodeJS.ErrnoException | undefined)?.code;

function bindError(host: string, port: number, cause: unknown): RedRoomError {
  return errorCode(cause) === "EADDRINUSE"
    ? new RedRoomError("PORT_TAKEN", `unable to listen on ${host}:${port}; the port is taken`, {
        cause,
        remedy: "stop the other program or choose another port",
      })
    : new RedRoomError(
        "ADDRESS_UNAVAILABLE",
        `unable to listen on ${host}:${port}; ${String(errorCode(cause) ?? cause)}`,
        {
          cause,
          remedy: "choose an address of this machine, and a port that you may use",
        },
      );
}

export const unreachable = (host: string, port: number, cause: unknown): RedRoomError =>
  new RedRoomError(
    "UNREACHABLE",
    `unable to connect to ${host}:${port}; ${String(errorCode(cause) ?? "nobody answers there")}`,
    {
      cause,
      retryable: true,
      remedy: "check the address, and that the server runs and its UDP port is open",
    },
  );
