import type { Clock } from "../../base/clock.ts";
import { RedRoomError } from "../../base/errors.ts";
import type { Address } from "../../protocol/address.ts";
import { aborted } from "../../transport/endings.ts";
import type { Side } from "../../transport/memory/memory-path.ts";
import { type MemoryListener, MemoryNetwork } from "../../transport/memory/memory-transport.ts";
import type { Connection, ConnectOptions, Listener, ListenOptions, Transport } from "../../transport/transport.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { type Notices, SimulatedPath } from "./simulated-path.ts";

export interface SimulatedNetworkOptions {
  /** Nothing happens unless it moves: a `ManualClock`, one timer at a time, so that promises run in between. */
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** Each message on one way takes so long: 1 to 40 by default. Streams overtake each other; a stream keeps its order. */
  readonly delayMs?: readonly [shortest: number, longest: number];
  /** How often the end of a connection overtakes what was sent before it, which is then lost; 0 by default. */
  readonly hastyEndRate?: number;
  /** Streams a peer may have open at a time; 256 by default. */
  readonly maxStreams?: number;
}

const DIAL_TIMEOUT_MS = 10_000;

/**
 * A network inside the process whose time and faults the test owns. Hosts dial and listen as over any transport; between
 * them bytes are late, held back or gone, as a seed and the test decide.
 *
 * @example
 * const network = new SimulatedNetwork({ clock, random: new SeededRandom(7) });
 * const server = network.host("server");
 * const listener = await server.listen({ port: 4433 }, onConnection);
 * const connecting = network.host("anna").connect(listener.address);
 * await clock.advanceAsync(1_000);
 */
export class SimulatedNetwork {
  readonly #options: SimulatedNetworkOptions;
  readonly #memory: MemoryNetwork;
  /** Who listens at a port. */
  readonly #listening = new Map<number, HostState>();
  #hosts = 0;

  constructor(options: SimulatedNetworkOptions) {
    const { clock, maxStreams } = options;
    this.#options = options;
    this.#memory = new MemoryNetwork({
      schedule: (turn) => void clock.setTimer(turn, 0),
      ...(maxStreams !== undefined && { maxStreams }),
    });
  }

  /** A new machine, with an address of its own and one process on it. */
  host(name: string): SimulatedHost {
    const { clock, random, delayMs = [1, 40], hastyEndRate = 0 } = this.#options;
    this.#hosts += 1;
    return new SimulatedHost(name, `10.0.${this.#hosts >>> 8}.${this.#hosts & 255}`, {
      memory: this.#memory,
      listening: this.#listening,
      clock,
      random,
      delayMs,
      hastyEndRate,
    });
  }
}

/** What the hosts of a network share. */
interface HostWorld extends Required<Pick<SimulatedNetworkOptions, "clock" | "random" | "delayMs" | "hastyEndRate">> {
  readonly memory: MemoryNetwork;
  readonly listening: Map<number, HostState>;
}

/** What the network sees of a host. */
interface HostState {
  readonly paths: Map<SimulatedPath, Side>;
  readonly cut: { in: boolean; out: boolean };
  refusesDials: boolean;
}

/** A machine of the simulated network. */
export class SimulatedHost implements Transport {
  readonly name: string;
  readonly #ip: string;
  readonly #world: HostWorld;
  readonly #state: HostState = { paths: new Map(), cut: { in: false, out: false }, refusesDials: false };
  readonly #listeners = new Set<MemoryListener>();
  #dials = 0;
  #dead = false;

  /** @internal */
  constructor(name: string, ip: string, world: HostWorld) {
    this.name = name;
    this.#ip = ip;
    this.#world = world;
  }

  /** Whether dials that reach this host are refused with `TOO_MANY_CONNECTIONS`; `false` by default. */
  get refusesDials(): boolean {
    return this.#state.refusesDials;
  }

  set refusesDials(refuses: boolean) {
    this.#state.refusesDials = refuses;
  }

  async listen(options: ListenOptions, onConnection: (connection: Connection) => void): Promise<Listener> {
    const { memory, listening } = this.#world;
    const listener = await memory.listen(options, onConnection);
    const { port } = listener.address;
    this.#listeners.add(listener);
    listening.set(port, this.#state);
    return {
      address: listener.address,
      close: (code, reason) => {
        this.#listeners.delete(listener);
        if (listening.get(port) === this.#state) listening.delete(port);
        return listener.close(code, reason);
      },
    };
  }

  /** A port where nobody listens looks like a network that swallows everything: only the deadline ends the attempt. */
  async connect(address: Address, { signal, timeoutMs = DIAL_TIMEOUT_MS }: ConnectOptions = {}): Promise<Connection> {
    const path = this.#newPath(address);
    return await new Promise((resolve, reject) => {
      const giveUp = (error: RedRoomError): void => {
        signal?.removeEventListener("abort", onAbort);
        path.vanish("client");
        reject(error);
      };
      const onAbort = (): void => {
        deadline.cancel();
        giveUp(aborted("connect", signal?.reason));
      };
      const deadline = this.#world.clock.setTimer(() => giveUp(timedOut(address, timeoutMs)), timeoutMs);
      if (signal?.aborted || this.#dead) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle = (): void => {
        deadline.cancel();
        signal?.removeEventListener("abort", onAbort);
      };
      void this.#dial(address, path).then(
        (connection) => {
          settle();
          resolve(connection);
          path.handOver();
        },
        (error: RedRoomError) => {
          settle();
          path.vanish("client");
          reject(error);
        },
      );
    });
  }

  /** The process is killed: it does nothing more and nobody is told. Its peers hear nothing until they ask. */
  crash(): void {
    this.#dead = true;
    for (const listener of this.#listeners) listener.vanish();
    for (const [port, host] of this.#world.listening) if (host === this.#state) this.#world.listening.delete(port);
    for (const [path, side] of [...this.#state.paths]) path.vanish(side);
  }

  /** Holds back everything that comes or goes, or one of both. Nobody is told; `heal` lets it travel on. */
  partition(way?: "in" | "out"): void {
    if (way !== "out") this.#state.cut.in = true;
    if (way !== "in") this.#state.cut.out = true;
  }

  heal(): void {
    this.#state.cut.in = false;
    this.#state.cut.out = false;
    for (const path of this.#state.paths.keys()) {
      path.release("client");
      path.release("server");
    }
  }

  /** All connections of this host fail; each side notices it in its own way. */
  loseConnections(notices: { readonly here: Notices; readonly there: Notices }): void {
    for (const [path, side] of [...this.#state.paths]) {
      path.lose(side, notices.here);
      path.lose(side === "client" ? "server" : "client", notices.there);
    }
  }

  #newPath(address: Address): SimulatedPath {
    const { listening, clock, random, delayMs, hastyEndRate } = this.#world;
    let server = listening.get(address.port);
    this.#dials += 1;
    const path = new SimulatedPath(`${this.#ip}:${40_000 + this.#dials}`, {
      clock,
      random,
      delayMs,
      hastyEndRate,
      cut: (to) => {
        server ??= listening.get(address.port);
        const [from, at] = to === "server" ? [this.#state, server] : [server, this.#state];
        return from?.cut.out === true || at?.cut.in === true;
      },
      over: () => {
        this.#state.paths.delete(path);
        server?.paths.delete(path);
      },
    });
    this.#state.paths.set(path, "client");
    server?.paths.set(path, "server");
    return path;
  }

  async #dial(address: Address, path: SimulatedPath): Promise<Connection> {
    await path.dial("server");
    const server = this.#world.listening.get(address.port);
    if (server === undefined) return await new Promise(() => {}); // until the deadline
    if (server.refusesDials) throw refused(address);
    server.paths.set(path, "server");
    const connection = await this.#world.memory.connect(address, {}, path);
    await path.dial("client");
    return connection;
  }
}

const timedOut = ({ host, port }: Address, timeoutMs: number): RedRoomError =>
  new RedRoomError("TIMEOUT", `unable to connect to ${host}:${port}; no answer within ${timeoutMs} ms`, {
    retryable: true,
  });

const refused = ({ host, port }: Address): RedRoomError =>
  new RedRoomError("TOO_MANY_CONNECTIONS", `unable to connect to ${host}:${port}; it takes no further connection now`, {
    retryable: true,
  });
