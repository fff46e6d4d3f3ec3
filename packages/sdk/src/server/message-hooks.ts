import { AppendNews, type Place } from "./append-news.ts";
import type { AfterAppendPayload, BeforeAppendPayload } from "./extension.ts";
import { callsWith } from "./hook-payload.ts";
import type { HookCall, HookRunner } from "./hook-runner.ts";
import type { NamedHook } from "./named-hook.ts";

/** What hooks are told of a message. */
export type Submitted = Omit<BeforeAppendPayload, "signal">;

/** What extensions say to messages: before they are stored, and afterwards. */
export class MessageHooks {
  readonly #before: readonly NamedHook<"beforeAppend">[];
  readonly #after: readonly NamedHook<"afterAppend">[];
  readonly #runner: HookRunner;
  readonly #news: AppendNews;

  constructor(
    before: readonly NamedHook<"beforeAppend">[],
    after: readonly NamedHook<"afterAppend">[],
    runner: HookRunner,
  ) {
    this.#before = before;
    this.#after = after;
    this.#runner = runner;
    this.#news = new AppendNews(runner);
  }

  /** @throws {RedRoomError} What the author is told; the message is not to be stored. */
  async ask(submitted: Submitted): Promise<void> {
    if (this.#before.length === 0) return;
    await this.#runner.run("store the message", callsWith(this.#before, submitted));
  }

  /** Resolves when a message may be stored. @returns `undefined` where nobody is told of it. */
  async place(topicId: string): Promise<Place | undefined> {
    return this.#after.length === 0 ? undefined : this.#news.place(topicId);
  }

  /** What tells of a message that was stored. */
  news(stored: Omit<AfterAppendPayload, "signal">): HookCall[] {
    return callsWith(this.#after, stored);
  }
}
