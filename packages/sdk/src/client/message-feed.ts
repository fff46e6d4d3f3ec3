import type { RedRoomError } from "../base/errors.ts";
import type { TopicMessage } from "./message.ts";

export interface FeedSource {
  pause(): void;
  resume(): void;
  abandon(): void;
  /** The application has taken this message. */
  taken(message: TopicMessage): void;
}

/** A message; or what is to be done when the application comes to an entry that is none. */
export type FeedItem = TopicMessage | (() => void);

/** So many entries wait for a slow consumer before the stream is paused; a quarter of it resumes it. */
const HIGH_WATER = 256;

/** From pushed messages to an async iterator, with back-pressure. Leaving the loop ends the stream. */
export class MessageFeed implements AsyncIterableIterator<TopicMessage> {
  readonly #source: FeedSource;
  readonly #waiting: FeedItem[] = [];
  #waking: (() => void)[] = [];
  #paused = false;
  #over: { readonly error: RedRoomError | undefined } | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  push(item: FeedItem): void {
    this.#waiting.push(item);
    if (this.#waiting.length >= HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake();
  }

  /** Ends the iteration behind what waits; with an error, by throwing it. */
  finish(error: RedRoomError | undefined): void {
    this.#over ??= { error };
    this.#wake();
  }

  async next(): Promise<IteratorResult<TopicMessage>> {
    for (;;) {
      while (this.#waiting.length === 0 && this.#over === undefined) {
        await new Promise<void>((resolve) => {
          this.#waking.push(resolve);
        });
      }
      const item = this.#waiting.shift();
      if (item === undefined) return this.#end();
      this.#goOn();
      if (typeof item === "object") {
        this.#source.taken(item);
        return { done: false, value: item };
      }
      this.#goPast(item);
    }
  }

  async return(): Promise<IteratorResult<TopicMessage>> {
    this.#waiting.length = 0;
    this.#source.abandon();
    this.finish(undefined);
    return { done: true, value: undefined };
  }

  /** What the application throws ends the loop: nobody would call `return` then. */
  #goPast(tell: () => void): void {
    try {
      tell();
    } catch (thrown) {
      void this.return();
      throw thrown;
    }
  }

  #goOn(): void {
    if (!this.#paused || this.#waiting.length > HIGH_WATER / 4) return;
    this.#paused = false;
    if (this.#over === undefined) this.#source.resume();
  }

  #end(): IteratorResult<TopicMessage> {
    const error = this.#over?.error;
    this.#over = { error: undefined };
    if (error !== undefined) throw error;
    return { done: true, value: undefined };
  }

  #wake(): void {
    for (const wake of this.#waking.splice(0)) wake();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
