import { describe, expect, it } from "vitest";
import { originOf, signCheckpoint } from "../../src/evidence/checkpoint.ts";
import { encodeLeaf } from "../../src/evidence/leaf.ts";
import { makeLogKey } from "../../src/evidence/log-key.ts";
import { appendLeaf, EMPTY_FRONTIER, hashLeaf, rootOf } from "../../src/evidence/merkle.ts";
import type { Happening } from "../../src/testing/simulation/history.ts";
import { judge } from "../../src/testing/simulation/invariants.ts";
import { unread } from "../../src/testing/simulation/views.ts";
import type { History, RecordedEntry } from "../../src/testing.ts";

const TOPIC = "Share Deal";
const key = makeLogKey();

const entry = (seq: number, text: string, more: Partial<RecordedEntry> = {}): RecordedEntry => ({
  seq,
  id: `id of ${text}`,
  kind: "note",
  author: text.replace(/ \d+$/, ""),
  text,
  re: undefined,
  leaf: leafOf(seq, text),
  to: [],
  at: 1,
  commitment: "c",
  ...more,
});

const leafOf = (seq: number, text: string): string =>
  encodeLeaf({ topic: "t", seq, id: text, kind: "note", by: "p", at: 1, commitment: "c" });

/** What a store would have signed for these entries. */
function checkpointOf(texts: readonly string[]): string {
  let frontier = EMPTY_FRONTIER;
  for (const [index, text] of texts.entries()) {
    frontier = appendLeaf(frontier, hashLeaf(leafOf(index + 1, text))).frontier;
  }
  return signCheckpoint({ origin: originOf("t"), size: texts.length, root: rootOf(frontier) }, key);
}

const sends = (text: string): Happening => ({
  type: "sends",
  client: `${text.replace(/ \d+$/, "")} 1`,
  topic: TOPIC,
  text,
  id: `id of ${text}`,
  again: false,
});
const commits = (seq: number, texts: readonly string[]): Happening => ({
  type: "committed",
  topic: TOPIC,
  first: seq,
  last: seq,
  messages: [seq],
  checkpoint: checkpointOf(texts.slice(0, seq)),
});
const acked = (text: string, seq: number, duplicate = false): Happening => ({
  type: "acked",
  client: `${text.replace(/ \d+$/, "")} 1`,
  topic: TOPIC,
  text,
  id: `id of ${text}`,
  seq,
  duplicate,
});
const reads = (seq: number, text: string, reader = "bernd's view"): Happening => ({
  type: "reads",
  reader,
  seq,
  id: `id of ${text}`,
  author: text.replace(/ \d+$/, ""),
  kind: "note",
  text,
});

/** Anna writes two messages, Bernd reads them, everything heals and comes to rest. */
const texts = ["anna 1", "anna 2"] as const;
const [first, second] = texts;
const good: readonly Happening[] = [
  { type: "state", client: "bernd 1", state: "online" },
  { type: "opens", reader: "bernd's view", client: "bernd 1", topic: TOPIC, from: 1 },
  { type: "opened", reader: "bernd's view" },
  sends(first),
  commits(1, texts),
  { type: "storeAnswered", server: "server 1", worked: true },
  { type: "serverSent", server: "server 1", what: "ack" },
  acked(first, 1),
  reads(1, first),
  sends(second),
  commits(2, texts),
  acked(second, 2),
  reads(2, second),
  { type: "healed" },
  { type: "rested", waitingFor: [] },
];
const record = [entry(1, first), entry(2, second)];

/** Names of the broken invariants. Each event happens 10 ms after the one before, in a turn of its own. */
function broken(events: readonly Happening[], entries: readonly RecordedEntry[] = record, timersLeft = 0): string[] {
  const history: History = {
    events: events.map((event, index) => ({ ...event, at: 10 * index, step: index })),
    record: new Map([[TOPIC, entries]]),
    states: new Map(),
    open: true,
    timersLeft,
  };
  return [...new Set(judge(history).map(({ invariant }) => invariant))];
}

const without = (drop: (event: Happening) => boolean): Happening[] => good.filter((event) => !drop(event));
const insteadOf = (old: Happening, ...others: readonly Happening[]): Happening[] =>
  good.flatMap((event) => (JSON.stringify(event) === JSON.stringify(old) ? others : [event]));

describe("the judge of a simulation", () => {
  it("finds nothing wrong with a good conversation", () => {
    expect(broken(good)).toEqual([]);
  });

  it("notices an acked message that is not on record", () => {
    expect(broken([...good, sends("anna 3"), acked("anna 3", 3)])).toContain("no acked message is lost");
    expect(broken([...good, acked(second, 1)])).toContain("no acked message is lost");
  });

  it("notices a message that is on record twice", () => {
    const twice = [...record, entry(3, second)];
    expect(broken(good, twice)).toContain("one effect per message id");
  });

  it("notices a number that is missing, different for a reader, or skipped by one", () => {
    const name = "seq is 1 to n without gap, one value for all readers";
    expect(broken(good, [entry(1, first), entry(3, second)])).toContain(name);
    expect(broken([...good, reads(1, second)])).toContain(name);
    expect(broken(insteadOf(reads(1, first)))).toContain(name);
  });

  it("notices a view that goes back, or shows something twice", () => {
    expect(broken([...good, reads(2, second)])).toContain("each view only grows");
  });

  it("notices a message that was sent after an ack and comes before it", () => {
    const swapped = [entry(1, second), entry(2, first)];
    const events = [sends(first), acked(first, 2), sends(second), acked(second, 1)];
    expect(broken(events, swapped)).toContain("what is sent after an ack comes behind it");
  });

  it("notices what nobody has sent, read or on record", () => {
    const name = "nobody reads what nobody sent";
    expect(broken(insteadOf(sends(second)))).toContain(name);
    expect(broken(good, [entry(1, first), entry(2, second, { author: "bernd" })])).toContain(name);
  });

  it("notices two answers for one message, and a refusal of one that is as it should be", () => {
    const name = "an unknown outcome resolves to exactly one effect";
    expect(broken([...good, acked(second, 1, true)])).toContain(name);
    const about = { client: "anna 1", topic: TOPIC, text: second, id: `id of ${second}` };
    const failed = { type: "failed", ...about, kind: "note", again: false } as const;
    const another = { ...failed, id: "another" };
    expect(broken([...good, { ...failed, code: "REFERENCE_INVALID", refused: true }])).toEqual([name]);
    expect(broken([...good, { ...another, code: "CONNECTION_LOST", refused: true }])).toEqual([name]);
    expect(broken([...good, { ...another, code: "REFERENCE_INVALID", refused: true }])).toEqual([]);
    expect(broken([...good, { ...failed, code: "CONNECTION_CLOSED", refused: false }])).toEqual([]);
  });

  it("notices what a server sends after it has heard that its store is down", () => {
    const down: Happening = { type: "storeAnswered", server: "server 1", worked: false };
    const up: Happening = { type: "storeAnswered", server: "server 1", worked: true };
    for (const what of ["ack", "entry"] as const) {
      const sent: Happening = { type: "serverSent", server: "server 1", what };
      expect(broken([...good, down, sent])).toEqual(["no acks and no deliveries while the store is down"]);
      expect(broken([...good, down, up, sent])).toEqual([]);
      expect(broken([...good, down, { ...sent, server: "server 2" }])).toEqual([]);
    }
  });

  it("notices a checkpoint that was signed for another log, and one of entries that are gone", () => {
    const name = "all checkpoints ever signed are consistent";
    const signed = (lines: readonly string[]): Happening => ({
      type: "trusts",
      client: "bernd 1",
      topic: TOPIC,
      checkpoint: checkpointOf(lines),
    });
    expect(broken([...good, signed([first, "anna 9"])])).toEqual([name]);
    expect(broken([...good, signed([first, second, "anna 3"])])).toEqual([name]);
    expect(broken([...good, signed([first])])).toEqual([]);
  });

  it("notices what comes late, a client that gave up, and a world without rest", () => {
    const name = "everything reaches every online reader within 2 s of healing";
    const waiting: Happening[] = Array.from({ length: 201 }, () => ({ type: "fault", what: "nothing" }));
    const [rested] = good.slice(-1) as [Happening];
    const early = [...without((event) => event.type === "reads" && event.seq === 2).slice(0, -1)];
    expect(broken([...early, ...waiting.slice(3), reads(2, second), rested])).toEqual([]);
    expect(broken([...early, ...waiting, reads(2, second), rested])).toEqual([name]);
    expect(broken([...good, { type: "state", client: "bernd 1", state: "failed", code: "LOG_FORK" }])).toEqual([name]);
    const restless = good.map((event) => (event.type === "rested" ? { ...event, waitingFor: ["bernd"] } : event));
    expect(broken(restless)).toEqual([name]);
    expect(broken(without((event) => event.type === "rested"))).toEqual([name]);
  });

  it("waits for every view that goes on, and for none that has ended", () => {
    const events = (happenings: readonly Happening[]) =>
      happenings.map((event, index) => ({ ...event, at: 10 * index, step: index }));
    expect(unread(events(good))).toEqual([]);
    const behind = without((event) => event.type === "reads" && event.seq === 2);
    expect(unread(events(behind))).toEqual(["bernd's view has not read 2"]);
    expect(unread(events([...behind, { type: "stops", reader: "bernd's view" }]))).toEqual([]);
  });

  it("notices a receipt of somebody who had not read it, or read it only later", () => {
    const name = "a receipt says only what was read";
    const delivery = entry(3, "1", { kind: "delivery", author: "server", re: 2, to: ["bernd"] });
    const receipt: Happening = { ...commits(3, [...texts, "1"]), messages: [] } as Happening;
    const all = [...record, delivery];
    expect(broken([...good, receipt], all)).toEqual([]);
    const late = [...without((event) => event.type === "reads" && event.seq === 2), receipt, reads(2, second)];
    expect(broken(late, all)).toEqual([name]);
    expect(broken([...good, receipt], [...record, { ...delivery, to: ["carla"] }])).toEqual([name]);
  });

  it("notices a callback that throws", () => {
    const name = "nothing throws where nobody can catch it";
    expect(broken([...good, { type: "threw", error: "RedRoomError" }])).toEqual([name]);
  });

  it("notices timers that were left behind", () => {
    expect(broken(good, record, 1)).toEqual(["nothing is left behind"]);
  });
});
