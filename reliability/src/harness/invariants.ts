import type { ClientEvent, EventOf } from "./client-event.ts";
import type { RecordedEntry, WholeRecord } from "./record.ts";

/** What is held against each other: what every client has told, and the file after the server has stopped. */
export interface Evidence {
  /** By the client's name, which is the name of its user too. */
  readonly told: ReadonlyMap<string, readonly ClientEvent[]>;
  readonly record: WholeRecord;
  /** Those who must have read every message; the others may have come late or left early, but without a gap. */
  readonly readers: readonly string[];
}

type Sent = EventOf<"sending"> & { readonly author: string };
type Stored = EventOf<"stored"> & { readonly author: string };

/**
 * Holds the invariants of docs/reliability.md that can be seen from outside: 1 to 7.
 *
 * @returns What is wrong, one sentence each.
 */
export function findFaults({ told, record, readers }: Evidence): string[] {
  const events = [...told].flatMap(([author, list]) => list.map((event) => ({ ...event, author })));
  const sent = events.filter((event) => event.event === "sending") as Sent[];
  const stored = events.filter((event) => event.event === "stored") as Stored[];
  const topics = new Set([...record.keys(), ...sent.map(({ topic }) => topic)]);
  return [...topics].flatMap((topic) => {
    const entries = record.get(topic) ?? [];
    const ofTopic = <T extends { readonly topic: string }>(list: readonly T[]): T[] =>
      list.filter((one) => one.topic === topic);
    const faults = [
      ...faultsOfNumbers(entries),
      ...faultsOfEffects(ofTopic(sent), entries),
      ...faultsOfAcks(ofTopic(stored), entries),
      ...faultsOfOrder(ofTopic(sent), ofTopic(stored), entries),
      ...[...told].flatMap(([name, list]) => {
        const view = list.filter((one): one is EventOf<"read"> => one.event === "read" && one.topic === topic);
        return faultsOfView(name, view, entries, readers.includes(name));
      }),
    ];
    return faults.map((fault) => `${topic}: ${fault}`);
  });
}

/** 3: the numbers are 1, 2, 3 … */
function faultsOfNumbers(entries: readonly RecordedEntry[]): string[] {
  const wrong = entries.findIndex(({ seq }, index) => seq !== index + 1);
  return wrong < 0 ? [] : [`the file has number ${entries[wrong]?.seq} where ${wrong + 1} is due`];
}

/** 2, 6 and 7: what was sent is there once, as it was sent; what nobody sent is not there. */
function faultsOfEffects(sent: readonly Sent[], entries: readonly RecordedEntry[]): string[] {
  const faults: string[] = [];
  const open = new Map(sent.map((one) => [keyOf(one), one]));
  const done = new Set<string>();
  for (const entry of messagesOf(entries)) {
    const key = keyOf(entry);
    const origin = open.get(key);
    if (done.has(key)) faults.push(`stored twice: ${quote(entry)}`);
    else if (origin === undefined) faults.push(`stored, but nobody sent it: ${quote(entry)}`);
    else if (origin.text !== entry.text) faults.push(`stored with another text than "${origin.text}": ${quote(entry)}`);
    done.add(key);
  }
  for (const [key, one] of open) if (!done.has(key)) faults.push(`sent, but never stored: ${quote(one)}`);
  return faults;
}

/** 1: what was acked is in the record, under the number that the ack said. */
function faultsOfAcks(stored: readonly Stored[], entries: readonly RecordedEntry[]): string[] {
  return stored.flatMap((ack) => {
    const entry = entries[ack.seq - 1];
    if (entry !== undefined && keyOf(entry) === keyOf(ack)) return [];
    const found = entry === undefined ? "nothing" : quote(entry);
    return [`${ack.author}'s ${ack.id} was acked as ${ack.seq}, where the record has ${found}`];
  });
}

/** 5: whoever had an ack before another message was sent, by anybody, has the lower number. */
function faultsOfOrder(sent: readonly Sent[], stored: readonly Stored[], entries: readonly RecordedEntry[]): string[] {
  const seqs = new Map(messagesOf(entries).map((entry) => [keyOf(entry), entry.seq]));
  const moments = [...sent, ...stored].sort((a, b) => a.clock - b.clock);
  const faults: string[] = [];
  const lastOf = new Map<string, number>();
  let acked = 0;
  for (const moment of moments) {
    if (moment.event === "stored") {
      acked = Math.max(acked, moment.seq);
      continue;
    }
    const seq = seqs.get(keyOf(moment));
    if (seq === undefined) continue; // said elsewhere
    if (seq <= acked) faults.push(`sent after ${acked} was acked, but stored before it: ${quote({ ...moment, seq })}`);
    const last = lastOf.get(moment.author) ?? 0;
    if (seq <= last)
      faults.push(`sent after ${last} by its author, but stored before it: ${quote({ ...moment, seq })}`);
    lastOf.set(moment.author, seq);
  }
  return faults;
}

/** 3, 4 and 6: a view is a run of the record's messages, each once, in order, with the same numbers for everybody. */
function faultsOfView(
  name: string,
  view: readonly EventOf<"read">[],
  entries: readonly RecordedEntry[],
  whole: boolean,
): string[] {
  const messages = messagesOf(entries);
  const places = new Map(messages.map(({ seq }, place) => [seq, place]));
  let next = whole ? 0 : (places.get(view[0]?.seq ?? 0) ?? 0);
  for (const read of view) {
    const due = messages[next];
    if (due === undefined) return [`${name} has read what is not there: ${quote(read)}`];
    if (read.seq !== due.seq) return [`${name} has read ${read.seq} where ${due.seq} was due: ${quote(read)}`];
    if (keyOf(read) !== keyOf(due) || read.text !== due.text) {
      return [`${name} has read ${quote(read)} where the record has ${quote(due)}`];
    }
    next += 1;
  }
  if (whole && next < messages.length) return [`${name} has read ${next} of ${messages.length} messages`];
  return [];
}

/** What is shown as a message: all but what is noted about who belongs to the topic, and who has received what. */
function messagesOf(entries: readonly RecordedEntry[]): RecordedEntry[] {
  return entries.filter(({ kind }) => kind !== "delivery" && kind !== "membership");
}

const keyOf = ({ author, id }: { readonly author: string; readonly id: string }): string => `${id} ${author}`;

function quote({ seq, author, text }: { seq?: number; author: string; text: string }): string {
  return `${seq === undefined ? "" : `${seq}, `}${author}: "${text.slice(0, 40)}"`;
}
