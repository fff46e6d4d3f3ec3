import { turnOver } from "../base/next-turn.ts";
import type { HookCall, HookRunner } from "./hook-runner.ts";

/** Messages of one topic that are told of later; further ones wait before they are stored. */
const MAX_WAITING = 256;

interface Line {
  /** What is told, in the order of the topic. */
  readonly news: HookCall[][];
  /** Places that are taken: by what waits to be told of, and by what is about to be stored. */
  taken: number;
  /** Who waits for a place. */
  readonly waiting: (() => void)[];
  telling: boolean;
}

/** Room for one message among those that are still to be told of. */
export interface Place {
  /** It was stored: tells of it in its turn. Once, and in the order in which the topic has grown. */
  tell(calls: HookCall[]): void;
  /** It is not needed, unless `tell` was called. */
  free(): void;
}

/** Tells of what was stored, topic by topic, each in its order, and never of more than a bounded number later. */
export class AppendNews {
  readonly #runner: HookRunner;
  /** By topic, as long as there is something. It outlives rooms: no news overtakes another. */
  readonly #lines = new Map<string, Line>();

  constructor(runner: HookRunner) {
    this.#runner = runner;
  }

  /** Resolves when a message may be stored. */
  async place(topicId: string): Promise<Place> {
    const line = this.#lines.get(topicId) ?? { news: [], taken: 0, waiting: [], telling: false };
    this.#lines.set(topicId, line);
    // A place that is given back goes to who waits, and is never free in between.
    if (line.taken < MAX_WAITING) line.taken += 1;
    else await new Promise<void>((resolve) => line.waiting.push(resolve));
    let mine = true;
    return {
      tell: (calls) => {
        mine = false;
        line.news.push(calls);
        if (!line.telling) void this.#runner.track(this.#tellAll(topicId, line));
      },
      free: () => {
        if (mine) this.#free(topicId, line);
        mine = false;
      },
    };
  }

  async #tellAll(topicId: string, line: Line): Promise<void> {
    line.telling = true;
    // Behind the acks: an application that computes for long delays none of them.
    await turnOver();
    for (let calls = line.news.shift(); calls !== undefined; calls = line.news.shift()) {
      await Promise.all(calls.map((call) => this.#runner.tell(call)));
      this.#free(topicId, line);
    }
    line.telling = false;
  }

  #free(topicId: string, line: Line): void {
    const next = line.waiting.shift();
    if (next === undefined) line.taken -= 1;
    else next();
    if (line.taken === 0) this.#lines.delete(topicId);
  }
}
