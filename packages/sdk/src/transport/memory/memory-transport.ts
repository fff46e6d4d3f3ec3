import { RedRoomError } from "../../base/errors.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";
import { nextTurn } from "../../base/next-turn.ts";
import type { Address } from "../../protocol/address.ts";
import { aborted } from "../endings.ts";
import { guarded } from "../guarded.ts";
import type { Connection, ConnectOptions, Listener, ListenOptions, Transport } from "../transport.ts";
import { MemoryConnection, type MemorySettings } from "./memory-connection.ts";
import type { MemoryPath } from "./memory-path.ts";

export interface MemoryTransportOptions {
  /** Runs a turn of the network later, in the order asked for; `setImmediate` by default. */
  readonly schedule?: (turn: () => void) => void;
  /** Streams a peer may have open at a time; 256 by default. */
  readonly maxStreams?: number;
  /** Bytes a stream holds for a reader that does not read; 65,536 by default. */
  readonly streamWindowBytes?: number;
  readonly logger?: Logger;
}

const FIRST_FREE_PORT = 49_152;

/**
 * A network inside the process, with the behaviour of the real one and no clock: whoever shares the object can reach
 * each other by port. Deliveries happen in turns, in the order they were sent.
 */
export function memoryTransport(options: MemoryTransportOptions = {}): Transport {
  return new MemoryNetwork(options);
}

/** The transport, for whoever plays the network between the sides. */
export class MemoryNetwork implements Transport {
  readonly #listeners = new Map<number, MemoryListener>();
  readonly #settings: MemorySettings;
  readonly #schedule: (turn: () => void) => void;
  readonly #direct: MemoryPath = { carry: (_to, _lane, arrive) => this.#post(arrive) };
  #tasks: (() => void)[] = [];
  #clients = 0;

  constructor({
    schedule,
    maxStreams = 256,
    streamWindowBytes = 65_536,
    logger = silentLogger,
  }: MemoryTransportOptions) {
    this.#schedule = schedule ?? ((turn) => void nextTurn(turn));
    this.#settings = { maxStreams, streamWindowBytes, logger, post: (task) => this.#post(task) };
  }

  /** @param path What the connection's messages travel by. */
  async connect(
    address: Address,
    { signal }: ConnectOptions = {},
    path: MemoryPath = this.#direct,
  ): Promise<Connection> {
    return await new Promise((resolve, reject) => {
      const abort = () => reject(aborted("connect", signal?.reason));
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#post(() => {
        signal?.removeEventListener("abort", abort);
        if (signal?.aborted) return;
        const listener = this.#listeners.get(address.port);
        if (listener === undefined) {
          return reject(
            new RedRoomError(
              "UNREACHABLE",
              `unable to connect to ${address.host}:${address.port}; nobody listens there`,
              {
                retryable: true,
              },
            ),
          );
        }
        const clientAddress = path.clientAddress ?? `127.0.0.1:${FIRST_FREE_PORT + this.#clients++}`;
        const serverAddress = `${address.host}:${address.port}`;
        const { client, server } = MemoryConnection.pair(clientAddress, serverAddress, path, this.#settings);
        path.opened?.({ client, server });
        listener.accept(server);
        resolve(client);
      });
    });
  }

  async listen(
    { host = "127.0.0.1", port = 0 }: ListenOptions,
    onConnection: (connection: Connection) => void,
  ): Promise<MemoryListener> {
    if (this.#listeners.has(port)) {
      throw new RedRoomError("PORT_TAKEN", `unable to listen on ${host}:${port}; the port is taken`);
    }
    const free = port === 0 ? this.#freePort() : port;
    const listener = new MemoryListener({ host, port: free }, onConnection, this.#settings.logger, () =>
      this.#listeners.delete(free),
    );
    this.#listeners.set(free, listener);
    return listener;
  }

  #freePort(): number {
    let port = FIRST_FREE_PORT;
    while (this.#listeners.has(port)) port++;
    return port;
  }

  /** Tasks posted during a turn run in the next one. */
  #post(task: () => void): void {
    if (this.#tasks.push(task) === 1) this.#schedule(() => this.#turn());
  }

  #turn(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) task();
  }
}

export class MemoryListener implements Listener {
  readonly address: Address;
  readonly #connections = new Set<MemoryConnection>();
  readonly #onConnection: (connection: Connection) => void;
  readonly #logger: Logger;
  readonly #release: () => void;

  constructor(address: Address, onConnection: (connection: Connection) => void, logger: Logger, release: () => void) {
    this.address = address;
    this.#onConnection = onConnection;
    this.#logger = logger;
    this.#release = release;
  }

  accept(connection: MemoryConnection): void {
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    if (!guarded(this.#logger, "take a connection", () => this.#onConnection(connection))) connection.close();
  }

  /** The process is no more: its port is free, and nobody is told. */
  vanish(): void {
    this.#release();
    for (const connection of this.#connections) connection.vanish();
  }

  async close(code = 0, reason = ""): Promise<void> {
    this.#release();
    const open = [...this.#connections];
    for (const connection of open) connection.close(code, reason);
    await Promise.all(open.map((connection) => connection.closed));
  }
}
