import type { LeafFacts } from "../../src/rules.ts";

type Entry = LeafFacts & { readonly text: string };

/** The log up to an entry, read again each time: slow, and without anything of the rules. */
export class RegulatedModel {
  constructor(
    private readonly entries: readonly Entry[],
    private readonly mayAnswer: (who: string, roles: readonly string[]) => boolean,
  ) {}

  /** Roles of everybody behind entry `upTo`. */
  membersAt(upTo: number): Map<string, readonly string[]> {
    const members = new Map<string, readonly string[]>();
    for (const { kind, to, text } of this.entries.slice(0, upTo)) {
      if (kind === "membership") members.set(to?.[0] ?? "", text.split(" ").filter(Boolean));
    }
    for (const [who, roles] of members) if (roles.length === 0) members.delete(who);
    return members;
  }

  /** Questions that nobody has ended, with those who have not answered. */
  openAt(upTo: number): Map<number, { by: string; asked: string[] }> {
    const open = new Map<number, { by: string; asked: string[] }>();
    for (const { seq, kind, by, asked = [], re = 0 } of this.entries.slice(0, upTo)) {
      if (kind === "question") open.set(seq, { by, asked: [...asked] });
      if (kind === "withdrawal" || kind === "closing") open.delete(re);
      const question = open.get(re);
      if (kind !== "answer" || question === undefined) continue;
      question.asked = question.asked.filter((one) => one !== by);
      if (question.asked.length === 0) open.delete(re);
    }
    return open;
  }

  /** Answers that were never revealed, and corrections of such, with the seq of the answer itself. */
  sealedAt(upTo: number): Map<number, { by: string; reader: string; since: number }> {
    const sealed = new Map<number, { by: string; reader: string; since: number }>();
    for (const { seq, kind, by, to = [], re = 0 } of this.entries.slice(0, upTo)) {
      if (kind === "answer") sealed.set(seq, { by, reader: to[0] ?? "", since: seq });
      const corrected = sealed.get(re);
      if (kind === "correction" && corrected !== undefined) sealed.set(seq, corrected);
      if (kind === "reveal") sealed.delete(re);
    }
    return sealed;
  }

  /** Questions that `reader` owes `by` an answer to, older than entry `since`. */
  owedAt(upTo: number, { by, reader, since }: { by: string; reader: string; since: number }): number[] {
    const roles = this.membersAt(upTo).get(reader);
    if (roles === undefined || !this.mayAnswer(reader, roles)) return [];
    const open = [...this.openAt(upTo)];
    return open.flatMap(([seq, its]) => (its.by === by && seq < since && its.asked.includes(reader) ? [seq] : []));
  }
}
