import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import type { TopicRoom } from "./topic-room.ts";

export interface SubscriptionOutput {
  /** @returns `false` when the reader is behind; `resume` is called when it has caught up. */
  send(frame: Uint8Array): boolean;
  /** Reading the log failed; the subscription has stopped. */
  fail(error: RedRoomError): void;
}

/**
 * One reader of a topic: a cursor that moves through the log, at the reader's own pace. History and live entries are the
 * same run of numbers, so they join without gap or overlap; a slow reader holds no more than a page.
 */
export class Subscription {
  readonly #room: TopicRoom;
  readonly #output: SubscriptionOutput;
  readonly #unfollow: () => void;
  #next: number;
  /** The size of the last checkpoint that the reader has. */
  #signed: number;
  #blocked = false;
  #reading = false;
  #stopped = false;

  /** @param from The first seq wanted; may lie beyond the head. */
  constructor(room: TopicRoom, from: number, output: SubscriptionOutput) {
    this.#room = room;
    this.#next = from;
    this.#signed = from - 1;
    this.#output = output;
    this.#unfollow = room.follow(() => this.#advance());
    this.#advance();
  }

  /** The reader takes more. */
  resume(): void {
    this.#blocked = false;
    this.#advance();
  }

  stop(): void {
    this.#stopped = true;
    this.#unfollow();
  }

  #advance(): void {
    if (!this.#stopped && !this.#reading) this.#sign();
    while (!this.#stopped && !this.#blocked && !this.#reading && this.#next <= this.#room.head) {
      const frame = this.#room.recent(this.#next);
      if (frame === undefined) {
        this.#reading = true;
        void this.#readPage();
      } else {
        this.#send(frame);
      }
    }
  }

  async #readPage(): Promise<void> {
    try {
      const frames = await this.#room.read(this.#next);
      if (frames.length === 0) throw new RedRoomError("INTERNAL", `unable to read on; entry ${this.#next} is missing`);
      for (const frame of frames) if (!this.#stopped) this.#send(frame);
    } catch (thrown) {
      if (!this.#stopped) {
        this.stop();
        this.#output.fail(toRedRoomError(thrown, "INTERNAL", "read the topic"));
      }
    } finally {
      this.#reading = false;
    }
    this.#advance();
  }

  #send(frame: Uint8Array): void {
    if (!this.#output.send(frame)) this.#blocked = true;
    this.#next += 1;
    this.#sign();
  }

  /** A page may reach beyond the head that the room knows; its checkpoint then follows when the room has caught up. */
  #sign(): void {
    const { checkpoint } = this.#room;
    if (checkpoint === undefined || checkpoint.size !== this.#next - 1 || checkpoint.size <= this.#signed) return;
    this.#signed = checkpoint.size;
    if (!this.#output.send(checkpoint.frame)) this.#blocked = true;
  }
}
