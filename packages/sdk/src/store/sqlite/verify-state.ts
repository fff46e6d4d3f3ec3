import type Database from "better-sqlite3";
import type { LeafFields } from "../../evidence/leaf.ts";
import {
  changesBy,
  membershipText,
  type OpenQuestion,
  type QuestionState,
  questionOf,
  type SealedAnswer,
  type StateChange,
  type TopicState,
} from "../../rules/topic-state.ts";

/** What does not hold: a sentence, and the entry that it concerns, where it is one. */
export interface StateFault {
  readonly seq: number | undefined;
  readonly message: string;
}

/** A row as it must be: what it says, as one text, and a sentence for where it does not. */
interface Rows {
  /** Of the table, by key. */
  readonly there: ReadonlyMap<unknown, string>;
  /** Computed from the entries. */
  readonly wanted: Map<string | number, string>;
}

/**
 * The state of one topic, computed from its entries, against the tables that say so. The rules are those of `foldEntry`; the
 * state is changed in place, because a verifier sees each only once.
 */
export class StateVerifier {
  readonly #state: TopicState;
  readonly #open = new Map<number, OpenQuestion>();
  readonly #sealed = new Map<number, SealedAnswer>();
  readonly #members: Rows;
  readonly #questions: Rows;
  readonly #answers: Rows;
  #fault: StateFault | undefined;

  constructor(database: Database.Database, topic: number, regulated: boolean) {
    this.#state = { regulated, members: new Map(), open: this.#open, sealed: this.#sealed };
    const rowsOf = (sql: string): Rows => {
      const rows = database.prepare(sql).raw().all(topic) as [unknown, ...unknown[]][];
      return { there: new Map(rows.map(([key, ...values]) => [key, textOf(values)])), wanted: new Map() };
    };
    this.#members = rowsOf("SELECT pseudonym, roles, entry FROM memberships WHERE topic = ? ORDER BY pseudonym");
    this.#questions = rowsOf("SELECT seq, state, asked, entry FROM question_states WHERE topic = ? ORDER BY seq");
    this.#answers = rowsOf("SELECT seq, reader, since, revealed FROM sealed_answers WHERE topic = ? ORDER BY seq");
  }

  /** In the order of the log. @param text Of a membership; it is not looked at otherwise. */
  add(leaf: LeafFields, text: string): void {
    const { seq, kind, asked } = leaf;
    if (kind === "question" && (asked !== undefined) !== this.#state.regulated) {
      const what = this.#state.regulated ? "does not say who has to answer" : "says who has to answer";
      const message = `the question ${what}, which contradicts whether the topic is regulated`;
      this.#fault ??= { seq, message };
    }
    for (const change of changesBy(this.#state, leaf, text)) this.#change(leaf, change);
  }

  #change(leaf: LeafFields, change: StateChange): void {
    switch (change.type) {
      case "member":
        this.#members.wanted.set(change.pseudonym, textOf([membershipText(change.roles), leaf.seq]));
        return;
      case "question":
        this.#question(leaf, change.seq, change.state, change.asked);
        return;
      case "sealed":
        this.#sealed.set(change.seq, { by: change.by, reader: change.reader, since: change.since });
        this.#answers.wanted.set(change.seq, textOf([change.reader, change.since, null]));
        return;
      case "revealed": {
        const { reader, since } = this.#sealed.get(change.seq) ?? {};
        this.#sealed.delete(change.seq);
        this.#answers.wanted.set(change.seq, textOf([reader, since, leaf.seq]));
      }
    }
  }

  #question(leaf: LeafFields, seq: number, state: QuestionState, asked: readonly string[] | undefined): void {
    const question = seq === leaf.seq ? questionOf(leaf) : this.#open.get(seq);
    if (state === "open" && question !== undefined) this.#open.set(seq, { ...question, asked });
    else this.#open.delete(seq);
    this.#questions.wanted.set(seq, textOf([state, asked === undefined ? null : JSON.stringify(asked), leaf.seq]));
  }

  end(): StateFault | undefined {
    if (this.#fault !== undefined) return this.#fault;
    const one = difference(this.#members);
    if (one !== undefined) return { seq: undefined, message: `the roles of ${one} are not what the memberships say` };
    const question = difference(this.#questions);
    if (question !== undefined) {
      return { seq: Number(question), message: "what became of the question is not what the entries say" };
    }
    const answer = difference(this.#answers);
    if (answer === undefined) return undefined;
    return { seq: Number(answer), message: "whether the answer is sealed is not what the entries say" };
  }
}

/** The key of the first row that is not as it must be, not there, or too many. */
function difference({ there, wanted }: Rows): unknown {
  for (const [key, text] of wanted) if (there.get(key) !== text) return key;
  if (there.size === wanted.size) return undefined;
  return [...there.keys()].find((key) => !wanted.has(key as string | number));
}

/** In a damaged file any value can be of any type: a row is compared as a whole. */
const textOf = (values: readonly unknown[]): string => JSON.stringify(values);
