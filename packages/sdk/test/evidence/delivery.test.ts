import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addRange,
  deliveryOf,
  deliveryText,
  encodeLeaf,
  type LeafFields,
  parseLeaf,
  type Range,
} from "../../src/evidence.ts";

const fields: LeafFields = {
  topic: "AAECAwQFBgcICQoLDA0ODw",
  seq: 7,
  id: "EBESExQVFhcYGRobHB0eHw",
  kind: "delivery",
  by: "server",
  at: 1,
  to: ["anna", "bernd"],
  re: 5,
  commitment: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

describe("ranges", () => {
  const range = fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 12 }))
    .map(([first, more]) => ({ first, last: first + more }));
  const members = (ranges: readonly Range[]): Set<number> =>
    new Set(ranges.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, at) => first + at)));

  it("hold exactly what was added, ascending, and neither overlap nor touch", () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), (added) => {
        const ranges = added.reduce<Range[]>(addRange, []);
        expect(members(ranges)).toEqual(new Set([...members(added)].sort((one, other) => one - other)));
        for (const [index, { first }] of ranges.entries()) {
          expect(first).toBeGreaterThan((ranges[index - 1]?.last ?? -1) + 1);
        }
      }),
    );
  });
});

describe("a delivery", () => {
  it("says who has received which entries", () => {
    expect(deliveryOf(fields, deliveryText(3))).toEqual({ to: ["anna", "bernd"], first: 3, last: 5 });
    expect(deliveryOf(fields, "5")).toMatchObject({ first: 5, last: 5 });
  });

  it.each(["6", "0", "-1", "03", "3.0", "3e0", " 3", "", "NaN", "Infinity", "9007199254740993"])(
    "of %j says nothing",
    (text) => {
      expect(deliveryOf(fields, text)).toBeUndefined();
    },
  );

  it.each<[string, Partial<LeafFields>]>([
    ["to nobody", { to: [] }],
    ["without receivers", { to: undefined }],
    ["to one person twice", { to: ["anna", "anna"] }],
    ["to 257", { to: Array.from({ length: 257 }, (_, at) => `${at}`) }],
    ["of no entry", { re: undefined }],
    ["of itself", { re: 7 }],
    ["of what comes later", { re: 8 }],
  ])("%s is no leaf, though a note might be", (_what, change) => {
    expect(parseLeaf(encodeLeaf({ ...fields, ...change }))).toBeUndefined();
    expect(parseLeaf(encodeLeaf({ ...fields, ...change, kind: "note" }))).toBeDefined();
  });

  it("to 256 is a leaf", () => {
    const leaf = encodeLeaf({ ...fields, to: Array.from({ length: 256 }, (_, at) => `${at}`) });
    expect(parseLeaf(leaf)?.to).toHaveLength(256);
  });
});
