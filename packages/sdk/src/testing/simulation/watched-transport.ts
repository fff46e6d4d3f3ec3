import { readCheckpoint } from "../../evidence/checkpoint.ts";
import { parseLeaf } from "../../evidence/leaf.ts";
import { decodeMessage } from "../../protocol/codec.ts";
import { unpackEntry } from "../../protocol/entry-body.ts";
import { createFrameDecoder, type Frame } from "../../protocol/frame.ts";
import { MESSAGES, type Message } from "../../protocol/messages.ts";
import type { Connection, Stream, StreamHandler, Transport } from "../../transport/transport.ts";

/** What is seen of the frames that a server writes. */
export interface Watch {
  /** An ack, or an entry in any form. */
  onSent(what: "ack" | "entry"): void;
  /** Something of a topic. @param seq Of an entry whose content it holds; 0 where a text is in a frame that has none. */
  onSentTo(user: string, about: { readonly topicId: string; readonly what: string; readonly seq?: number }): void;
  /** Finds the texts of people in bytes where none belongs. */
  readonly texts: RegExp;
}

const WATCHED: ReadonlyMap<number, "ack" | "entry"> = new Map([
  [MESSAGES.ack.frameType, "ack"],
  [MESSAGES.entry.frameType, "entry"],
  [MESSAGES.revealed.frameType, "entry"],
]);

/** All that a server says of what is in a topic, and not only to whoever writes to it. */
const OF_TOPICS = [
  "topicOpened",
  "entry",
  "placeholder",
  "sealed",
  "revealed",
  "checkpoint",
  "member",
  "presence",
  "waiting",
  "typing",
  "historyRead",
] as const;

const TOLD: ReadonlySet<number> = new Set([
  MESSAGES.session.frameType,
  ...OF_TOPICS.map((type) => MESSAGES[type].frameType),
]);

/** The transport, telling of what the server writes at the moment in which it does. */
export function watchedTransport(transport: Transport, watch: Watch): Transport {
  return {
    connect: (address, options) => transport.connect(address, options),
    listen: (options, onConnection) =>
      transport.listen(options, (connection) => onConnection(new WatchedConnection(connection, watch))),
  };
}

/** Who is logged in on a connection. */
interface Peer {
  user: string;
}

class WatchedConnection implements Connection {
  readonly #connection: Connection;
  readonly #watch: Watch;
  readonly #peer: Peer = { user: "" };
  onStream: ((stream: Stream) => void) | undefined;

  constructor(connection: Connection, watch: Watch) {
    this.#connection = connection;
    this.#watch = watch;
    connection.onStream = (stream) => this.onStream?.(new WatchedStream(stream, watch, this.#peer));
  }

  get remoteAddress(): string {
    return this.#connection.remoteAddress;
  }

  get closed(): Connection["closed"] {
    return this.#connection.closed;
  }

  openStream(): Stream {
    return new WatchedStream(this.#connection.openStream(), this.#watch, this.#peer);
  }

  close(code?: number, reason?: string): void {
    this.#connection.close(code, reason);
  }
}

class WatchedStream implements Stream {
  readonly id: number;
  readonly #stream: Stream;
  readonly #watch: Watch;
  readonly #peer: Peer;
  readonly #decoder = createFrameDecoder({ maxFrameBytes: Number.MAX_SAFE_INTEGER });
  /** The topic that it is about, once that was said. */
  #topicId: string | undefined;

  constructor(stream: Stream, watch: Watch, peer: Peer) {
    this.id = stream.id;
    this.#stream = stream;
    this.#watch = watch;
    this.#peer = peer;
  }

  get bufferedBytes(): number {
    return this.#stream.bufferedBytes;
  }

  get handler(): StreamHandler | undefined {
    return this.#stream.handler;
  }

  set handler(handler: StreamHandler | undefined) {
    this.#stream.handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    for (const frame of this.#decoder.push(bytes)) this.#see(frame);
    return this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  reset(code?: number): void {
    this.#stream.reset(code);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #see(frame: Frame): void {
    const what = WATCHED.get(frame.type);
    if (what !== undefined) this.#watch.onSent(what);
    const message = TOLD.has(frame.type) ? decodeMessage(frame) : undefined;
    if (message?.type === "session") this.#peer.user = message.user.name;
    const { topicId, seq } = message === undefined ? {} : aboutOf(message);
    this.#topicId = topicId ?? this.#topicId;
    const leaks = seq === undefined && this.#holdsText(frame);
    if (this.#topicId === undefined && !leaks) return;
    const about = { topicId: this.#topicId ?? "", what: message?.type ?? `frame of the type ${frame.type}` };
    if (message !== undefined || leaks)
      this.#watch.onSentTo(this.#peer.user, { ...about, ...(leaks ? { seq: 0 } : seq !== undefined && { seq }) });
  }

  #holdsText({ head, body }: Frame): boolean {
    return [head, body].some((bytes) => this.#watch.texts.test(Buffer.from(bytes).toString("latin1")));
  }
}

/** The topic that a message names, and the entry whose content it holds. */
function aboutOf(message: Message): { readonly topicId?: string; readonly seq?: number } {
  switch (message.type) {
    case "topicOpened":
      return { topicId: message.topic.id };
    case "entry":
    case "revealed": {
      const { topic, seq } = parseLeaf(unpackEntry({ ...message, type: "entry" }).leaf) ?? {};
      return topic === undefined || seq === undefined ? {} : { topicId: topic, seq };
    }
    case "checkpoint":
      return topicIn(message.note);
    case "historyRead":
      return topicIn(message.checkpoint ?? "");
    default:
      return {};
  }
}

function topicIn(note: string): { readonly topicId?: string } {
  const topicId = readCheckpoint(note)?.origin.replace(/^.*\//, "");
  return topicId === undefined ? {} : { topicId };
}
