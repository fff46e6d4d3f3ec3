import type { RedRoomError } from "../base/errors.ts";
import type { TopicMessage } from "./message.ts";

export interface FeedSource {
  pause(): void;
  resume(): void;
  abandon(): void;
}

/** So many messages wait for a slow consumer before the stream is paused; a quarter of it resumes it. */
const HIGH_WATER = 256;

/** From pushed messages to an async iterator, with back-pressure. Leaving the loop ends the stream. */
export class MessageFeed implements AsyncIterableIterator<TopicMessage> {
  readonly #source: FeedSource;
  readonly #waiting: TopicMessage[] = [];
  #waking: (() => void)[] = [];
  #paused = false;
  #over: { readonly error: RedRoomError | undefined } | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  push(message: TopicMessage): void {
    this.#waiting.push(message);
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
    while (this.#waiting.length === 0 && this.#over === undefined) {
      await new Promise<void>((resolve) => {
        this.#waking.push(resolve);
      });
    }
    const message = this.#waiting.shift();
    if (message === undefined) {
      const error = this.#over?.error;
      this.#over = { error: undefined };
      if (error !== undefined) throw error;
      return { done: true, value: undefined };
    }
    if (this.#paused && this.#waiting.length <= HIGH_WATER / 4) {
      this.#paused = false;
      this.#source.resume();
    }
    return { done: false, value: message };
  }

  async return(): Promise<IteratorResult<TopicMessage>> {
    this.#waiting.length = 0;
    this.#source.abandon();
    this.finish(undefined);
    return { done: true, value: undefined };
  }

  #wake(): void {
    for (const wake of this.#waking.splice(0)) wake();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
