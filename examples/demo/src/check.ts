import type { Conversation, Line } from "./conversation.ts";
import type { Heard } from "./report.ts";

/** What the file holds, and what each participant says to have received. */
export interface Evidence {
  readonly record: readonly Heard[];
  readonly received: ReadonlyMap<string, readonly Heard[]>;
}

/**
 * Holds what was stored and received against what was written.
 *
 * @returns What is wrong, one sentence each: nothing when every message was stored once, in order, as it was written,
 * and reached every participant exactly once, in order.
 */
export function findFaults({ people, bot, topics, lines }: Conversation, { record, received }: Evidence): string[] {
  const views: [who: string, heard: readonly Heard[]][] = [
    ["the file", record],
    ...[...people, bot].map((name): [string, readonly Heard[]] => [name, received.get(name) ?? []]),
  ];
  return views.flatMap(([who, heard]) => [
    ...topics.flatMap((topic) => {
      const ofTopic = ({ topic: title }: { topic: string }): boolean => title === topic;
      return findFaultsOfTopic(who, lines.filter(ofTopic), heard.filter(ofTopic));
    }),
    ...heard
      .filter(({ topic }) => !topics.includes(topic))
      .map((one) => `${who} has a topic of its own: ${quote(one)}`),
  ]);
}

function findFaultsOfTopic(who: string, lines: readonly Line[], heard: readonly Heard[]): string[] {
  const faults: string[] = [];
  const written = new Map(lines.map((line) => [fingerprint(line), line]));
  const places = new Map<string, number>();
  let last = 0;
  for (const one of heard) {
    const print = fingerprint({ ...one, by: one.author, re: one.re });
    const line = written.get(print);
    places.set(print, (places.get(print) ?? 0) + 1);
    if (line === undefined) faults.push(`${who} has what nobody wrote: ${quote(one)}`);
    else if (places.get(print) === 2) faults.push(`${who} has twice: ${quote(one)}`);
    else if (line.seq < last) faults.push(`${who} has out of order, behind ${last}: ${quote(one)}`);
    last = Math.max(last, line?.seq ?? 0);
  }
  for (const [print, line] of written) {
    if (!places.has(print)) faults.push(`${who} does not have: ${quote({ ...line, author: line.by })}`);
  }
  return faults;
}

/** Equal where every fact of the message is the same, its number in the topic included. */
function fingerprint({ seq, by, kind, text, re }: Omit<Line, "topic" | "kind"> & Pick<Heard, "kind">): string {
  return JSON.stringify([seq, by, kind, re ?? null, text]);
}

function quote({ topic, seq, author, text }: Pick<Heard, "topic" | "seq" | "author" | "text">): string {
  return `${topic}, ${seq}, ${author}: "${text.slice(0, 60)}"`;
}
