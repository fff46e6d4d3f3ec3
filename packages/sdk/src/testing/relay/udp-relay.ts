import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type Clock, systemClock } from "../../base/clock.ts";
import { RedRoomError } from "../../base/errors.ts";
import { type Address, formatAddress, parseAddress } from "../../protocol/address.ts";
import { type CapturedPeer, PcapFile } from "./pcap-file.ts";
import { CLEAR, checkConditions, type RelayConditions } from "./relay-conditions.ts";
import { type RelayCounters, RelayWay } from "./relay-way.ts";

/** The direction of a datagram. */
export type Way = "toServer" | "toClient";

export interface UdpRelayOptions {
  /** For both ways, from the beginning; see `change`. */
  readonly conditions?: Partial<RelayConditions>;
  /** From 0 up to 1: decides every fate; `Math.random` by default. */
  readonly random?: () => number;
  /** Measures the delays; the system's by default. */
  readonly clock?: Clock;
  /** Where to write a capture (pcap) of both sides of the relay, as tcpdump on the loopback would see it. */
  readonly pcap?: string;
}

/** A socket that the server knows a client by. */
interface Upstream {
  readonly socket: Socket;
  /** 0 until it is bound. */
  port: number;
}

interface RelayedClient {
  readonly port: number;
  upstream: Upstream;
  lastSeen: number;
  readonly toServer: { lastDue: number };
  readonly toClient: { lastDue: number };
}

const HOST = "127.0.0.1";
/** A client that has sent nothing for so long gives its socket back. */
const IDLE_MS = 120_000;

/**
 * A bad network on the loopback, between real clients and a real server: loss, delay, jitter, reordering, duplication,
 * corruption, partitions, and changes of the address that the server sees. Each client has a socket of its own towards
 * the server.
 *
 * @example
 * await using relay = await UdpRelay.to(address, { conditions: { lossRate: 0.05, delayMs: 25 } });
 * const client = await RedRoomClient.connect(relay.url, { auth });
 * relay.partition();
 * relay.heal();
 */
export class UdpRelay {
  /** What clients dial: the server's address with the relay's port. */
  readonly address: Address;
  /** The same in the form that `RedRoomClient.connect` takes. */
  readonly url: string;
  /** Sees every datagram first; one for which it returns `false` is stopped. */
  filter: (datagram: Buffer, way: Way) => boolean = () => true;
  readonly #target: CapturedPeer;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #ways: Readonly<Record<Way, RelayWay>>;
  readonly #pcap: PcapFile | undefined;
  readonly #clients = new Map<number, RelayedClient>();
  #latest: RelayedClient | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Resolves once the relay takes datagrams.
   *
   * @param server Its address, as it printed it or parsed; on the IPv4 loopback.
   * @throws {RedRoomError} `ADDRESS_INVALID`, `OPTIONS_INVALID`.
   */
  static async to(server: Address | string, options: UdpRelayOptions = {}): Promise<UdpRelay> {
    const address = typeof server === "string" ? parseAddress(server) : server;
    if (address.host !== HOST && address.host !== "localhost") {
      throw new RedRoomError("OPTIONS_INVALID", `unable to relay to ${address.host}; it is not the IPv4 loopback`);
    }
    checkConditions({ ...CLEAR, ...options.conditions });
    const socket = createSocket("udp4");
    socket.bind(0, HOST);
    await once(socket, "listening");
    return new UdpRelay(address, socket, options);
  }

  private constructor(server: Address, socket: Socket, options: UdpRelayOptions) {
    const { clock = systemClock, random = Math.random, pcap, conditions = {} } = options;
    this.address = { ...server, host: HOST, port: socket.address().port };
    this.url = formatAddress(this.address);
    this.#target = { host: HOST, port: server.port };
    this.#socket = socket;
    this.#clock = clock;
    this.#ways = { toServer: new RelayWay(clock, random), toClient: new RelayWay(clock, random) };
    this.#pcap = pcap === undefined ? undefined : new PcapFile(pcap);
    this.change(conditions);
    socket.on("error", ignore);
    socket.on("message", (datagram, { port }) => this.#fromClient(this.#clientOf(port), datagram));
  }

  /** What has happened so far. */
  get counters(): Readonly<Record<Way, Readonly<RelayCounters>>> {
    return { toServer: { ...this.#ways.toServer.counters }, toClient: { ...this.#ways.toClient.counters } };
  }

  /** The ports by which the server knows the clients, in the order in which they came. */
  get sourcePorts(): number[] {
    return [...this.#clients.values()].map(({ upstream }) => upstream.port);
  }

  /**
   * Changes the network for what comes from now on; conditions not named stay as they are.
   *
   * @throws {RedRoomError} `OPTIONS_INVALID`.
   */
  change(conditions: Partial<RelayConditions>, way?: Way): void {
    for (const each of waysOf(way)) this.#ways[each].change(conditions);
  }

  /** Nothing gets through any more, on one way or both; what is under way is lost. */
  partition(way?: Way): void {
    for (const each of waysOf(way)) this.#ways[each].cut = true;
  }

  /** Ends all partitions. */
  heal(): void {
    for (const way of waysOf(undefined)) this.#ways[way].cut = false;
  }

  /**
   * From now on the server sees every client at another port, as behind a NAT that has forgotten, or in another network.
   * What the server sends to the old ports is lost. Resolves once the new ones are bound.
   */
  async changeSourcePorts(): Promise<void> {
    const clients = [...this.#clients.values()];
    const before = clients.map(({ upstream }) => upstream);
    for (const client of clients) client.upstream = this.#openUpstream(client);
    // The old ones go last, so that none of their ports is given out again.
    await Promise.all(clients.map(({ upstream }) => once(upstream.socket, "listening")));
    for (const { socket } of before) socket.close();
  }

  /** Sends something to the server from the port by which it knows the client that has spoken last. */
  inject(datagram: Uint8Array): void {
    if (this.#latest !== undefined) this.#toServer(this.#latest, Buffer.from(datagram));
  }

  /** Frees the ports, and resolves once the capture is complete. Idempotent. @throws What went wrong with its file. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const sockets = [this.#socket, ...[...this.#clients.values()].map(({ upstream }) => upstream.socket)];
    this.#clients.clear();
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))));
    await this.#pcap?.close();
  }

  #clientOf(port: number): RelayedClient {
    const now = this.#clock.now();
    const known = this.#clients.get(port);
    if (known !== undefined) {
      known.lastSeen = now;
      return known;
    }
    for (const client of this.#clients.values()) {
      if (now - client.lastSeen > IDLE_MS) this.#forget(client);
    }
    const ports = { port, lastSeen: now, toServer: { lastDue: 0 }, toClient: { lastDue: 0 } };
    const client: RelayedClient = Object.assign(ports, { upstream: this.#openUpstream(ports) });
    this.#clients.set(port, client);
    return client;
  }

  #openUpstream(client: Pick<RelayedClient, "port" | "toClient">): Upstream {
    const socket = createSocket("udp4");
    const upstream = { socket, port: 0 };
    socket.on("error", ignore);
    socket.on("message", (datagram) => this.#fromServer(client, upstream, datagram));
    socket.bind(0, HOST, () => {
      upstream.port = socket.address().port;
    });
    return upstream;
  }

  #forget(client: RelayedClient): void {
    this.#clients.delete(client.port);
    client.upstream.socket.close();
  }

  #fromClient(client: RelayedClient, datagram: Buffer): void {
    this.#latest = client;
    this.#capture({ host: HOST, port: client.port }, this.address, datagram);
    this.#carry("toServer", client.toServer, datagram, (copy) => this.#toServer(client, copy));
  }

  #toServer(client: RelayedClient, datagram: Buffer): void {
    if (this.#closing !== undefined || !this.#clients.has(client.port)) return;
    const { upstream } = client;
    upstream.socket.send(datagram, this.#target.port, HOST, () =>
      this.#capture({ host: HOST, port: upstream.port }, this.#target, datagram),
    );
  }

  #fromServer(client: Pick<RelayedClient, "port" | "toClient">, upstream: Upstream, datagram: Buffer): void {
    this.#capture(this.#target, { host: HOST, port: upstream.port }, datagram);
    this.#carry("toClient", client.toClient, datagram, (copy) => {
      if (this.#closing !== undefined) return;
      this.#capture(this.address, { host: HOST, port: client.port }, copy);
      this.#socket.send(copy, client.port, HOST, ignore);
    });
  }

  #carry(name: Way, order: { lastDue: number }, datagram: Buffer, forward: (copy: Buffer) => void): void {
    const way = this.#ways[name];
    way.counters.received += 1;
    if (!this.filter(datagram, name) || way.cut) way.counters.stopped += 1;
    else way.carry(order, datagram, forward);
  }

  #capture(from: CapturedPeer, to: CapturedPeer, datagram: Buffer): void {
    if (this.#closing === undefined) this.#pcap?.write(this.#clock.now(), from, to, datagram);
  }
}

const waysOf = (way: Way | undefined): readonly Way[] => (way === undefined ? ["toServer", "toClient"] : [way]);

/** A datagram that cannot be sent is lost, as any other; Windows tells the socket that a peer's port was closed. */
const ignore = (): void => {};
