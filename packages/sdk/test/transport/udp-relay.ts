import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Address } from "../../src/protocol/address.ts";

/** A hop between one client and a server, which remembers what the client sent and can be cut. */
export class UdpRelay {
  readonly fromClient: Buffer[] = [];
  readonly #client = createSocket("udp4");
  readonly #server = createSocket("udp4");
  #clientPort = 0;
  /** Decides which of the client's datagrams go on. */
  passes: (datagram: Buffer, count: number) => boolean = () => true;
  cut = false;
  /** Calls back with everything that the server sends, also when the way to the client is cut. */
  onServer: (datagram: Buffer) => void = () => {};

  static async to(target: Address): Promise<{ relay: UdpRelay; address: Address }> {
    const relay = new UdpRelay();
    relay.#client.on("message", (datagram, { port }) => {
      relay.#clientPort = port;
      relay.fromClient.push(Buffer.from(datagram));
      if (!relay.cut && relay.passes(datagram, relay.fromClient.length)) relay.inject(datagram, target);
    });
    relay.#server.on("message", (datagram) => {
      relay.onServer(datagram);
      if (!relay.cut) relay.#client.send(datagram, relay.#clientPort, "127.0.0.1");
    });
    await Promise.all([relay.#client, relay.#server].map(bound));
    return { relay, address: { ...target, port: relay.#client.address().port } };
  }

  /** Sends to the server from the address that it knows the client by. */
  inject(datagram: Buffer, target: Address): void {
    this.#server.send(datagram, target.port, "127.0.0.1");
  }

  close(): void {
    this.#client.close();
    this.#server.close();
  }
}

/** A socket that sends what it likes, and asks the server whether it has seen everything before. */
export class UdpProbe {
  readonly #socket: Socket = createSocket("udp4");
  readonly #target: Address;
  readonly received: Buffer[] = [];

  private constructor(target: Address) {
    this.#target = target;
    this.#socket.on("message", (datagram) => this.received.push(Buffer.from(datagram)));
  }

  static async of(target: Address): Promise<UdpProbe> {
    const probe = new UdpProbe(target);
    await bound(probe.#socket);
    return probe;
  }

  send(datagram: Buffer): void {
    this.#socket.send(datagram, this.#target.port, "127.0.0.1");
  }

  /** Resolves with the server's answer to a packet of an unknown version, which it reads after all sent before. */
  async versions(): Promise<Buffer> {
    const packet = Buffer.alloc(1200);
    packet.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 9, 9, 9, 9]);
    const answer = once(this.#socket, "message");
    this.send(packet);
    const [datagram] = (await answer) as [Buffer];
    return datagram;
  }

  close(): void {
    this.#socket.close();
  }
}

async function bound(socket: Socket): Promise<void> {
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
}
