import { describe, expect, it } from "vitest";
import { MIN_PADDED_BYTES, paddedLength } from "../../src/protocol/padding.ts";
import { vectors } from "./vectors.ts";

describe("padding", () => {
  it.each(vectors.padding)("makes %i bytes %i", (length, padded) => {
    expect(paddedLength(length)).toBe(padded);
  });

  it("never shortens, never grows a frame beyond the least bucket by a sixteenth, and keeps the order of lengths", () => {
    const faults: number[] = [];
    let before = 0;
    for (let length = 0; length <= 600_000; length += 1) {
      const padded = paddedLength(length);
      const fits = padded >= length && padded >= before && padded >= MIN_PADDED_BYTES;
      if (!fits || (length > MIN_PADDED_BYTES && padded >= (17 / 16) * length)) faults.push(length);
      before = padded;
    }
    expect(faults).toEqual([]);
  });

  it("leaves a padded length as it is", () => {
    const buckets = new Set(Array.from({ length: 600_000 }, (_, length) => paddedLength(length)));
    for (const bucket of buckets) expect(paddedLength(bucket)).toBe(bucket);
    expect(buckets.size).toBeLessThan(250); // of 600,000 lengths
  });
});
