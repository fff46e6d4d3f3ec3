import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addRange, type Range } from "../../src/evidence/ranges.ts";
import { addTo, deliveriesOf, foremost, without } from "../../src/server/deliveries.ts";

const range = fc
  .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 15 }))
  .map(([first, more]) => ({ first, last: first + more }));
const ranges = fc
  .array(range, { maxLength: 4 })
  .map((all) => all.reduce<readonly Range[]>((merged, one) => addRange(merged, one), []));
const byPerson = fc
  .dictionary(fc.constantFrom("a", "b", "c", "d", "e"), ranges)
  .map((all) => new Map(Object.entries(all)));

const covers = (all: readonly Range[], { first, last }: Range) =>
  all.some((one) => one.first <= first && last <= one.last);

describe("deliveries", () => {
  it("put on record all that was confirmed, and nothing that was not", () => {
    fc.assert(
      fc.property(byPerson, byPerson, (confirmed, recorded) => {
        const after = new Map(recorded);
        for (const { to, ...delivered } of deliveriesOf(confirmed, recorded)) {
          for (const receiver of to) {
            expect(covers(confirmed.get(receiver) ?? [], delivered)).toBe(true);
            // Each says something new about each whom it names.
            expect(without(delivered, recorded.get(receiver) ?? [])).not.toEqual([]);
            addTo(after, receiver, delivered);
          }
        }
        for (const [receiver, pieces] of confirmed) {
          for (const piece of pieces) expect(covers(after.get(receiver) ?? [], piece)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("say nothing when all is on record, and nobody twice for the same last entry", () => {
    fc.assert(
      fc.property(byPerson, byPerson, (confirmed, recorded) => {
        expect(deliveriesOf(confirmed, confirmed)).toEqual([]);
        const said = deliveriesOf(confirmed, recorded).flatMap(({ to, last }) => to.map((one) => `${one} ${last}`));
        expect(new Set(said).size).toBe(said.length);
      }),
    );
  });

  it("share one entry between all who have got as far, wherever their last one ended", () => {
    const confirmed = new Map(["a", "b", "c"].map((name) => [name, [{ first: 1, last: 9 }]]));
    const recorded = new Map([
      ["a", [{ first: 1, last: 7 }]],
      ["b", [{ first: 1, last: 4 }]],
      ["c", [{ first: 1, last: 9 }]],
    ]);
    expect(deliveriesOf(confirmed, recorded)).toEqual([{ first: 5, last: 9, to: ["b", "a"] }]);
  });

  it("do not say of somebody who came later that they have what was before", () => {
    const confirmed = new Map([
      ["early", [{ first: 1, last: 9 }]],
      ["late", [{ first: 6, last: 9 }]],
    ]);
    expect(deliveriesOf(confirmed, new Map())).toEqual([
      { first: 1, last: 9, to: ["early"] },
      { first: 6, last: 9, to: ["late"] },
    ]);
  });

  it("name at most 256 in one entry", () => {
    const many = new Map(Array.from({ length: 600 }, (_, index) => [`person ${index}`, [{ first: 1, last: 2 }]]));
    expect(deliveriesOf(many, new Map()).map(({ to }) => to.length)).toEqual([256, 256, 88]);
  });

  it("end in few different entries at a time, and take everybody on, until all is on record", () => {
    fc.assert(
      fc.property(byPerson, fc.integer({ min: 2, max: 4 }), (confirmed, maxEnds) => {
        const after = new Map<string, readonly Range[]>();
        let left: ReadonlyMap<string, readonly Range[]> = confirmed;
        for (let rounds = 0; left.size > 0; rounds += 1) {
          expect(rounds).toBeLessThan(100);
          const { now, rest } = foremost(left, maxEnds);
          const said = deliveriesOf(now, after);
          expect(new Set(said.map(({ last }) => last)).size).toBeLessThanOrEqual(maxEnds);
          for (const { to, ...delivered } of said) {
            for (const receiver of to) {
              expect(covers(confirmed.get(receiver) ?? [], delivered)).toBe(true);
              addTo(after, receiver, delivered);
            }
          }
          left = rest;
        }
        for (const [receiver, pieces] of confirmed) {
          for (const piece of pieces) expect(covers(after.get(receiver) ?? [], piece)).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
