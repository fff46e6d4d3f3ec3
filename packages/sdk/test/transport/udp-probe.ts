import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Address } from "../../src/protocol/address.ts";

/** The connection ids of a packet, each behind its length. */
const OURS = [8, 1, 2, 3, 4, 5, 6, 7, 8];
const ITS = [4, 9, 9, 9, 9];
/** An answer has them the other way round, and the version behind them. */
const ANSWERED = Buffer.from([...ITS, ...OURS, 0, 0, 0, 1]);

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
    probe.#socket.bind(0, "127.0.0.1");
    await once(probe.#socket, "listening");
    return probe;
  }

  send(datagram: Buffer): void {
    this.#socket.send(datagram, this.#target.port, "127.0.0.1");
  }

  /** Resolves with the server's answer to a packet of an unknown version, which it reads after all sent before. */
  async versions(): Promise<Buffer> {
    const packet = Buffer.alloc(1200);
    packet.set([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, ...OURS, ...ITS]);
    const answer = new Promise<Buffer>((resolve) => {
      const look = (datagram: Buffer): void => {
        // What was sent before may have been worth an answer too.
        if (!datagram.subarray(5).equals(ANSWERED)) return;
        this.#socket.off("message", look);
        resolve(datagram);
      };
      this.#socket.on("message", look);
    });
    this.send(packet);
    return answer;
  }

  close(): void {
    this.#socket.close();
  }
}
