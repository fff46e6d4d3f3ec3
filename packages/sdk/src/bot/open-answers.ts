import { type Entry, messageEntry } from "./entry.ts";

/**
 * Answers that are read once more, open by now, where an earlier run of the bot has handled them sealed. Nothing comes behind the
 * reveal of such an answer, so it is handed over from here.
 */
export class OpenAnswers {
  readonly #bySeq = new Map<number, Entry>();

  /** An entry has been read. @param finished By an earlier run. */
  went({ seq, place, content }: Entry, finished: boolean): void {
    if (finished && seq === place && (content.event === "answer" || content.event === "correction")) {
      this.#bySeq.set(seq, { place, seq, at: 0, name: "", content });
    }
  }

  /** The answer that belongs behind an entry: it was handled sealed. */
  revealedBy({ seq, content }: Entry): Entry | undefined {
    if (content.event !== "reveal" || content.message.re === undefined) return undefined;
    const answer = this.#bySeq.get(content.message.re)?.content;
    this.#bySeq.delete(content.message.re);
    if (answer === undefined || !("message" in answer)) return undefined;
    return messageEntry({ ...answer.message, revealedBy: seq });
  }
}
