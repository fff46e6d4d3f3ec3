import type { Priority } from "../base/message-kind.ts";
import type { LeafFields } from "../evidence/leaf.ts";

/** What of a topic's log decides about the next entry: small, however long the log is. */
export interface TopicState {
  /** Answers are exchanged one for the other (`docs/regulated.md`). */
  readonly regulated: boolean;
  /** From pseudonym to roles. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** By seq. */
  readonly open: ReadonlyMap<number, OpenQuestion>;
  /** By seq: what its addressee may not read yet. */
  readonly sealed: ReadonlyMap<number, SealedAnswer>;
}

export interface OpenQuestion {
  readonly by: string;
  readonly to?: readonly string[] | undefined;
  readonly priority: Priority;
  readonly due?: number | undefined;
  /** Those who still have to answer; `undefined` where the first answer counts. */
  readonly asked?: readonly string[] | undefined;
}

/** An answer of a regulated conversation, or a correction of one. */
export interface SealedAnswer {
  readonly by: string;
  /** Who may not read it yet: the asker. */
  readonly reader: string;
  /** The seq of the answer itself: older questions to the reader keep it sealed. */
  readonly since: number;
}

export type QuestionState = "open" | "answered" | "withdrawn" | "closed";

/** What of a leaf the state follows from. */
export type LeafFacts = Omit<LeafFields, "topic" | "id" | "at" | "commitment">;

/** An entry that is about to be: its facts but for the place, and its text. */
export type Draft = Omit<LeafFacts, "seq"> & { readonly text: string };

/** What an entry changes in the state of its topic. */
export type StateChange =
  | { readonly type: "member"; readonly pseudonym: string; readonly roles: readonly string[] }
  | {
      readonly type: "question";
      readonly seq: number;
      readonly state: QuestionState;
      readonly asked?: readonly string[] | undefined;
    }
  | ({ readonly type: "sealed"; readonly seq: number } & SealedAnswer)
  | { readonly type: "revealed"; readonly seq: number };

export const emptyState = (regulated: boolean): TopicState => ({
  regulated,
  members: new Map(),
  open: new Map(),
  sealed: new Map(),
});

/** The text of an entry of the kind `membership`. */
export const membershipText = (roles: readonly string[]): string => roles.join(" ");

/** The roles that the text of an entry of the kind `membership` names; none for somebody who is no member any more. */
export const rolesOf = (text: string): string[] => (text === "" ? [] : text.split(" "));

/**
 * What an entry says about the state of its topic, given the state before it. A pure function of the log: whoever has the
 * entries can compute the state again.
 *
 * @param text Needed of a membership only, whose text is never erased.
 */
export function changesBy(state: TopicState, leaf: LeafFacts, text: string): readonly StateChange[] {
  const { seq, kind, by, to = [], re = 0 } = leaf;
  const [first = ""] = to;
  switch (kind) {
    case "membership":
      return [{ type: "member", pseudonym: first, roles: rolesOf(text) }];
    case "question":
      return [{ type: "question", seq, state: "open", asked: leaf.asked }];
    case "answer":
      return [...answered(state.open.get(re), re, by), ...(state.regulated ? [seal(leaf, first, seq)] : [])];
    case "correction": {
      const corrected = state.sealed.get(re);
      return corrected === undefined ? [] : [seal(leaf, corrected.reader, corrected.since)];
    }
    case "withdrawal":
    case "closing":
      if (!state.open.has(re)) return [];
      return [{ type: "question", seq: re, state: kind === "closing" ? "closed" : "withdrawn" }];
    case "reveal":
      return state.sealed.has(re) ? [{ type: "revealed", seq: re }] : [];
    default:
      return [];
  }
}

function answered(question: OpenQuestion | undefined, seq: number, by: string): StateChange[] {
  if (question === undefined) return [];
  const asked = question.asked?.filter((one) => one !== by) ?? [];
  return [{ type: "question", seq, state: asked.length > 0 ? "open" : "answered", ...(asked.length > 0 && { asked }) }];
}

const seal = ({ seq, by }: LeafFacts, reader: string, since: number): StateChange => ({
  type: "sealed",
  seq,
  by,
  reader,
  since,
});

/** The state behind an entry. */
export function foldEntry(state: TopicState, leaf: LeafFacts, text: string): TopicState {
  return applyChanges(state, leaf, changesBy(state, leaf, text));
}

/** @param leaf Of the entry that makes the changes. */
export function applyChanges(state: TopicState, leaf: LeafFacts, changes: readonly StateChange[]): TopicState {
  if (changes.length === 0) return state;
  const [members, open, sealed] = [new Map(state.members), new Map(state.open), new Map(state.sealed)];
  for (const change of changes) {
    if (change.type === "member") {
      if (change.roles.length > 0) members.set(change.pseudonym, change.roles);
      else members.delete(change.pseudonym);
    } else if (change.type === "question") {
      const question = change.seq === leaf.seq ? questionOf(leaf) : open.get(change.seq);
      if (change.state !== "open" || question === undefined) open.delete(change.seq);
      else open.set(change.seq, { ...question, asked: change.asked });
    } else if (change.type === "sealed") {
      sealed.set(change.seq, { by: change.by, reader: change.reader, since: change.since });
    } else {
      sealed.delete(change.seq);
    }
  }
  return { ...state, members, open, sealed };
}

/** An open question, as its leaf has it. */
export function questionOf({ by, to, priority, due, asked }: LeafFacts): OpenQuestion {
  return { by, to, priority: priority ?? "normal", due, asked };
}
