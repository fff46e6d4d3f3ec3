import { RedRoomError } from "../base/errors.ts";
import type { MessageKind, Priority } from "../base/message-kind.ts";
import type { Capability } from "./policy.ts";
import { blockersOf, revealOf, revealsDue } from "./regulation.ts";
import {
  type Draft,
  foldEntry,
  type LeafFacts,
  membershipText,
  type QuestionState,
  type TopicState,
} from "./topic-state.ts";
import { visibilityOf } from "./visibility.ts";

/** What somebody wants to have in the log. */
export interface Wish {
  readonly kind: MessageKind;
  readonly text: string;
  /** Pseudonyms. */
  readonly to?: readonly string[] | undefined;
  readonly re?: number | undefined;
  readonly priority?: Priority | undefined;
  readonly due?: number | undefined;
}

/** The entry that a wish refers to. */
export interface Target {
  readonly leaf: LeafFacts;
  /** Of a question that is no longer open. */
  readonly state: QuestionState | undefined;
}

/** What a decision is made by. */
export interface Circumstances {
  readonly state: TopicState;
  /** The highest seq. */
  readonly head: number;
  readonly now: number;
  readonly maxOpenQuestions: number;
  /** The pseudonym in whose name the server writes. */
  readonly server: string;
  /** @param state Whose memberships count: `state`, or the one behind the entry that is decided on. */
  capabilitiesOf(pseudonym: string, state: TopicState): ReadonlySet<Capability>;
}

/** As many as a leaf names. */
const MAX_ASKED = 256;

const NEEDED: Readonly<Record<MessageKind, Capability>> = {
  question: "ask",
  answer: "answer",
  note: "note",
  correction: "readAddressed", // and what the original needed, see below
  withdrawal: "ask",
  closing: "moderate",
  reveal: "moderate",
};

/** What each kind is called in a sentence. */
const DOING: Readonly<Record<MessageKind, string>> = {
  question: "ask",
  answer: "answer",
  note: "write a note",
  correction: "correct a message",
  withdrawal: "withdraw a question",
  closing: "close a question",
  reveal: "release an answer",
};

/**
 * Decides what a wish leads to: the entry, and the answers that are revealed with it. Pure, so that it can be decided again
 * when somebody else was faster.
 *
 * @param target What `wish.re` refers to; `undefined` where there is no such entry.
 * @throws {RedRoomError} `NOT_ALLOWED`, the same whether what it refers to is hidden or not there; `REFERENCE_INVALID`,
 * `RECIPIENT_INVALID`, `DEADLINE_INVALID`, `TOO_MANY_QUESTIONS`, `TEXT_INVALID`.
 */
export function decide(wish: Wish, by: string, target: Target | undefined, now: Circumstances): readonly Draft[] {
  const capabilities = now.capabilitiesOf(by, now.state);
  const { kind, text, re } = wish;
  if (!capabilities.has(NEEDED[kind]) && !(kind === "correction" && capabilities.has("readAll"))) {
    throw notAllowed(kind);
  }
  if (
    re !== undefined &&
    (target === undefined || visibilityOf(target.leaf, { pseudonym: by, capabilities }, now.state) === "hidden")
  ) {
    if (target === undefined && re > now.head)
      throw referenceInvalid(kind, `${re} is not there; the newest is ${now.head}`);
    throw notAllowed(kind);
  }
  if (text === "" && kind !== "withdrawal" && kind !== "reveal") {
    throw new RedRoomError("TEXT_INVALID", `unable to ${DOING[kind]}; the text is empty`);
  }
  const draft = { ...draftOf(wish, by, target, now, capabilities), kind, by, re, text };
  return withReveals(kind === "reveal" ? [draft, ...togetherWith(re, now)] : [draft], now);
}

/** Decides on somebody's roles; none: no member any more. */
export function decideMembership(
  member: string,
  roles: readonly string[],
  by: string,
  now: Circumstances,
): readonly Draft[] {
  return withReveals([{ kind: "membership", by, to: [member], text: membershipText(roles) }], now);
}

/** What was decided, and what is revealed with it. */
function withReveals(
  drafts: readonly Draft[],
  { state, head, server, capabilitiesOf }: Circumstances,
): readonly Draft[] {
  const after = drafts.reduce(
    (before, draft, index) => foldEntry(before, { ...draft, seq: head + 1 + index }, draft.text),
    state,
  );
  return [...drafts, ...revealsDue(after, (one) => capabilitiesOf(one, after).has("answer"), server)];
}

/** An answer and its corrections are released as one: nobody is left with a text that its author has corrected. */
function togetherWith(released: number | undefined, { state, server }: Circumstances): readonly Draft[] {
  const since = state.sealed.get(released ?? 0)?.since;
  return [...state.sealed].flatMap(([re, sealed]) =>
    re !== released && sealed.since === since ? [revealOf(re, sealed, server)] : [],
  );
}

type Facts = Pick<Draft, "to" | "priority" | "due" | "asked">;

function draftOf(
  wish: Wish,
  by: string,
  target: Target | undefined,
  now: Circumstances,
  own: ReadonlySet<Capability>,
): Facts {
  switch (wish.kind) {
    case "question":
      return questionBy(by, wish, now);
    case "note":
      return { to: recipientsOf(wish, by, now.state) };
    case "answer":
      return answerTo(questionIn(wish, target), wish, by, now);
    case "correction":
      return correctionOf(wish, by, target, own, now);
    case "withdrawal": {
      // Whose it is comes first: what has become of it is told to its author only.
      if (questionIn(wish, target).leaf.by !== by) throw notAllowed("withdrawal");
      return { to: openIn(wish, target, now).leaf.to };
    }
    case "closing":
      return closingOf(openIn(wish, target, now).leaf, by, now);
    case "reveal":
      return releaseOf(wish, by, now);
  }
}

function questionBy(by: string, wish: Wish, { state, now, maxOpenQuestions, capabilitiesOf }: Circumstances): Facts {
  const { priority, due } = wish;
  const to = recipientsOf(wish, by, state);
  if (due !== undefined && due <= now) {
    throw new RedRoomError("DEADLINE_INVALID", `unable to ask; the deadline is over by ${now - due} ms`);
  }
  const count = [...state.open.values()].filter((question) => question.by === by).length;
  if (count >= maxOpenQuestions) {
    throw new RedRoomError(
      "TOO_MANY_QUESTIONS",
      `unable to ask; ${count} of your questions are open, the limit is ${maxOpenQuestions}`,
      {
        remedy: "wait for answers, or withdraw a question",
      },
    );
  }
  const asked = (to ?? [...state.members.keys()]).filter(
    (one) => one !== by && capabilitiesOf(one, state).has("answer"),
  );
  if (state.regulated && asked.length > MAX_ASKED) {
    throw recipientInvalid(`${asked.length} would have to answer; at most ${MAX_ASKED} can`);
  }
  return { to, priority: priority === "normal" ? undefined : priority, due, ...(state.regulated && { asked }) };
}

function answerTo(question: Target, wish: Wish, by: string, now: Circumstances): Facts {
  const { state } = now;
  const { leaf } = question;
  if (leaf.by === by || (leaf.to !== undefined && !leaf.to.includes(by))) throw notAllowed("answer");
  if (question.state === "withdrawn" || question.state === "closed") {
    throw referenceInvalid("answer", `question ${leaf.seq} is ${question.state}`);
  }
  const to = recipientsOf(wish, by, state);
  if (state.regulated) {
    checkSealed(by, leaf.by, now);
    if (to !== undefined && (to.length > 1 || to[0] !== leaf.by)) {
      throw recipientInvalid("in a regulated conversation an answer is for its asker only");
    }
    return { to: [leaf.by] };
  }
  if (to !== undefined) return { to: to.includes(leaf.by) ? to : [leaf.by, ...to] };
  return { to: leaf.to === undefined ? undefined : [leaf.by] };
}

/** What waits to be read is revealed all at once. */
function checkSealed(by: string, reader: string, { state, maxOpenQuestions }: Circumstances): void {
  const count = [...state.sealed.values()].filter((sealed) => sealed.by === by && sealed.reader === reader).length;
  if (count < maxOpenQuestions) return;
  throw new RedRoomError(
    "TOO_MANY_REQUESTS",
    `unable to answer; ${count} of your answers wait for their counterpart, the limit is ${maxOpenQuestions}`,
  );
}

function correctionOf(
  { kind }: Wish,
  by: string,
  target: Target | undefined,
  own: ReadonlySet<Capability>,
  now: Circumstances,
): Facts {
  if (target === undefined) throw referenceInvalid(kind, "it refers to nothing");
  const { leaf } = target;
  if (leaf.kind !== "question" && leaf.kind !== "answer" && leaf.kind !== "note") {
    throw referenceInvalid(kind, `${leaf.seq} is of the kind ${leaf.kind}; refer to the message itself`);
  }
  if (leaf.by !== by || !own.has(NEEDED[leaf.kind])) throw notAllowed(kind);
  const sealed = now.state.sealed.get(leaf.seq);
  if (sealed !== undefined) checkSealed(by, sealed.reader, now);
  return { to: leaf.to };
}

function closingOf(leaf: LeafFacts, by: string, { state, now }: Circumstances): Facts {
  const question = state.open.get(leaf.seq);
  const holds = [...state.sealed.values()].some(
    (sealed) => sealed.by === leaf.by && sealed.since > leaf.seq && question?.asked?.includes(sealed.reader),
  );
  // To close it would reveal an answer before its counterpart is given.
  if (holds && (leaf.asked?.includes(by) || !isOver(question?.due, now))) throw beforeDeadline("closing");
  return { to: leaf.to && [leaf.by, ...leaf.to].filter((one) => one !== by) };
}

function releaseOf({ re }: Wish, by: string, { state, now, capabilitiesOf }: Circumstances): Facts {
  if (re === undefined) throw referenceInvalid("reveal", "it refers to no answer");
  const sealed = state.sealed.get(re);
  if (sealed === undefined) throw referenceInvalid("reveal", `${re} is not sealed`);
  if (sealed.reader === by || sealed.by === by) throw notAllowed("reveal");
  if (!state.members.has(sealed.reader)) throw beforeDeadline("reveal"); // who comes back owes what they owed
  const blockers = blockersOf(sealed, state, (one) => capabilitiesOf(one, state).has("answer"));
  if (!blockers.every(({ due }) => isOver(due, now))) throw beforeDeadline("reveal");
  return { to: [sealed.reader, sealed.by] };
}

const isOver = (due: number | undefined, now: number): boolean => due !== undefined && due <= now;

function questionIn({ kind }: Wish, target: Target | undefined): Target {
  if (target === undefined) throw referenceInvalid(kind, "it refers to no question");
  if (target.leaf.kind !== "question")
    throw referenceInvalid(kind, `${target.leaf.seq} is of the kind ${target.leaf.kind}`);
  return target;
}

function openIn(wish: Wish, target: Target | undefined, { state }: Circumstances): Target {
  const question = questionIn(wish, target);
  if (!state.open.has(question.leaf.seq)) {
    throw referenceInvalid(wish.kind, `question ${question.leaf.seq} is ${question.state ?? "no longer open"}`);
  }
  return question;
}

/** Whom a message names: members, others than the author, each once. */
function recipientsOf({ to }: Wish, by: string, { members }: TopicState): readonly string[] | undefined {
  if (to === undefined) return undefined;
  if (to.length === 0) throw recipientInvalid("it names nobody; leave the recipients out to write to all members");
  if (new Set(to).size < to.length) throw recipientInvalid("it names somebody twice");
  if (to.includes(by)) throw recipientInvalid("it names its author");
  if (!to.every((one) => members.has(one))) throw recipientInvalid("it names somebody who is no member of the topic");
  return to;
}

const notAllowed = (kind: MessageKind): RedRoomError =>
  new RedRoomError("NOT_ALLOWED", `unable to ${DOING[kind]}; your role in this topic does not allow it`);

const beforeDeadline = (kind: MessageKind): RedRoomError =>
  new RedRoomError(
    "NOT_ALLOWED",
    `unable to ${DOING[kind]}; an answer waits for its counterpart, and no deadline is over`,
    {
      remedy: "wait for the deadline of the question that is open, if it has one",
    },
  );

const referenceInvalid = (kind: MessageKind, reason: string): RedRoomError =>
  new RedRoomError("REFERENCE_INVALID", `unable to ${DOING[kind]}; ${reason}`);

const recipientInvalid = (reason: string): RedRoomError =>
  new RedRoomError("RECIPIENT_INVALID", `unable to address the message; ${reason}`, {
    remedy: "choose from the list of members",
  });
