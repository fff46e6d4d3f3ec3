import type { LeafFields } from "@redroom/sdk/evidence";
import type { SeededRandom } from "@redroom/sdk/testing";
import { COMMON_WORD, makeText, RARE_WORD } from "./words.ts";

/** What somebody writes, before it has a place in a topic's log. */
export type Written = Pick<LeafFields, "kind" | "by" | "to" | "re" | "priority"> & { readonly text: string };

/** Pseudonyms, by what they do. */
export interface Cast {
  readonly askers: readonly [string, ...string[]];
  readonly answerers: readonly [string, ...string[]];
  /** Writes notes, and closes questions. */
  readonly superuser: string;
}

/** So many questions wait for their answers at any time, once there have been as many. */
const LEFT_OPEN = 150;
const COMMON_SHARE = 0.2;
/** Every so many messages are confirmed by those who read along. */
export const MESSAGES_PER_DELIVERY = 20;

interface Question {
  readonly seq: number;
  readonly by: string;
}

/** The correspondence of a sale: questions and their answers, notes, corrections, now and then a withdrawal. A seed decides it. */
export class Correspondence {
  readonly #random: SeededRandom;
  readonly #cast: Cast;
  readonly #open: Question[] = [];
  /** The newest message that nobody has referred to: what a correction is of. */
  #last: { readonly seq: number; readonly by: string; readonly to: readonly string[] | undefined } | undefined;

  constructor(random: SeededRandom, cast: Cast) {
    this.#random = random;
    this.#cast = cast;
  }

  /** @param seq Where it will stand. @param rare Whether it has the rare word. */
  next(seq: number, rare: boolean): Written {
    const random = this.#random;
    const also = [...(rare ? [RARE_WORD] : []), ...(random.chance(COMMON_SHARE) ? [COMMON_WORD] : [])];
    const written = this.#next(seq, (least, most) => makeText(random, random.between(least, most), ...also));
    if (written.kind === "question") this.#open.push({ seq, by: written.by });
    if (written.kind !== "correction") this.#last = { seq, by: written.by, to: written.to };
    return written;
  }

  #next(seq: number, text: (least: number, most: number) => string): Written {
    const random = this.#random;
    const { askers, answerers, superuser } = this.#cast;
    const dice = random.next();
    const last = this.#last;
    if (dice < 0.03 && last !== undefined && last.seq < seq) {
      return { kind: "correction", by: last.by, to: last.to, re: last.seq, text: text(40, 200) };
    }
    if (dice < 0.36) {
      const to = random.chance(0.3) ? [random.pick(answerers)] : undefined;
      const priority = random.chance(0.1) ? "high" : undefined;
      return { kind: "question", by: random.pick(askers), to, priority, text: text(20, 90) };
    }
    const question = dice < 0.72 ? this.#take() : undefined;
    if (question === undefined) {
      const by = random.pick([superuser, ...askers]);
      return { kind: "note", by, to: random.chance(0.1) ? [superuser] : undefined, text: text(30, 200) };
    }
    const re = question.seq;
    if (dice < 0.37) return { kind: "withdrawal", by: question.by, re, text: text(5, 20) };
    if (dice < 0.38) return { kind: "closing", by: superuser, re, text: text(5, 20) };
    const to = random.chance(0.3) ? [question.by] : undefined;
    return { kind: "answer", by: random.pick(answerers), to, re, text: text(60, 400) };
  }

  /** Takes an open question: mostly one of the older ones. */
  #take(): Question | undefined {
    if (this.#open.length <= LEFT_OPEN) return undefined;
    const [question] = this.#open.splice(Math.floor(this.#random.next() ** 2 * this.#open.length), 1);
    return question;
  }
}
