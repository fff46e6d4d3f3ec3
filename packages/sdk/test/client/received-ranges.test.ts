import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReceivedRanges } from "../../src/client/received-ranges.ts";

describe("received ranges", () => {
  it("hold exactly the numbers of all ranges that were added, in whatever order they came", () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 10 }));
    fc.assert(
      fc.property(fc.array(range), (added) => {
        const [ranges, numbers] = [new ReceivedRanges(), new Set<number>()];
        for (const [first, more] of added) {
          ranges.add(first, first + more);
          for (let seq = first; seq <= first + more; seq += 1) numbers.add(seq);
        }
        for (let seq = 0; seq <= 52; seq += 1) expect(ranges.has(seq)).toBe(numbers.has(seq));
      }),
    );
  });
});
