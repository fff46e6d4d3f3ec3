import type { Clock } from "../base/clock.ts";
import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import type { PageTurns } from "./page-turns.ts";
import { Patience } from "./patience.ts";
import type { TopicRoom } from "./topic-room.ts";

export interface SubscriptionOutput {
  /** @returns `false` when the reader is behind; `resume` is called when it has caught up. */
  send(frame: Uint8Array): boolean;
  /** Bytes that the reader has taken up to now. */
  taken(): number;
  /** The subscription has stopped: reading the log failed, or the reader has taken nothing for too long. */
  fail(error: RedRoomError): void;
}

export interface SubscriptionContext {
  readonly clock: Clock;
  readonly pages: PageTurns;
  /** How long a reader may take nothing of what it was sent. */
  readonly slowConsumerMs: number;
}

/**
 * One reader of a topic: a cursor that moves through the log, at the reader's own pace. History and live entries are the
 * same run of numbers, so they join without gap or overlap; a slow reader holds no more than a page, and not for ever.
 */
export class Subscription {
  readonly #room: TopicRoom;
  readonly #output: SubscriptionOutput;
  readonly #context: SubscriptionContext;
  readonly #unfollow: () => void;
  #next: number;
  /** The size of the last checkpoint that the reader has. */
  #signed: number;
  /** How many of the room's `member` frames the reader has. */
  #introduced = 0;
  /** Frames read from the store, of the entries from `#next` on, and what gives their turn back. */
  #page: { readonly frames: Uint8Array[]; readonly epoch: number; readonly release: () => void } | undefined;
  /** Runs while the reader is behind. */
  readonly #patience: Patience;
  #blocked = false;
  #reading = false;
  #stopped = false;

  /** @param from The first seq wanted; may lie beyond the head. */
  constructor(room: TopicRoom, from: number, output: SubscriptionOutput, context: SubscriptionContext) {
    this.#room = room;
    this.#next = from;
    this.#signed = from - 1;
    this.#output = output;
    this.#context = context;
    const { clock, slowConsumerMs } = context;
    const onEnd = (): void => this.#fail(slowConsumer(slowConsumerMs));
    this.#patience = new Patience(clock, slowConsumerMs, () => output.taken(), onEnd);
    this.#unfollow = room.follow(() => this.#advance());
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
    if (!this.#stopped && !this.#reading) this.#sign();
    for (;;) {
      if (this.#ready) this.#introduce();
      if (!this.#ready || this.#next > Math.max(this.#room.head, this.#pageEnd)) return;
      const frame = this.#take();
      if (frame === undefined) {
        this.#reading = true;
        void this.#readPage();
        return;
      }
      this.#send(frame);
      this.#next += 1;
      this.#sign();
    }
  }

  /** The last entry of the page; it may lie beyond the head that the room knows. */
  get #pageEnd(): number {
    return this.#next - 1 + (this.#page?.frames.length ?? 0);
  }

  /** The frame of the next entry, where it is at hand. */
  #take(): Uint8Array | undefined {
    if (this.#page !== undefined && this.#page.epoch !== this.#room.epoch) this.#dropPage();
    const frame = this.#page?.frames.shift() ?? this.#room.recent(this.#next);
    if (this.#page?.frames.length === 0) this.#dropPage();
    return frame;
  }

  async #readPage(): Promise<void> {
    const release = await this.#context.pages.take();
    try {
      if (this.#stopped) return release();
      const { epoch } = this.#room;
      const frames = await this.#room.read(this.#next);
      if (frames.length === 0) throw new RedRoomError("INTERNAL", `unable to read on; entry ${this.#next} is missing`);
      this.#page = { frames, epoch, release };
      if (this.#stopped) this.#dropPage();
    } catch (thrown) {
      release();
      this.#fail(toRedRoomError(thrown, "INTERNAL", "read the topic"));
    }
    this.#reading = false;
    this.#advance();
  }

  #dropPage(): void {
    this.#page?.release();
    this.#page = undefined;
  }

  /** No entry names anybody whom the reader does not know. */
  #introduce(): void {
    for (const { members } = this.#room; !this.#blocked && this.#introduced < members.length; this.#introduced += 1) {
      this.#send(members[this.#introduced] as Uint8Array);
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
