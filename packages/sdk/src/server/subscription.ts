import type { Clock } from "../base/clock.ts";
import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import type { TopicState } from "../rules/topic-state.ts";
import { isReader, type Reader, visibilityOf } from "../rules/visibility.ts";
import type { Rights } from "./access.ts";
import type { EntryForms } from "./entry-forms.ts";
import type { PageTurns } from "./page-turns.ts";
import { Patience } from "./patience.ts";
import { ReaderNotices } from "./reader-notices.ts";
import type { TopicRoom } from "./topic-room.ts";

export interface SubscriptionOutput {
  /** @returns `false` when the reader is behind; `resume` is called when it has caught up. */
  send(frame: Uint8Array): boolean;
  /** Bytes that the reader has taken up to now. */
  taken(): number;
  /** The subscription has stopped: reading the log failed, the reader has taken nothing for too long, or may read no more. */
  fail(error: RedRoomError): void;
}

export interface SubscriptionContext {
  readonly clock: Clock;
  readonly pages: PageTurns;
  /** How long a reader may take nothing of what it was sent. */
  readonly slowConsumerMs: number;
}

/** Who reads: the pseudonym, and what they may do now. */
export interface SubscriptionReader {
  readonly pseudonym: string;
  rights(): Rights;
}

interface Page {
  readonly entries: EntryForms[];
  readonly epoch: number;
  readonly release: () => void;
}

/**
 * One reader of a topic: a cursor that moves through the log, at the reader's own pace. History and live entries are the
 * same run of numbers, so they join without gap or overlap; a slow reader holds no more than a page, and not for ever. What
 * of an entry is sent is decided when it is sent.
 */
export class Subscription {
  readonly #room: TopicRoom;
  readonly #output: SubscriptionOutput;
  readonly #context: SubscriptionContext;
  readonly #who: SubscriptionReader;
  readonly #notices: ReaderNotices;
  readonly #unfollow: () => void;
  #next: number;
  /** The size of the last checkpoint that the reader has. */
  #signed: number;
  /** The rights of the reader, as of this state. */
  #reader: Reader;
  #state: TopicState | undefined;
  /** Entries read from the store, from `#next` on, and what gives their turn back. */
  #page: Page | undefined;
  /** The answer that the next entry reveals, read from the store. */
  #revealed: EntryForms | undefined;
  /** Runs while the reader is behind. */
  readonly #patience: Patience;
  #blocked = false;
  #reading = false;
  #stopped = false;

  /** @param from The first seq wanted; may lie beyond the head. */
  constructor(
    room: TopicRoom,
    from: number,
    who: SubscriptionReader,
    output: SubscriptionOutput,
    context: SubscriptionContext,
  ) {
    this.#room = room;
    this.#next = from;
    this.#signed = from - 1;
    this.#who = who;
    this.#reader = { pseudonym: who.pseudonym, capabilities: new Set() };
    this.#output = output;
    this.#context = context;
    this.#notices = new ReaderNotices(who.pseudonym, who.rights());
    const { clock, slowConsumerMs } = context;
    const onEnd = (): void => this.#fail(slowConsumer(slowConsumerMs));
    this.#patience = new Patience(clock, slowConsumerMs, () => output.taken(), onEnd);
    this.#unfollow = room.follow({
      wake: () => this.#advance(),
      notice: (frame, by) => {
        if (this.#ready && by !== who.pseudonym) this.#send(frame);
      },
    });
    this.#advance();
  }

  /** The last entry that the reader was sent, or has from before. */
  get last(): number {
    return this.#next - 1;
  }

  /** The reader takes more. */
  resume(): void {
    this.#blocked = false;
    this.#patience.stop();
    this.#advance();
  }

  stop(): void {
    this.#stopped = true;
    this.#patience.stop();
    this.#dropPage();
    this.#unfollow();
  }

  get #ready(): boolean {
    return !this.#stopped && !this.#blocked && !this.#reading;
  }

  #advance(): void {
    if (!this.#stopped && this.#mayRead() && !this.#reading) this.#sign();
    for (;;) {
      this.#tell();
      // What lies beyond the state may be sealed, or for others.
      if (!this.#ready || this.#next > this.#room.stateSize) return;
      const frames = this.#take();
      if (frames === undefined) {
        this.#reading = true;
        void this.#read();
        return;
      }
      for (const frame of frames) this.#send(frame);
      this.#next += 1;
      this.#sign();
    }
  }

  /** @returns Whether the reader still is one; if not, the subscription has stopped. */
  #mayRead(): boolean {
    if (this.#state === this.#room.state) return true;
    this.#state = this.#room.state;
    const { capabilities } = this.#who.rights();
    this.#reader = { pseudonym: this.#who.pseudonym, capabilities };
    if (isReader(capabilities)) return true;
    this.#fail(noLongerAllowed());
    return false;
  }

  /** What the reader gets of the next entry, where it is at hand. */
  #take(): readonly Uint8Array[] | undefined {
    if (this.#page !== undefined && this.#page.epoch !== this.#room.epoch) this.#dropPage();
    const entry = this.#page?.entries[0] ?? this.#room.recent(this.#next);
    if (entry === undefined) return undefined;
    const { leaf } = entry;
    const frame = entry.as(visibilityOf(leaf, this.#reader, this.#room.state));
    const reveals = leaf.kind === "reveal" && leaf.to?.[0] === this.#reader.pseudonym;
    const revealed = reveals ? this.#answer(leaf.re ?? 0) : undefined;
    if (reveals && revealed === undefined) return undefined;
    this.#page?.entries.shift();
    if (this.#page?.entries.length === 0) this.#dropPage();
    const shown = revealed?.revealed();
    return shown === undefined ? [frame] : [frame, shown];
  }

  #answer(seq: number): EntryForms | undefined {
    return this.#revealed?.leaf.seq === seq ? this.#revealed : this.#room.recent(seq);
  }

  /** What `#take` has not found at hand: a page, or the answer that the next entry reveals. */
  async #read(): Promise<void> {
    const entry = this.#page?.entries[0] ?? this.#room.recent(this.#next);
    try {
      if (entry === undefined) await this.#readPage();
      else [this.#revealed] = await this.#room.read(entry.leaf.re ?? 0, 1);
    } catch (thrown) {
      this.#fail(toRedRoomError(thrown, "INTERNAL", "read the topic"));
    }
    this.#reading = false;
    this.#advance();
  }

  async #readPage(): Promise<void> {
    const release = await this.#context.pages.take();
    try {
      if (this.#stopped) return release();
      const { epoch } = this.#room;
      const entries = await this.#room.read(this.#next);
      if (entries.length === 0) throw new RedRoomError("INTERNAL", `unable to read on; entry ${this.#next} is missing`);
      this.#page = { entries, epoch, release };
      if (this.#stopped) this.#dropPage();
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  #dropPage(): void {
    this.#page?.release();
    this.#page = undefined;
    this.#revealed = undefined;
  }

  /** No entry names anybody whom the reader does not know. */
  #tell(): void {
    while (this.#ready) {
      const frame = this.#notices.next(this.#room, this.#who);
      if (frame === undefined) return;
      this.#send(frame);
    }
  }

  #send(frame: Uint8Array): void {
    if (this.#output.send(frame) || this.#blocked) return;
    this.#blocked = true;
    this.#patience.start();
  }

  #fail(error: RedRoomError): void {
    if (this.#stopped) return;
    this.stop();
    this.#output.fail(error);
  }

  /** A page may reach beyond the head that the room knows; its checkpoint then follows when the room has caught up. */
  #sign(): void {
    const { checkpoint } = this.#room;
    if (checkpoint === undefined || checkpoint.size !== this.#next - 1 || checkpoint.size <= this.#signed) return;
    this.#signed = checkpoint.size;
    this.#send(checkpoint.frame);
  }
}

const slowConsumer = (ms: number): RedRoomError =>
  new RedRoomError("SLOW_CONSUMER", `unable to send more; the reader has taken nothing for ${ms} ms`, {
    retryable: true,
  });

const noLongerAllowed = (): RedRoomError =>
  new RedRoomError("NOT_ALLOWED", "unable to send more; the reader does not belong to the topic any more");
