import type { RedRoomError } from "../base/errors.ts";
import type { TopicMessage } from "./message.ts";

export interface FeedSource {
  pause(): void;
  resume(): void;
  abandon(): void;
  /** The application has taken this message. */
  taken(message: TopicMessage): void;
  /** The application has come to an entry whose text is withheld or was erased. */
  withheld(seq: number): void;
}

/** So many entries wait for a slow consumer before the stream is paused; a quarter of it resumes it. */
const HIGH_WATER = 256;

/** From pushed messages to an async iterator, with back-pressure. Leaving the loop ends the stream. */
export class MessageFeed implements AsyncIterableIterator<TopicMessage> {
  readonly #source: FeedSource;
  /** Messages, and the numbers of entries without a text. */
  readonly #waiting: (TopicMessage | number)[] = [];
  #waking: (() => void)[] = [];
  #paused = false;
  #over: { readonly error: RedRoomError | undefined } | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  /** @param entry A message, or the seq of one whose text is withheld. */
  push(entry: TopicMessage | number): void {
    this.#waiting.push(entry);
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
      const entry = this.#waiting.shift();
      if (entry === undefined) return this.#end();
      this.#goOn();
      if (typeof entry === "number") {
        this.#withheld(entry);
      } else {
        this.#source.taken(entry);
        return { done: false, value: entry };
      }
    }
  }

  async return(): Promise<IteratorResult<TopicMessage>> {
    this.#waiting.length = 0;
    this.#source.abandon();
    this.finish(undefined);
    return { done: true, value: undefined };
  }

  /** What the application throws ends the loop: nobody would call `return` then. */
  #withheld(seq: number): void {
    try {
      this.#source.withheld(seq);
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
