import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Frontier } from "../evidence/merkle.ts";
import type { MessageOf } from "../protocol/messages.ts";
import { DEFAULT_RECONNECT_DELAYS, reconnectDelay } from "../session/reconnect.ts";
import { isInterruption, type Link } from "./link.ts";
import type { ReadEntry, ReadSealed } from "./message.ts";
import { Receipts } from "./receipts.ts";
import { SealedAnswers } from "./sealed-answers.ts";
import type { PeopleMessage } from "./topic-people.ts";
import { type Opened, type TopicInfo, TopicStream } from "./topic-stream.ts";

/** What a reader needs of the client around it. */
export interface ReaderHost {
  readonly clock: Clock;
  readonly random: () => number;
  /** The connection while the session is online. */
  link(): Link | undefined;
}

export interface TopicReaderHandler {
  /** At each opening, before anything else. @param first The first seq to come; `undefined` where it brings none. */
  onOpened?(opened: Opened, first: number | undefined): void;
  /** @param live It was not there yet when the reader began. */
  onEntry?(entry: ReadEntry, live: boolean): void;
  onSealed?(sealed: ReadSealed, live: boolean): void;
  /** An answer that was sealed, behind the entry that reveals it. */
  onRevealed?(answer: ReadEntry, reveal: number, live: boolean): void;
  onWithheld?(seq: number): void;
  onPeople?(message: PeopleMessage): void;
  onAnswer?(answer: MessageOf<"ack" | "refused">): void;
  onDrain?(): void;
  /** There is no stream now; `onOpened` follows when there is one again, or `onOver`. */
  onSuspended?(): void;
  /** It is over, `undefined` after a polite end. Called once, unless it was abandoned. */
  onOver(error: RedRoomError | undefined): void;
}

/** Begin with this seq; 0: with what comes; `undefined`: with nothing, to publish only. */
type From = number | undefined;

/**
 * Reads a topic, and publishes to it, for as long as the client lives: over one stream after the other, each beginning
 * behind the last entry that the one before has brought, and held against the tree that has grown until then.
 */
export class TopicReader {
  readonly #host: ReaderHost;
  readonly #title: string;
  readonly #from: From;
  readonly #handler: TopicReaderHandler;
  readonly #receipts: Receipts;
  readonly #answers = new SealedAnswers();
  /** Resolves when it is open for the first time and what the server has shown of the record is verified. */
  readonly opened: Promise<TopicInfo>;
  #resolveOpened: (topic: TopicInfo) => void = () => {};
  #rejectOpened: (error: RedRoomError) => void = () => {};
  #stream: TopicStream | undefined;
  /** The stream is open: the server has said so. */
  #ready = false;
  /** As it was when it was first opened. */
  #topic: TopicInfo | undefined;
  /** The tree behind the last entry that came. */
  #behind: Frontier | undefined;
  #paused = false;
  #ending = false;
  #over = false;
  #failures = 0;
  #retry: Timer | undefined;

  constructor(host: ReaderHost, title: string, from: From, handler: TopicReaderHandler) {
    this.#host = host;
    this.#title = title;
    this.#from = from;
    this.#handler = handler;
    this.#receipts = new Receipts(host.clock, (first, last) => {
      if (this.#ready) this.#stream?.confirm(first, last);
      return this.#ready;
    });
    this.opened = new Promise((resolve, reject) => {
      this.#resolveOpened = resolve;
      this.#rejectOpened = reject;
    });
    this.opened.catch(() => {}); // who awaits it gets the error; who does not hears it by onOver
  }

  /** Whether it brings entries. */
  get reads(): boolean {
    return this.#from !== undefined;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** The last entry that has come, or that lies before what it reads. */
  get last(): number {
    return (this.#stream?.frontier ?? this.#behind)?.size ?? 0;
  }

  /** The session is online: go on. */
  attach(link: Link): void {
    this.#stopRetry();
    if (this.#over || this.#paused || this.#stream !== undefined) return;
    try {
      this.#stream = this.#open(link);
    } catch (thrown) {
      this.#interrupted(thrown as RedRoomError);
    }
  }

  /** The connection is lost: `attach` follows when there is another. */
  suspend(error: RedRoomError): void {
    if (this.#over) return;
    if (this.#stream !== undefined) {
      this.#stream.abandon();
      this.#detach();
      this.#waitFor(error, false); // whatever the reason is called: the connection has one, the topic none
    }
    this.#stopRetry();
  }

  publish(message: MessageOf<"publish">): boolean {
    return this.#stream?.publish(message) ?? false;
  }

  /** Tells something that is not kept: while there is no stream that reads, nobody hears it. */
  say(message: MessageOf<"typing">): void {
    if (this.#ready && this.reads) this.#stream?.say(message);
  }

  /** The application has got what somebody else wrote, or what stands in its place. */
  received(seq: number): void {
    if (!this.#over) this.#receipts.received(seq);
  }

  /** The application has not taken one: nobody listened, or who did has failed. */
  missed(seq: number): void {
    if (!this.#over) this.#receipts.missed(seq);
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
    const link = this.#host.link();
    if (link !== undefined) this.attach(link);
  }

  /** Ends politely: what was published is answered first. @param pending Whether there is anything to be answered. */
  end(pending: boolean): void {
    this.#ending = true;
    if (this.#ready) this.#leave();
    else if (!pending) this.finish(undefined);
  }

  /** Ends at once, and silently. */
  abandon(): void {
    this.#receipts.flush();
    this.#close();
    this.#stream?.abandon();
  }

  finish(error: RedRoomError | undefined): void {
    if (this.#over) return;
    this.#close();
    this.#stream?.abandon(); // where it is still being opened
    this.#rejectOpened(
      error ?? new RedRoomError("CONNECTION_CLOSED", "unable to open the topic; it was closed meanwhile"),
    );
    this.#handler.onOver(error);
  }

  #open(link: Link): TopicStream {
    const topic = this.#topic === undefined ? { title: this.#title } : { id: this.#topic.id };
    const start = this.#behind === undefined ? { from: this.#from } : { behind: this.#behind };
    const stream: TopicStream = new TopicStream(link, topic, start, this.#answers, {
      onOpened: (opened, first) => this.#onOpened(opened, first),
      onEntry: (entry) => this.#handler.onEntry?.(entry, this.#isLive(entry.fields.seq)),
      onSealed: (sealed) => this.#handler.onSealed?.(sealed, this.#isLive(sealed.fields.seq)),
      onRevealed: (answer, reveal) => this.#handler.onRevealed?.(answer, reveal, this.#isLive(reveal)),
      onWithheld: (seq) => this.#handler.onWithheld?.(seq),
      onPeople: (message) => this.#handler.onPeople?.(message),
      onAnswer: (answer) => this.#handler.onAnswer?.(answer),
      onDrain: () => this.#handler.onDrain?.(),
      onOver: (error) => this.#onStreamOver(error),
    });
    void stream.opened.then(this.#resolveOpened, () => {});
    return stream;
  }

  #isLive(seq: number): boolean {
    return seq > (this.#topic?.head ?? 0);
  }

  #onOpened(opened: Opened, first: number): void {
    this.#ready = true;
    this.#failures = 0;
    if (this.#topic === undefined) {
      this.#topic = opened.topic;
      this.#receipts.begin(first);
    }
    this.#handler.onOpened?.(opened, this.reads ? first : undefined);
    this.#receipts.repeat();
    if (this.#ending) this.#leave();
  }

  #onStreamOver(error: RedRoomError | undefined): void {
    if (this.#over) return;
    this.#detach();
    if (error === undefined && this.#ending) this.finish(undefined);
    else this.#interrupted(error ?? new RedRoomError("STREAM_CLOSED", "unable to go on; the server ended the topic"));
  }

  #detach(): void {
    if (this.reads) this.#behind = this.#stream?.frontier ?? this.#behind;
    this.#stream = undefined;
    this.#ready = false;
    this.#receipts.stop();
  }

  /** Whether to go on later, or not. The first time, whoever opens the topic wants the server's answer. */
  #interrupted(error: RedRoomError): void {
    const lagging = error.code === "REFERENCE_INVALID" && this.#behind !== undefined;
    const passing = error.retryable || error.code === "INTERNAL" || lagging;
    if (isInterruption(error) || (this.#topic !== undefined && passing)) this.#waitFor(error, lagging);
    else this.finish(error);
  }

  #waitFor(error: RedRoomError, lagging: boolean): void {
    this.#handler.onSuspended?.();
    const { clock, random } = this.#host;
    const delayMs = reconnectDelay(this.#failures, error.retryAfterMs, DEFAULT_RECONNECT_DELAYS, random());
    this.#failures += 1;
    this.#retry = clock.setTimer(() => this.#goOn(lagging), delayMs);
  }

  /** On the same connection, if there still is one. A lost one brings `attach` when there is another. */
  #goOn(lagging: boolean): void {
    const link = this.#host.link();
    if (link === undefined) return;
    if (lagging) this.#probe(link);
    else this.attach(link);
  }

  /**
   * The server says that its record is shorter than what we have read. Opening it without reading shows its head, which
   * is held against what it has signed before. If that was a lie, it ends here; if not, the server is only behind.
   */
  #probe(link: Link): void {
    const id = this.#topic?.id ?? "";
    const probe = new TopicStream(link, { id }, { from: undefined }, this.#answers, { onOver: () => {} });
    const goOn = (): void => {
      const next = this.#host.link();
      if (next !== undefined && !this.#over) this.attach(next);
    };
    void probe.opened.then(() => probe.end()).then(goOn, goOn);
  }

  /** Messages may still come until the server has ended too; nothing can be said about them any more. */
  #leave(): void {
    this.#receipts.flush();
    this.#ready = false;
    this.#stream?.end();
  }

  #close(): void {
    this.#over = true;
    this.#ready = false;
    this.#stopRetry();
    this.#receipts.stop();
  }

  #stopRetry(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
  }
}
