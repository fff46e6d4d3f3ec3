import { MESSAGE_KINDS, type MessageKind, PRIORITIES, type Priority } from "../../base/message-kind.ts";
import type { SeededRandom } from "../seeded-random.ts";

/** A message that somebody has read or written. */
export interface KnownMessage {
  readonly seq: number;
  readonly kind: string;
  readonly author: string;
  readonly re: number | undefined;
}

/** What somebody decides by who is about to write. */
export interface Situation {
  readonly user: string;
  /** As the server has said last. */
  readonly roles: readonly string[];
  /** Names of the other members, as far as they are known. */
  readonly others: readonly string[];
  /** Of this topic, by seq. */
  readonly known: readonly KnownMessage[];
  readonly now: number;
}

export interface Draft {
  readonly kind: MessageKind;
  readonly re: number | undefined;
  readonly to: readonly string[] | undefined;
  readonly priority: Priority | undefined;
  readonly due: number | undefined;
}

const NOTHING = { re: undefined, to: undefined, priority: undefined, due: undefined };

/** So often somebody does what their role may not allow, or what makes no sense. */
const WILD = 0.1;

/** What somebody in this role would write, where there is something; at times anything. */
export function drawMessage(random: SeededRandom, situation: Situation): Draft | undefined {
  const { user, roles, known } = situation;
  const highest = known.at(-1)?.seq ?? 0;
  if (random.chance(WILD)) {
    const re = random.chance(0.7) ? random.between(1, highest + 3) : undefined;
    return { ...NOTHING, kind: random.pick(MESSAGE_KINDS), re };
  }
  const has = (...wanted: readonly string[]): boolean => roles.some((role) => wanted.includes(role));
  const own = known.filter(({ author }) => author === user);
  const of = (kind: MessageKind, from = known): KnownMessage[] => from.filter((message) => message.kind === kind);
  const others = (kind: MessageKind): KnownMessage[] => of(kind).filter(({ author }) => author !== user);
  const choices: [weight: number, kind: MessageKind, about: readonly KnownMessage[]][] = [];
  if (has("interviewer", "superuser", "reader")) choices.push([5, "question", []]);
  if (has("interviewee", "superuser", "reader")) {
    const answered = new Set(of("answer", own).map(({ re }) => re));
    choices.push([12, "answer", others("question").filter(({ seq }) => !answered.has(seq))]);
    choices.push([1, "answer", others("question")]);
  }
  if (has("superuser", "reader")) choices.push([2, "note", []]);
  if (has("superuser")) choices.push([1, "closing", of("question")], [5, "reveal", others("answer")]);
  choices.push([1, "withdrawal", of("question", own)], [1, "correction", own]);
  const possible = choices.filter(([, kind, about]) => about.length > 0 || kind === "question" || kind === "note");
  let dice = random.between(
    1,
    Math.max(
      1,
      possible.reduce((sum, [weight]) => sum + weight, 0),
    ),
  );
  for (const [weight, kind, about] of possible) {
    dice -= weight;
    if (dice > 0) continue;
    const re = about[random.between(0, about.length - 1)]?.seq;
    return kind === "question" ? drawQuestion(random, situation) : { ...NOTHING, kind, re };
  }
  return undefined;
}

function drawQuestion(random: SeededRandom, { others, now }: Situation): Draft {
  const to = random.chance(0.4) ? others.filter(() => random.chance(0.6)) : [];
  return {
    kind: "question",
    re: undefined,
    to: to.length > 0 ? to : undefined,
    priority: random.chance(0.3) ? random.pick(PRIORITIES) : undefined,
    due: random.chance(0.4) ? now + random.between(100, 2_500) : undefined,
  };
}
