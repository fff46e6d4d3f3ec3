import { protocolError } from "../protocol/frame.ts";
import type { ReadEntry, ReadSealed } from "./message.ts";

/**
 * Which answers to one's own questions a reader of a regulated topic has, and which only the commitment of: so that each is
 * handed over once, and is the one that was sealed. Outlives the reader's streams.
 */
export class SealedAnswers {
  /** Leaf lines by seq: what the log has committed to. */
  readonly #sealed = new Map<number, string>();
  /** Those handed over: revealed, or found open in the history, where their reveal is still to come. */
  readonly #handed = new Set<number>();

  /** A sealed answer has come. */
  seal({ leaf, fields }: ReadSealed, self: string): void {
    if (!fields.to?.includes(self)) throw protocolError(`answer ${fields.seq} is sealed, and is not for us`);
    this.#sealed.set(fields.seq, leaf);
  }

  /** An entry has come that can be read. */
  saw({ fields: { seq, kind, to } }: ReadEntry, self: string): void {
    if ((kind === "answer" || kind === "correction") && to?.includes(self)) this.#handed.add(seq);
  }

  has(seq: number): boolean {
    return this.#handed.has(seq);
  }

  /**
   * Holds a revealed answer against the reveal before it, and against what was sealed.
   *
   * @returns `unknown` when this reader has not seen its leaf: its place in the log must be proved first.
   * @throws {RedRoomError} `PROTOCOL_ERROR`.
   */
  check({ leaf, fields }: ReadEntry, reveal: ReadEntry, self: string): "known" | "unknown" {
    const { seq, kind, by, to } = fields;
    const fits = (kind === "answer" || kind === "correction") && to?.includes(self) && reveal.fields.to?.[1] === by;
    if (!fits) throw protocolError(`entry ${seq} is not the answer that ${reveal.fields.seq} reveals`);
    const sealed = this.#sealed.get(seq);
    if (sealed === undefined) return "unknown";
    if (sealed !== leaf) throw protocolError(`answer ${seq} is not the one that was sealed`);
    return "known";
  }

  /** It is handed over now. */
  hand(seq: number): void {
    this.#sealed.delete(seq);
    this.#handed.add(seq);
  }
}
