import type { QuestionState } from "../../rules/topic-state.ts";
import type { RecordedEntry } from "./history.ts";
import { MAX_OPEN_QUESTIONS } from "./server-lives.ts";

/** What a log says, read from its beginning by the words of docs/regulated.md and docs/roles.md, and by no code of the server. */
export interface Walk {
  /** Each change of somebody's roles. */
  readonly roles: readonly { readonly seq: number; readonly user: string; readonly roles: readonly string[] }[];
  readonly members: ReadonlyMap<string, readonly string[]>;
  readonly questions: readonly Question[];
  /** By seq, what is sealed in the end. */
  readonly sealed: ReadonlyMap<number, Sealed>;
  /** By seq, who had to wait for it; also what is revealed by now. */
  readonly everSealed: ReadonlyMap<number, string>;
  /** Reveals that nothing justifies, and those that are missing. */
  readonly unjustified: readonly string[];
  readonly forbidden: readonly string[];
}

interface Question {
  readonly seq: number;
  readonly by: string;
  readonly due: number | undefined;
  /** Who still has to answer; `undefined` where the first answer counts. */
  readonly owes: Set<string> | undefined;
  state: QuestionState;
}

interface Sealed {
  readonly by: string;
  readonly reader: string;
  /** The answer that it corrects, or is. */
  readonly since: number;
}

/** Who may write what. A correction needs what its original needed. */
const WRITERS: Readonly<Record<string, readonly string[]>> = {
  question: ["interviewer", "superuser"],
  withdrawal: ["interviewer", "superuser"],
  answer: ["interviewee", "superuser"],
  note: ["superuser"],
  closing: ["superuser"],
  reveal: ["superuser"],
};

/** @param open Whether everybody may ask, answer and write notes, whatever their roles. */
export function walk(entries: readonly RecordedEntry[], regulated: boolean, open: boolean): Walk {
  const walker = new Walker(entries, regulated, open);
  for (const entry of entries) walker.step(entry);
  walker.end();
  return walker;
}

class Walker implements Walk {
  readonly roles: { seq: number; user: string; roles: readonly string[] }[] = [];
  readonly members = new Map<string, readonly string[]>();
  readonly questions: Question[] = [];
  readonly sealed = new Map<number, Sealed>();
  readonly everSealed = new Map<number, string>();
  readonly unjustified: string[] = [];
  readonly forbidden: string[] = [];
  readonly #entries: readonly RecordedEntry[];
  readonly #regulated: boolean;
  readonly #open: boolean;
  /** Answers that a superuser has released: their corrections come with them. */
  readonly #released = new Set<number>();

  constructor(entries: readonly RecordedEntry[], regulated: boolean, open: boolean) {
    this.#entries = entries;
    this.#regulated = regulated;
    this.#open = open;
  }

  step(entry: RecordedEntry): void {
    const { seq, kind, author, text } = entry;
    const reasons = author === "server" ? this.#wrongOfServer(entry) : this.#wrong(entry);
    for (const why of reasons) this.forbidden.push(`${seq} is a ${kind} of ${author}: ${why}`);
    const corrected = kind === "correction" ? this.sealed.get(entry.re ?? 0) : undefined;
    if (kind === "membership") this.#setRoles(seq, entry.to[0] ?? "", text === "" ? [] : text.split(" "));
    else if (kind === "question") this.#ask(entry);
    else if (kind === "answer") this.#answer(entry);
    else if (corrected !== undefined) this.#seal(seq, corrected);
    else if (kind === "withdrawal") this.#end(entry.re, "withdrawn");
    else if (kind === "closing") this.#end(entry.re, "closed");
    else if (kind === "reveal") this.#reveal(entry);
  }

  /** Nothing is left that should have been revealed. */
  end(): void {
    for (const [seq, sealed] of this.sealed) {
      const { reader, by } = sealed;
      if (!this.members.has(reader) || this.#blockers(sealed).length > 0) continue;
      this.unjustified.push(`answer ${seq} of ${by} stays sealed for ${reader}, who owes nothing`);
    }
  }

  #setRoles(seq: number, user: string, roles: readonly string[]): void {
    this.roles.push({ seq, user, roles });
    if (roles.length > 0) this.members.set(user, roles);
    else this.members.delete(user);
  }

  #ask({ seq, author: by, due, asked, to }: RecordedEntry): void {
    const owes = this.#regulated ? new Set(asked) : undefined;
    this.questions.push({ seq, by, due, owes, state: "open" });
    const open = this.questions.filter((question) => question.by === by && question.state === "open").length;
    if (open > MAX_OPEN_QUESTIONS) this.forbidden.push(`${seq} makes ${open} open questions of ${by}`);
    const named = to.length > 0 ? to : [...this.members.keys()];
    const expected = named.filter((one) => one !== by && this.#mayAnswer(one));
    if (owes !== undefined && (owes.size !== expected.length || !expected.every((one) => owes.has(one)))) {
      this.forbidden.push(`${seq} has to be answered by ${[...owes]}, should be by ${expected}`);
    }
  }

  #answer({ seq, author, re, to }: RecordedEntry): void {
    const question = this.#question(re);
    question?.owes?.delete(author);
    if (question?.state === "open" && (question.owes?.size ?? 0) === 0) question.state = "answered";
    if (this.#regulated) this.#seal(seq, { by: author, reader: to[0] ?? "", since: seq });
  }

  #seal(seq: number, sealed: Sealed): void {
    this.sealed.set(seq, sealed);
    this.everSealed.set(seq, sealed.reader);
  }

  #end(re: number | undefined, state: QuestionState): void {
    const question = this.#question(re);
    if (question !== undefined) question.state = state;
  }

  #reveal({ seq, author, re = 0, at }: RecordedEntry): void {
    const sealed = this.sealed.get(re);
    this.sealed.delete(re);
    if (sealed === undefined) {
      this.unjustified.push(`${seq} reveals ${re}, which is not sealed`);
      return;
    }
    const { reader, since } = sealed;
    const blockers = this.#blockers(sealed);
    if (author !== "server") this.#released.add(since);
    const over = blockers.every(({ due }) => due !== undefined && due <= at);
    const fits = author === "server" ? this.#released.has(since) || this.#earned(sealed) : over;
    if (fits) return;
    const owed = blockers.map((question) => question.seq);
    this.unjustified.push(`${seq} of ${author} reveals ${re} to ${reader}, who owes an answer to ${owed}`);
  }

  #earned(sealed: Sealed): boolean {
    return this.members.has(sealed.reader) && this.#blockers(sealed).length === 0;
  }

  /** What the reader has to answer first: older than the answer, put by its author, open, and still owed. */
  #blockers({ by, reader, since }: Sealed): Question[] {
    if (!this.#mayAnswer(reader)) return [];
    return this.questions.filter(
      (question) =>
        question.by === by && question.seq < since && question.state === "open" && question.owes?.has(reader),
    );
  }

  #mayAnswer(user: string): boolean {
    return this.#open || this.#has(user, WRITERS["answer"]);
  }

  #has(user: string, wanted: readonly string[] = []): boolean {
    return (this.members.get(user) ?? []).some((role) => wanted.includes(role));
  }

  #question(seq: number | undefined): Question | undefined {
    return this.questions.find((question) => question.seq === seq);
  }

  #wrongOfServer({ kind }: RecordedEntry): string[] {
    return ["membership", "delivery", "reveal"].includes(kind) ? [] : ["the server writes no such thing"];
  }

  #wrong(entry: RecordedEntry): string[] {
    const { kind, author, re = 0, to, at, due } = entry;
    const about = this.#entries[re - 1];
    const needed = kind === "correction" ? (about?.kind ?? "") : kind;
    const mayInOpen = this.#open && ["question", "answer", "note", "withdrawal"].includes(needed);
    if (!mayInOpen && !this.#has(author, WRITERS[needed])) return ["the role does not allow it"];
    if (kind === "note" || kind === "question") {
      const late = due !== undefined && due <= at ? ["its deadline was over"] : [];
      const strangers = to.filter((one) => !this.members.has(one));
      return strangers.length > 0 ? [...late, `${strangers} are no members`] : late;
    }
    if (about === undefined || re >= entry.seq) return [`${re} is not there`];
    if (kind === "correction") return about.author === author ? [] : [`${re} is of ${about.author}`];
    if (kind === "reveal") return this.#wrongRelease(author, this.sealed.get(re));
    const question = this.#question(re);
    if (question === undefined) return [`${re} is no question`];
    if (kind === "answer") return this.#wrongAnswer(entry, question, about);
    if (question.state !== "open") return [`${re} is ${question.state}`];
    if (kind === "withdrawal") return question.by === author ? [] : [`${re} is of ${question.by}`];
    return this.#wrongClosing(entry, question);
  }

  #wrongAnswer({ author, to }: RecordedEntry, { by, state }: Question, about: RecordedEntry): string[] {
    if (by === author || (about.to.length > 0 && !about.to.includes(author))) return ["it was not put to them"];
    if (state === "withdrawn" || state === "closed") return [`the question is ${state}`];
    return this.#regulated && (to.length !== 1 || to[0] !== by) ? [`it is to ${to}`] : [];
  }

  #wrongRelease(author: string, sealed: Sealed | undefined): string[] {
    return author === sealed?.by || author === sealed?.reader ? ["they are a party"] : [];
  }

  /** A question that keeps an answer sealed is not closed before its deadline, nor by who has to answer it. */
  #wrongClosing({ author, at }: RecordedEntry, { seq, by, due, owes }: Question): string[] {
    const keeps = [...this.sealed.values()].some(
      (sealed) => sealed.by === by && sealed.since > seq && owes?.has(sealed.reader),
    );
    if (!keeps) return [];
    if (owes?.has(author)) return ["they have to answer it"];
    return due !== undefined && due <= at ? [] : ["it keeps an answer sealed, and its deadline is not over"];
  }
}
