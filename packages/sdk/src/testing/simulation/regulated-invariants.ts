import type { History } from "./history.ts";
import { type Walk, walk } from "./log-walk.ts";

/** Every log of a history, read from its beginning. */
export function walks({ record, states, open }: History): (readonly [topic: string, walk: Walk])[] {
  return [...record].map(([topic, entries]) => {
    return [topic, walk(entries, states.get(topic)?.regulated ?? false, open)] as const;
  });
}

const inTopics = (history: History, broken: (walk: Walk) => readonly string[]): string[] =>
  walks(history).flatMap(([topic, found]) => broken(found).map((what) => `in ${topic}, ${what}`));

export const justified = (history: History): string[] => inTopics(history, ({ unjustified }) => unjustified);

export const permitted = (history: History): string[] => inTopics(history, ({ forbidden }) => forbidden);

/** What the store keeps beside the log is what the log says. */
export function keptState(history: History): string[] {
  return walks(history).flatMap(([topic, { members, questions, sealed }]) => {
    const kept = history.states.get(topic);
    if (kept === undefined) return [];
    return [
      ...differing(`the members of ${topic}`, sorted(members), sorted(kept.members)),
      ...differing(`what is sealed in ${topic}`, [...sealed.keys()], [...kept.sealed]),
      ...differing(
        `the questions of ${topic}`,
        questions.map(({ seq, state, owes }) => [seq, state, owing(state, owes)]),
        kept.questions.map(({ seq, state, asked }) => [seq, state, owing(state, asked)]),
      ),
    ];
  });
}

/** Who still has to answer an open question. */
const owing = (state: string, people: Iterable<string> | undefined): string[] =>
  state === "open" ? [...(people ?? [])].sort() : [];

const sorted = (members: ReadonlyMap<string, readonly string[]>): unknown[] =>
  [...members].sort(([a], [b]) => (a < b ? -1 : 1));

function differing(what: string, said: unknown, kept: unknown): string[] {
  const [one, other] = [JSON.stringify(said), JSON.stringify(kept)];
  return one === other ? [] : [`${what} are ${one} by the log, and ${other} by the store`];
}
