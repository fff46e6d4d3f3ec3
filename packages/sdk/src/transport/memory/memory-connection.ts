import type { RedRoomError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { closedBy, connectionClosed, lost, streamErrorOf, tooManyStreams } from "../endings.ts";
import { guarded } from "../guarded.ts";
import type { Connection, ConnectionEnd, Stream } from "../transport.ts";
import type { Lane, MemoryEnd, MemoryPath, Side } from "./memory-path.ts";
import { MemoryStream, type StreamOwner, type StreamPeer } from "./memory-stream.ts";

export interface MemorySettings {
  readonly maxStreams: number;
  readonly streamWindowBytes: number;
  readonly logger: Logger;
  /** Runs the task in a later turn; tasks keep their order. */
  readonly post: (task: () => void) => void;
}

/** One side of a connection in memory. Sides talk only through `send`, which is the wire. */
export class MemoryConnection implements Connection, MemoryEnd, StreamOwner, StreamPeer {
  readonly remoteAddress: string;
  readonly closed: Promise<ConnectionEnd>;
  readonly streams = new Map<number, MemoryStream>();
  readonly #side: Side;
  readonly #path: MemoryPath;
  readonly #settings: MemorySettings;
  onStream: ((stream: Stream) => void) | undefined;
  #peer: MemoryConnection | undefined;
  #closing = false;
  #ended = false;
  #vanished = false;
  #nextId: number;
  #nextPeerId: number;
  /** Streams of the peer that a later one has overtaken: a reset travels at once, bytes at the end of the turn. */
  readonly #overtaken = new Set<number>();
  /** Streams we opened and the peer still knows. */
  #opened = 0;
  #resolveClosed: (end: ConnectionEnd) => void = () => {};

  constructor(side: Side, remoteAddress: string, path: MemoryPath, settings: MemorySettings) {
    this.#side = side;
    this.remoteAddress = remoteAddress;
    this.#path = path;
    this.#settings = settings;
    this.#nextId = side === "client" ? 0 : 1;
    this.#nextPeerId = 1 - this.#nextId;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  static pair(clientAddress: string, serverAddress: string, path: MemoryPath, settings: MemorySettings) {
    const client = new MemoryConnection("client", serverAddress, path, settings);
    const server = new MemoryConnection("server", clientAddress, path, settings);
    client.#peer = server;
    server.#peer = client;
    return { client, server };
  }

  openStream(): Stream {
    if (this.#closing) throw connectionClosed("no stream can be opened any more");
    if (this.#opened >= this.#settings.maxStreams) throw tooManyStreams(this.#opened);
    this.#opened++;
    const stream = this.#add(this.#nextId);
    this.#nextId += 4;
    return stream;
  }

  close(code = 0, reason = ""): void {
    if (this.#closing) return;
    this.#closing = true;
    this.post(() => {
      if (this.#ended) return;
      for (const stream of this.streams.values()) stream.flush();
      this.send("connection", (peer) => peer.#finish(closedBy("peer", code, reason)));
      this.#finish(closedBy("local", code, reason));
    });
  }

  lose(error: RedRoomError): void {
    if (!this.#ended) this.#finish(lost(error));
  }

  vanish(): void {
    this.#closing = true;
    this.#ended = true;
    this.#vanished = true;
  }

  post(task: () => void): void {
    this.#settings.post(() => {
      if (!this.#vanished) task();
    });
  }

  /** What the peer does when this has travelled. */
  send(lane: Lane, message: (peer: MemoryConnection) => void): void {
    const peer = this.#peer;
    if (this.#ended || peer === undefined) return;
    this.#path.carry(peer.#side, lane, () => {
      if (!peer.#ended) message(peer);
    });
  }

  /** The stream that bytes of the peer belong to; a new one is announced, one already over is `undefined`. */
  accept(id: number): MemoryStream | undefined {
    const known = this.streams.get(id);
    if (known !== undefined || !this.#isNew(id)) return known;
    const stream = this.#add(id);
    const accepted = guarded(this.#settings.logger, "take a stream", () => this.onStream?.(stream));
    if (!accepted || this.onStream === undefined) stream.reset();
    return stream;
  }

  abandoned(id: number, code: number): void {
    if (this.#isNew(id)) this.send(id, (peer) => peer.#opened--);
    else this.streams.get(id)?.failReset(code);
  }

  forget(id: number): void {
    if (this.streams.delete(id) && this.#isPeers(id)) this.send(id, (peer) => peer.#opened--);
  }

  #add(id: number): MemoryStream {
    const stream = new MemoryStream(this, id, this.#settings.streamWindowBytes, this.#settings.logger);
    this.streams.set(id, stream);
    return stream;
  }

  #isPeers(id: number): boolean {
    return id % 4 !== this.#nextId % 4;
  }

  /** Whether it is a stream of the peer that was not heard of before. */
  #isNew(id: number): boolean {
    if (!this.#isPeers(id)) return false;
    if (id < this.#nextPeerId) return this.#overtaken.delete(id);
    for (; this.#nextPeerId < id; this.#nextPeerId += 4) this.#overtaken.add(this.#nextPeerId);
    this.#nextPeerId = id + 4;
    return true;
  }

  #finish(end: ConnectionEnd): void {
    this.#closing = true;
    this.#ended = true;
    for (const stream of [...this.streams.values()]) stream.fail(streamErrorOf(end));
    this.#resolveClosed(end);
  }
}
