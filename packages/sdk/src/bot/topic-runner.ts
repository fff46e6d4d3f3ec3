import type { Clock } from "../base/clock.ts";
import { type RedRoomError, toRedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { Cursor } from "../client/cursor.ts";
import type { TopicMessage } from "../client/message.ts";
import { Attempt } from "./attempt.ts";
import type { BotSessions } from "./bot-sessions.ts";
import type { BotContext, GivenUp } from "./context.ts";
import { CursorKeeper } from "./cursor-keeper.ts";
import { type Entry, messageEntry, receiptEntry, sealedEntry } from "./entry.ts";
import { type About, contextOf, type NoticeContent, type Scene, type SendAs, viewOf } from "./live-context.ts";
import { OpenAnswers } from "./open-answers.ts";
import { Place } from "./place.ts";
import { Sends, sendId } from "./sends.ts";
import type { Slots } from "./slots.ts";
import { type Fate, TopicWork } from "./topic-work.ts";

/** So much is read without a save, where nothing of it was for a handler. */
const UNSAVED = 256;

interface RunnerOptions {
  /** The bot's. */
  readonly name: string;
  readonly from: "now" | "start";
  readonly own: boolean;
  readonly maxAttempts: number;
  readonly maxSends: number;
  readonly handlerTimeoutMs: number;
}

export interface RunnerHost {
  readonly clock: Clock;
  readonly slots: Slots;
  readonly sessions: BotSessions | undefined;
  readonly options: RunnerOptions;
  /** Runs all handlers that match. */
  handle(ctx: BotContext): Promise<void>;
  tell(error: unknown, ctx: BotContext | undefined, fate: Fate): void;
  /** The topic cannot go on. */
  onFailed(error: RedRoomError): void;
}

/** A bot in one topic: reads it, has its entries handled, and keeps the place. */
export class TopicRunner {
  readonly #scene: Scene;
  readonly #host: RunnerHost;
  readonly #sends: Sends;
  readonly #work: TopicWork;
  readonly #reading = new AbortController();
  /** What was handled last, for whoever hears of its failure. */
  readonly #contexts = new WeakMap<Entry, BotContext>();
  readonly #answers = new OpenAnswers();
  #place = new Place(0);
  #keeper: CursorKeeper | undefined;
  /** The highest seq when we began. */
  #head = 0;
  #savedRead = 0;
  /** By a handler whose entry is not finished yet. */
  #sessionSaved = false;
  #working: Promise<void> = Promise.resolve();
  #over = false;

  constructor(scene: Scene, host: RunnerHost) {
    this.#scene = scene;
    this.#host = host;
    this.#sends = new Sends(scene.topic);
    const { handlerTimeoutMs, maxAttempts, maxSends } = host.options;
    const work = {
      clock: host.clock,
      handlerTimeoutMs,
      maxAttempts,
      maxSends,
      online: () => scene.client.state === "online",
      caughtUp: () => this.#place.read >= this.#head,
      handle: (entry: Entry, attempt: Attempt) => this.#handle(entry, attempt),
      failuresOf: (entry: Entry) => this.#place.failuresOf(entry.seq),
      failed: (entry: Entry, count: number) => {
        this.#place.failed(entry.seq, count);
        this.#save();
      },
      finished: (entries: readonly Entry[]) => {
        for (const { place } of entries) this.#place.finished(place);
        const saved = this.#save();
        // A session knows what it was before one entry, not before two: the next one comes when this one cannot be repeated.
        if (!this.#sessionSaved) return undefined;
        this.#sessionSaved = false;
        return saved;
      },
      giveUp: (entry: Entry, reason: string, attempts: number) => {
        this.#place.giveUp({ seq: entry.seq, reason, attempts, at: new Date(host.clock.now()) });
      },
      tell: (error: unknown, entry: Entry, fate: Fate) => host.tell(error, this.#contexts.get(entry), fate),
    };
    this.#work = new TopicWork(work, host.slots);
  }

  get givenUp(): readonly GivenUp[] {
    return this.#place.givenUp;
  }

  /**
   * Resolves when the topic is open and the place is known.
   *
   * @throws {RedRoomError} What opening and claiming throw; `RECORD_DAMAGED`.
   */
  async open(): Promise<void> {
    const { topic } = this.#scene;
    await topic.open({ from: "none" });
    const cursor = await topic.claimCursor(this.#host.options.name);
    this.#head = cursor.head;
    this.#place = this.#placeOf(cursor);
    this.#savedRead = this.#place.read;
    const keeper = new CursorKeeper(
      {
        clock: this.#host.clock,
        save: (text) => cursor.save(text),
        current: () => String(this.#place),
        onFailed: (error) => this.fail(error),
      },
      cursor.value,
    );
    this.#keeper = keeper;
    if (cursor.value === undefined) await keeper.save();
    void this.#read();
    this.#working = this.#work.run().catch((thrown) => this.fail(toRedRoomError(thrown, "INTERNAL", "go on")));
  }

  /** Something beside the record is to be handled. */
  notice(content: NoticeContent): void {
    const { clock, options } = this.#host;
    const attempt = new Attempt({ ...options, clock, online: () => true, wake: () => {} }, 1, clock.now());
    this.#work.notice({ attempt, begin: () => this.#notice(content, attempt) });
  }

  /** @returns When the place is durable. `false`: no such entry is listed. */
  async forget(seq: number): Promise<boolean> {
    const found = this.#place.forget(seq);
    if (found) await this.#keeper?.save();
    return found;
  }

  /**
   * Begins nothing new, and resolves when the handlers that are at work have ended and the place is durable.
   *
   * @param patience Resolves when they are to be left behind.
   */
  async stop(patience: Promise<void>): Promise<void> {
    this.#over = true;
    this.#reading.abort();
    this.#work.stop();
    await Promise.race([this.#working, patience]);
    this.#work.abort();
    await this.#working;
    await Promise.race([this.#keeper?.save(), patience]);
    this.#keeper?.stop();
  }

  /** There is no connection, or another one: more may have come than we have read. */
  away(): void {
    this.#head = Number.POSITIVE_INFINITY;
  }

  /** @param head The highest seq now. */
  back(head: number): void {
    this.#head = head;
    this.#work.wake();
  }

  /** The topic cannot go on. */
  fail(error: RedRoomError): void {
    if (this.#over) return;
    this.#over = true;
    this.#reading.abort();
    this.#work.abort();
    this.#host.onFailed(error);
  }

  #placeOf({ value, head }: Cursor): Place {
    if (value !== undefined) return Place.parse(value);
    return new Place(this.#host.options.from === "now" ? head : 0);
  }

  async #read(): Promise<void> {
    const passed = (seq: number): void => this.#passed(seq);
    const options = {
      from: this.#place.read + 1,
      signal: this.#reading.signal,
      onPassed: passed,
      onWithheld: passed,
      onSealed: (message: Parameters<typeof sealedEntry>[0]) => this.#take(sealedEntry(message)),
      onReceipt: (receipt: Parameters<typeof receiptEntry>[0]) => this.#take(receiptEntry(receipt)),
    };
    try {
      for await (const message of this.#scene.topic.messages(options)) {
        if (!this.#isOwn(message)) this.#take(messageEntry(message));
        else this.#passed(message.seq);
        // An answer is read together with the reveal before it: they have one place.
        if (!this.#revealsToUs(message)) await this.#work.room();
      }
    } catch (thrown) {
      this.fail(toRedRoomError(thrown, "INTERNAL", "read the topic"));
    }
  }

  #isOwn({ by }: TopicMessage): boolean {
    return !this.#host.options.own && by === this.#scene.topic.self?.id;
  }

  /** The reader is named first. */
  #revealsToUs({ kind, to }: TopicMessage): boolean {
    return kind === "reveal" && to?.[0]?.id === this.#scene.topic.self?.id;
  }

  #take(entry: Entry): void {
    const { place } = entry;
    const finished = this.#place.wasFinished(place);
    if (finished) this.#passed(place);
    else this.#handOver(entry);
    if (this.#scene.topic.regulated) this.#answers.went(entry, finished);
    const answer = finished ? undefined : this.#answers.revealedBy(entry);
    if (answer !== undefined) this.#handOver(answer);
  }

  #handOver(entry: Entry): void {
    this.#place.opened(entry.place);
    this.#work.take(entry);
  }

  #passed(seq: number): void {
    this.#place.passed(seq);
    if (this.#place.read - this.#savedRead >= UNSAVED) this.#save();
    this.#work.wake();
  }

  #save(): Promise<void> | undefined {
    this.#savedRead = this.#place.read;
    return this.#keeper?.save();
  }

  #handle(entry: Entry, attempt: Attempt): Promise<void> {
    const sendAs: SendAs = (send, text, options) => {
      const id = sendId(this.#host.options.name, this.#topicId, entry.name, send);
      return this.#sends.send(text, { ...options, id }, entry.seq);
    };
    const keep = (ctx: BotContext): void => void this.#contexts.set(entry, ctx);
    return this.#run(entry.content, attempt, entry.name, sendAs, keep);
  }

  /** Once: what is not in the record does not come again. */
  async #notice(content: NoticeContent, attempt: Attempt): Promise<void> {
    const sendAs: SendAs = (_, text, sending) => this.#sends.send(text, { ...sending, id: randomId() }, 0);
    let about: BotContext | undefined;
    const keep = (ctx: BotContext): void => {
      about = ctx;
    };
    await attempt.begin(() => this.#run(content, attempt, undefined, sendAs, keep));
    const { outcome } = attempt;
    if (outcome?.kind === "failed") this.#host.tell(outcome.error, about, { outcome: "reported" });
  }

  async #run(
    about: About,
    attempt: Attempt,
    place: string | undefined,
    sendAs: SendAs,
    keep: (ctx: BotContext) => void,
  ): Promise<void> {
    keep(contextOf(this.#scene, about, attempt, undefined, sendAs)); // for whoever hears that there is no session
    const session = await this.#host.sessions?.open(viewOf(this.#scene, about), this.#topicId, place, attempt);
    const ctx = contextOf(this.#scene, about, attempt, session, sendAs);
    keep(ctx);
    await this.#host.handle(ctx);
    if (session !== undefined && (await attempt.during(session.save()))) this.#sessionSaved = true;
  }

  get #topicId(): string {
    return this.#scene.topic.id ?? "";
  }
}
