import type { Draft, OpenQuestion, SealedAnswer, TopicState } from "./topic-state.ts";

/** Whether somebody may answer at all: who may not owes nothing. */
type MayAnswer = (pseudonym: string) => boolean;

/**
 * The questions that keep an answer sealed: those that its author has put to its reader before, and that the reader has not
 * answered. The rule of the regulated conversation (R19).
 */
export function blockersOf(
  { by, reader, since }: SealedAnswer,
  { open }: TopicState,
  mayAnswer: MayAnswer,
): readonly (OpenQuestion & { readonly seq: number })[] {
  if (!mayAnswer(reader)) return [];
  return [...open].flatMap(([seq, question]) => {
    const owed = question.by === by && seq < since && question.asked?.includes(reader);
    return owed ? [{ ...question, seq }] : [];
  });
}

/**
 * One entry for each sealed answer that nothing keeps sealed any more, oldest first. Who is no member waits until he is one
 * again: to be removed and let in again is no way round a question.
 */
export function revealsDue(state: TopicState, mayAnswer: MayAnswer, server: string): readonly Draft[] {
  return [...state.sealed]
    .filter(([, sealed]) => state.members.has(sealed.reader) && blockersOf(sealed, state, mayAnswer).length === 0)
    .sort(([a], [b]) => a - b)
    .map(([re, sealed]) => revealOf(re, sealed, server));
}

/** The entry by which the server reveals a sealed answer: first to whom, then whose it is. */
export function revealOf(re: number, { by, reader }: SealedAnswer, server: string): Draft {
  return { kind: "reveal", by: server, to: [reader, by], re, text: "" };
}

/** Who waits for whom: "answer `questions` to read `answers`". */
export interface Waiting {
  /** Has questions to answer first. */
  readonly reader: string;
  /** Has answered, and waits for the reader's answers. */
  readonly answerer: string;
  /** Seqs of the sealed answers. */
  readonly answers: readonly number[];
  /** Seqs of the questions that keep them sealed. */
  readonly questions: readonly number[];
}

export function waitingIn(state: TopicState, mayAnswer: MayAnswer): readonly Waiting[] {
  const pairs = new Map<string, { reader: string; answerer: string; answers: number[]; questions: Set<number> }>();
  for (const [seq, sealed] of state.sealed) {
    const { reader, by: answerer } = sealed;
    if (!state.members.has(reader)) continue;
    const key = JSON.stringify([reader, answerer]);
    const pair = pairs.get(key) ?? { reader, answerer, answers: [], questions: new Set() };
    if (seq === sealed.since) pair.answers.push(seq); // not its corrections
    for (const question of blockersOf(sealed, state, mayAnswer)) pair.questions.add(question.seq);
    pairs.set(key, pair);
  }
  return [...pairs.values()].map(({ questions, ...pair }) => ({
    ...pair,
    questions: [...questions].sort((a, b) => a - b),
  }));
}
