import { describe, expect, it } from "vitest";
import type { ClientEvent } from "../src/harness/client-event.ts";
import { findFaults } from "../src/harness/invariants.ts";
import type { RecordedEntry } from "../src/harness/record.ts";

const topic = "Share Deal";

const sending = (clock: number, id: string): ClientEvent => ({
  event: "sending",
  topic,
  id,
  text: `text ${id}`,
  clock,
});
const stored = (clock: number, id: string, seq: number): ClientEvent => ({
  event: "stored",
  topic,
  id,
  seq,
  duplicate: false,
  clock,
});
const read = (clock: number, { seq, id, author, text }: RecordedEntry): ClientEvent => ({
  event: "read",
  topic,
  seq,
  id,
  author,
  text,
  clock,
});
const entry = (seq: number, author: string, id: string): RecordedEntry => ({
  seq,
  id,
  author,
  kind: "note",
  text: `text ${id}`,
});

/** Anna has said a and b, Bernd c behind a delivery; Emil has read it all. */
const entries: readonly RecordedEntry[] = [
  entry(1, "anna", "a"),
  entry(2, "anna", "b"),
  { seq: 3, id: "d1", author: "server", kind: "delivery", text: "1" },
  entry(4, "bernd", "c"),
];
const messages = entries.filter(({ kind }) => kind === "note");
const anna = [sending(1, "a"), stored(2, "a", 1), sending(3, "b"), stored(4, "b", 2)];
const bernd = [sending(5, "c"), stored(6, "c", 4)];
const emil = messages.map((message) => read(10, message));

interface World {
  readonly anna: readonly ClientEvent[];
  readonly bernd: readonly ClientEvent[];
  readonly emil: readonly ClientEvent[];
  readonly entries: readonly RecordedEntry[];
  readonly readers: readonly string[];
}

function faultsOf(world: Partial<World>): string[] {
  const { entries: file, readers, ...clients } = { anna, bernd, emil, entries, readers: ["emil"], ...world };
  return findFaults({ told: new Map(Object.entries(clients)), record: new Map([[topic, file]]), readers });
}

describe("the invariants", () => {
  it("hold for a conversation in which nothing went wrong", () => {
    expect(faultsOf({})).toEqual([]);
  });

  it("hold for somebody who came late and left early", () => {
    expect(faultsOf({ emil: emil.slice(1, 2), readers: [] })).toEqual([]);
  });

  it.each<[string, Partial<World>, RegExp]>([
    ["an acked message that is not in the record", { entries: entries.slice(0, 3) }, /bernd's c was acked as 4, where/],
    ["an ack with the number of another message", { bernd: [sending(5, "c"), stored(6, "c", 2)] }, /c was acked as 2/],
    ["a message stored twice", { entries: [...entries, entry(5, "bernd", "c")] }, /stored twice: 5, bernd/],
    ["a message that nobody sent", { entries: [...entries, entry(5, "bernd", "x")] }, /nobody sent it: 5, bernd/],
    ["a sent message that was never stored", { bernd: [...bernd, sending(7, "e")] }, /sent, but never stored: bernd/],
    ["another text", { entries: [{ ...entry(1, "anna", "a"), text: "forged" }, ...entries.slice(1)] }, /another text/],
    ["a gap in the file", { entries: [...entries, entry(6, "bernd", "e")] }, /number 6 where 5 is due/],
    [
      "an order that contradicts an ack",
      { anna: [sending(1, "a"), stored(2, "a", 4), sending(3, "b")] },
      /sent after 4 was acked, but stored before it: 2, anna/,
    ],
    [
      "an order that contradicts the ack of somebody else",
      { anna: [sending(7, "a"), sending(8, "b")] },
      /sent after 4 was acked, but stored before it: 1, anna/,
    ],
    ["an order that contradicts the order of the calls", { anna: [sending(1, "b"), sending(1, "a")] }, /by its author/],
    ["a view with a gap", { emil: [emil[0], emil[2]] as ClientEvent[] }, /emil has read 4 where 2 was due/],
    ["a view with a repetition", { emil: [emil[0], emil[0]] as ClientEvent[] }, /emil has read 1 where 2 was due/],
    ["a view with other numbers", { emil: [read(9, { ...entry(1, "anna", "b") })] }, /where the record has 1, anna/],
    ["a view that is not whole", { emil: emil.slice(0, 2) }, /emil has read 2 of 3 messages/],
    ["a view of what is not there", { emil: [...emil, read(9, entry(5, "anna", "x"))] }, /read what is not there/],
  ])("do not hold with %s", (_, world, fault) => {
    expect(faultsOf(world).join("\n")).toMatch(fault);
  });
});
