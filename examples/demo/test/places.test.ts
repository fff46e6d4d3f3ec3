import { describe, expect, it } from "vitest";
import { inPlaces } from "../src/places.ts";
import type { Heard } from "../src/report.ts";

const heard = (topic: string, seq: number, re?: number): Heard => ({
  topic,
  seq,
  author: "Anna",
  kind: "note",
  at: "2025-11-22T12:00:00.000Z",
  text: `${topic} ${seq}`,
  ...(re !== undefined && { re }),
});

describe("inPlaces", () => {
  it("numbers the messages of each topic 1, 2, 3 …, and what they refer to, wherever deliveries lie between", () => {
    const record = [heard("a", 1), heard("a", 4, 1), heard("b", 2), heard("a", 9, 4)];
    expect(inPlaces(record, record).map(({ seq, re }) => [seq, re])).toEqual([
      [1, undefined],
      [2, 1],
      [1, undefined],
      [3, 2],
    ]);
  });

  it("gives no number to what the file does not hold", () => {
    expect(inPlaces([heard("a", 1)], [heard("a", 2), heard("b", 1)]).map(({ seq }) => seq)).toEqual([0, 0]);
  });
});
