import { createWriteStream, type WriteStream } from "node:fs";

/** A socket on the loopback. */
export interface CapturedPeer {
  /** IPv4, such as `127.0.0.1`. */
  readonly host: string;
  readonly port: number;
}

const MAGIC_MICROSECONDS = 0xa1b2_c3d4;
/** Packets begin with their IP header. */
const LINKTYPE_RAW = 101;
const IP_HEADER_BYTES = 20;
const UDP_HEADER_BYTES = 8;
const UDP = 17;
const DO_NOT_FRAGMENT = 0x4000;

/** Datagrams as a capture file (pcap) that tcpdump and Wireshark read, written without any privilege. */
export class PcapFile {
  readonly #file: WriteStream;
  /** A file that cannot be written must not end the test that it only watches. */
  #failure: Error | undefined;

  constructor(path: string) {
    this.#file = createWriteStream(path);
    this.#file.on("error", (error) => {
      this.#failure ??= error;
    });
    const header = Buffer.alloc(24);
    header.writeUInt32LE(MAGIC_MICROSECONDS, 0);
    header.writeUInt16LE(2, 4); // version 2.4
    header.writeUInt16LE(4, 6);
    header.writeUInt32LE(65_535, 16); // the longest packet
    header.writeUInt32LE(LINKTYPE_RAW, 20);
    this.#file.write(header);
  }

  /** @param at Milliseconds since the Unix epoch. */
  write(at: number, from: CapturedPeer, to: CapturedPeer, datagram: Uint8Array): void {
    const length = IP_HEADER_BYTES + UDP_HEADER_BYTES + datagram.byteLength;
    const record = Buffer.alloc(16 + IP_HEADER_BYTES + UDP_HEADER_BYTES);
    record.writeUInt32LE(Math.floor(at / 1000), 0);
    record.writeUInt32LE(Math.floor((at % 1000) * 1000), 4);
    record.writeUInt32LE(length, 8);
    record.writeUInt32LE(length, 12);
    const ip = record.subarray(16, 16 + IP_HEADER_BYTES);
    ip[0] = 0x45; // version 4, five words
    ip.writeUInt16BE(length, 2);
    ip.writeUInt16BE(DO_NOT_FRAGMENT, 6);
    ip[8] = 64;
    ip[9] = UDP;
    ip.set(octets(from.host), 12);
    ip.set(octets(to.host), 16);
    ip.writeUInt16BE(checksum(ip), 10);
    const udp = record.subarray(16 + IP_HEADER_BYTES);
    udp.writeUInt16BE(from.port, 0);
    udp.writeUInt16BE(to.port, 2);
    udp.writeUInt16BE(UDP_HEADER_BYTES + datagram.byteLength, 4); // its checksum stays 0: none (RFC 768)
    this.#file.write(record);
    this.#file.write(Uint8Array.from(datagram));
  }

  /** Resolves once everything is in the file. @throws What went wrong with the file. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#file.closed) resolve();
      this.#file.once("close", resolve);
      this.#file.end();
    });
    if (this.#failure !== undefined) throw this.#failure;
  }
}

const octets = (host: string): number[] => host.split(".").map(Number);

/** The Internet checksum (RFC 1071). */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let index = 0; index < bytes.byteLength; index += 2) sum += bytes.readUInt16BE(index);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
