import { type RedRoomError, toRedRoomError } from "../base/errors.ts";
import { MessageChannel, unexpected } from "../channel/message-channel.ts";
import { LogFollower, logFork, type TrustedCheckpoint } from "../evidence/log-follower.ts";
import { equalHashes, type Frontier, type Hash, hashLeaf } from "../evidence/merkle.ts";
import { checkMessage } from "../protocol/codec.ts";
import { fromFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import { maxFrameBytes } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { decodeHash, decodeHashes, readFrontierOf } from "./hashes.ts";
import { isBreach, type Link } from "./link.ts";
import { type ReadEntry, type ReadSealed, readEntry, readSealed } from "./message.ts";
import { proveLeaf } from "./prove-leaf.ts";
import { openHead, reconcile } from "./reconcile.ts";
import type { SealedAnswers } from "./sealed-answers.ts";
import type { PeopleMessage } from "./topic-people.ts";

export type Opened = MessageOf<"topicOpened">;
export type TopicInfo = Opened["topic"];

/** Where a stream begins: with a seq, 0 for live entries only, `undefined` for none; or behind what was read before. */
export type Start = { readonly from: number | undefined } | { readonly behind: Frontier };

export interface TopicStreamHandler {
  /** Before anything else. @param first The seq of the first entry to come. */
  onOpened?(opened: Opened, first: number): void;
  onEntry?(entry: ReadEntry): void;
  onSealed?(sealed: ReadSealed): void;
  /** Behind the entry that reveals it. */
  onRevealed?(answer: ReadEntry, reveal: number): void;
  /** An entry whose text we may not read, or nobody any more. */
  onWithheld?(seq: number): void;
  onPeople?(message: PeopleMessage): void;
  onAnswer?(answer: MessageOf<"ack" | "refused">): void;
  onDrain?(): void;
  /** The stream is over; `undefined` after a polite end. Called once, also when opening fails. */
  onOver(error: RedRoomError | undefined): void;
}

/** Our side of one topic's stream: one life, on one connection. */
export class TopicStream {
  readonly opened: Promise<TopicInfo>;
  readonly #channel: MessageChannel;
  readonly #handler: TopicStreamHandler;
  readonly #link: Link;
  readonly #start: Start;
  readonly #answers: SealedAnswers;
  #self = "";
  #resolveOpened: (topic: TopicInfo) => void = () => {};
  #rejectOpened: (error: RedRoomError) => void = () => {};
  #topic: TopicInfo | undefined;
  /** Frames that are still to come of those that tell who belongs to the topic and who is there. */
  #untold = 0;
  /** What the server had shown of the record when the topic was opened is verified. */
  #verified = false;
  /** The log as this stream sees it grow. */
  #follower: LogFollower | undefined;
  /** What the server had signed when the topic was opened. */
  #head: TrustedCheckpoint | undefined;
  /** A reveal of an answer to us, until what follows it has come: a stream that is cut off between the two loses neither. */
  #reveal: ReadEntry | undefined;
  /** One proof is asked for at a time. */
  #reconciling = false;
  #over = false;

  constructor(
    link: Link,
    topic: { readonly id: string } | { readonly title: string },
    start: Start,
    answers: SealedAnswers,
    handler: TopicStreamHandler,
  ) {
    const from = "behind" in start ? start.behind.size + 1 : start.from;
    const request = { type: "openTopic", ...topic, ...(from !== undefined && { from }) } as const;
    checkMessage(request);
    this.#handler = handler;
    this.#link = link;
    this.#start = start;
    this.#answers = answers;
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.opened.catch(() => {}); // who awaits it gets the error; who does not hears it by onOver
    this.#channel = new MessageChannel(
      link.connection.openStream(),
      { maxFrameBytes: maxFrameBytes(link.limits) },
      {
        onMessage: (message) => this.#receive(message),
        onEnd: () => this.#finish(this.#topic === undefined ? unanswered() : undefined),
        onReset: (error) => this.#finish(error),
        onViolation: (error) => {
          link.violated(error);
          this.#finish(error);
        },
        onDrain: () => handler.onDrain?.(),
      },
    );
    this.#channel.send(request);
  }

  /** The tree up to the last entry that came; `undefined` before the topic is open. */
  get frontier(): Frontier | undefined {
    return this.#follower?.frontier;
  }

  /** @returns `false` when the server is behind; `onDrain` follows. */
  publish(message: Omit<MessageOf<"publish">, "type">): boolean {
    return this.#channel.send({ type: "publish", ...message });
  }

  confirm(first: number, last: number): void {
    this.#channel.send({ type: "receipt", first, last });
  }

  say(message: MessageOf<"typing">): void {
    this.#channel.send(message);
  }

  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  /** Ends politely: the server answers what it took, then ends too, and `onOver` follows. */
  end(): void {
    this.#channel.end();
  }

  /** Ends at once. `onOver` is not called any more. */
  abandon(): void {
    this.#over = true;
    this.#channel.reset();
  }

  #receive(message: Message): void {
    if (this.#over) return;
    if (message.type === "error") this.#finish(fromFailure(message));
    else if (this.#topic === undefined || this.#follower === undefined) this.#open(message);
    else if (message.type === "ack" || message.type === "refused") this.#handler.onAnswer?.(message);
    else if (isAboutPeople(message)) this.#tell(message, this.#topic);
    else if (message.type === "revealed") this.#readRevealed(message, this.#topic, this.#follower);
    else this.#follow(message, this.#topic, this.#follower);
  }

  #follow(message: Message, topic: TopicInfo, follower: LogFollower): void {
    this.#goPastReveal(follower);
    if (message.type === "entry") {
      const entry = readEntry(message, topic.id, follower.size + 1);
      if (topic.regulated && revealsTo(this.#self, entry)) this.#reveal = entry;
      else this.#take(entry, follower);
    } else if (message.type === "sealed" && topic.regulated) {
      const sealed = readSealed(message, topic.id, follower.size + 1);
      this.#answers.seal(sealed, this.#self);
      this.#grow(hashLeaf(sealed.leaf), follower);
      this.#handler.onSealed?.(sealed);
    } else if (message.type === "placeholder") {
      this.#grow(decodeHash(message.leafHash), follower);
      this.#handler.onWithheld?.(follower.size);
    } else if (message.type === "checkpoint") {
      void this.#reconcile(follower.verify(message.note), follower);
    } else {
      throw unexpected(message, "on a topic stream");
    }
  }

  #tell(message: PeopleMessage, topic: TopicInfo): void {
    this.#handler.onPeople?.(message);
    if (message.type === "member" || message.type === "presence") this.#untold -= 1;
    this.#settleOpened(topic);
  }

  /** A topic is open when the record is verified and everybody in it is known: then messages can be addressed. */
  #settleOpened(topic: TopicInfo): void {
    if (this.#verified && this.#untold <= 0) this.#resolveOpened(topic);
  }

  #take(entry: ReadEntry, follower: LogFollower): void {
    this.#grow(hashLeaf(entry.leaf), follower);
    if (this.#topic?.regulated) this.#answers.saw(entry, this.#self);
    this.#handler.onEntry?.(entry);
  }

  /** No answer has come behind a reveal: we have it already, or nobody has its text any more. */
  #goPastReveal(follower: LogFollower): void {
    const reveal = this.#reveal;
    if (reveal === undefined) return;
    this.#reveal = undefined;
    this.#take(reveal, follower);
    const { re = 0 } = reveal.fields;
    if (!this.#answers.has(re)) this.#handler.onWithheld?.(re);
  }

  #readRevealed(message: MessageOf<"revealed">, topic: TopicInfo, follower: LogFollower): void {
    const reveal = this.#reveal;
    if (reveal === undefined) throw unexpected(message, "but behind the reveal of an answer to us");
    const answer = readEntry(message, topic.id, reveal.fields.re);
    const seen = this.#answers.check(answer, reveal, this.#self);
    if (seen === "known" || this.#answers.has(answer.fields.seq)) this.#reveals(reveal, answer, follower);
    else void this.#prove(reveal, answer, follower);
  }

  /** The answer lies before what this stream has brought: what is handed over must be in the log all the same. */
  async #prove(reveal: ReadEntry, answer: ReadEntry, follower: LogFollower): Promise<void> {
    this.#channel.pause("proof");
    try {
      await proveLeaf(this.#link, this.#topic?.id ?? "", answer.fields.seq, answer.leaf);
      if (this.#over) return;
      this.#reveals(reveal, answer, follower);
      this.#channel.resume("proof");
    } catch (thrown) {
      this.#fail(toRedRoomError(thrown, "INTERNAL", "verify a revealed answer"));
    }
  }

  #reveals(reveal: ReadEntry, answer: ReadEntry, follower: LogFollower): void {
    this.#reveal = undefined;
    this.#take(reveal, follower);
    const { seq } = answer.fields;
    if (this.#answers.has(seq)) return; // it was open in the history
    this.#answers.hand(seq);
    this.#handler.onRevealed?.(answer, reveal.fields.seq);
  }

  /** History is held against the head that was signed for it, whether or not the server sends that checkpoint again. */
  #grow(leafHash: Hash, follower: LogFollower): void {
    follower.append(leafHash);
    if (this.#head?.size === follower.size) void this.#reconcile(follower.check(this.#head), follower);
  }

  /** Resolves when the checkpoint and the trusted one are known to be of one log; if they cannot be, all ends. */
  async #reconcile(checkpoint: TrustedCheckpoint | undefined, follower: LogFollower): Promise<void> {
    if (checkpoint === undefined || this.#reconciling) return;
    this.#reconciling = true;
    try {
      let open: TrustedCheckpoint | undefined = checkpoint;
      while (open !== undefined && !this.#over) {
        await reconcile(this.#link, this.#topic?.id ?? "", open);
        open = follower.confirm(open);
      }
    } catch (thrown) {
      this.#fail(toRedRoomError(thrown, "INTERNAL", "verify the log"));
    } finally {
      this.#reconciling = false;
    }
  }

  #open(message: Message): void {
    if (message.type !== "topicOpened") throw unexpected(message, "before a topic is open");
    const { topic, checkpoint } = message;
    const trust = this.#link.trust(topic.id);
    const head = openHead(trust, topic.head, checkpoint);
    const before = sizeBefore(this.#start, topic.head);
    const frontier = readFrontierOf(before, decodeHashes(message.frontier));
    this.#topic = topic;
    this.#self = message.you.id;
    if ("behind" in this.#start && !equalFrontiers(this.#start.behind, frontier)) return void this.#expose(head);
    const follower = new LogFollower(trust, frontier);
    this.#head = head;
    this.#follower = follower;
    this.#handler.onOpened?.(message, before + 1);
    // A log that is shorter than it was is held against the old one now; what has grown, as it arrives.
    const shrunk = head.size < (trust.checkpoint?.size ?? 0);
    const open = before === head.size && head.size > 0 ? follower.check(head) : shrunk ? head : undefined;
    this.#untold = message.people;
    void this.#reconcile(open, follower).then(() => {
      this.#verified = true;
      this.#settleOpened(topic);
    });
  }

  /** What we have read is no longer what the record begins with. Two signed heads are better evidence of it than entries. */
  async #expose(head: TrustedCheckpoint): Promise<void> {
    this.#channel.pause();
    const { log, checkpoint } = this.#link.trust(this.#topic?.id ?? "");
    const [heads] = await Promise.allSettled([reconcile(this.#link, this.#topic?.id ?? "", head)]);
    const signed = heads.status === "rejected" && isBreach(heads.reason) ? heads.reason : undefined;
    // Where the heads agree, only the entries do not.
    const shown = heads.status === "rejected" ? head.note || undefined : undefined;
    this.#fail(signed ?? logFork(log.origin, checkpoint?.note ?? "", shown));
  }

  #fail(error: RedRoomError): void {
    if (isBreach(error)) this.#link.violated(error);
    this.#finish(error);
    this.#channel.reset();
  }

  #finish(error: RedRoomError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#channel.end();
    this.#rejectOpened(error ?? unanswered());
    this.#handler.onOver(error);
  }
}

const unanswered = (): RedRoomError => protocolError("the stream ended before the topic was open");

function isAboutPeople(message: Message): message is PeopleMessage {
  return ["member", "rights", "presence", "typing", "waiting"].includes(message.type);
}

/** The server names the reader first. */
function revealsTo(self: string, { fields: { kind, to } }: ReadEntry): boolean {
  return kind === "reveal" && to?.[0] === self;
}

function sizeBefore(start: Start, head: number): number {
  if ("behind" in start) return start.behind.size;
  return start.from === undefined || start.from === 0 ? head : start.from - 1;
}

function equalFrontiers(one: Frontier, other: Frontier): boolean {
  return one.size === other.size && one.peaks.every((peak, index) => equalHashes(peak, other.peaks[index] as Hash));
}
