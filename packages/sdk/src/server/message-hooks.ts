import type { JsonObject } from "../base/canonical-json.ts";
import { AppendNews, type Place } from "./append-news.ts";
import type { AfterAppendPayload, BeforeAppendPayload } from "./extension.ts";
import { GatheredAnnotations } from "./gathered-annotations.ts";
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
  readonly #maxMetadataBytes: number;
  readonly #news: AppendNews;

  constructor(
    before: readonly NamedHook<"beforeAppend">[],
    after: readonly NamedHook<"afterAppend">[],
    runner: HookRunner,
    maxMetadataBytes: number,
  ) {
    this.#before = before;
    this.#after = after;
    this.#runner = runner;
    this.#maxMetadataBytes = maxMetadataBytes;
    this.#news = new AppendNews(runner);
  }

  /**
   * @returns What the extensions add to the message.
   * @throws {RedRoomError} What the author is told; the message is not to be stored.
   */
  async ask(submitted: Submitted): Promise<JsonObject | undefined> {
    if (this.#before.length === 0) return undefined;
    const annotations = new GatheredAnnotations(this.#maxMetadataBytes);
    const calls = callsWith(this.#before, submitted).map(({ name, call }) => ({
      name,
      call: async (signal: AbortSignal) => {
        const answer = await call(signal);
        annotations.add(answer);
        return answer;
      },
    }));
    await this.#runner.run("store the message", calls);
    return annotations.all;
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
