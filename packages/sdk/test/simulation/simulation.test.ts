import { describe, expect, it } from "vitest";
import { simulate } from "../../src/testing.ts";
import { REGRESSION_SEEDS } from "./regression-seeds.ts";

/** As many as a test run can afford; `npm run simulate` plays the 10,000. */
const SEEDS = 300;
const BATCH = 50;

/** What a seed has broken, and how to see it. */
async function broken(seed: number): Promise<string[]> {
  const { violations } = await simulate({ seed });
  const again = `see what happened: npm run simulate -- --seed ${seed}`;
  return violations.map(({ invariant, what }) => `seed ${seed} breaks "${invariant}": ${what}; ${again}`);
}

describe("a conversation under faults", () => {
  const batches = Array.from({ length: SEEDS / BATCH }, (_, index) => 1 + index * BATCH);
  it.each(batches)("keeps what is promised (50 seeds from %i on)", { timeout: 300_000 }, async (from) => {
    for (let seed = from; seed < from + BATCH; seed += 1) expect(await broken(seed)).toEqual([]);
  });

  it.each([...REGRESSION_SEEDS])("keeps what is promised with seed %i, which has found: %s", async (seed) => {
    expect(await broken(seed)).toEqual([]);
  });

  it("goes the same way for the same seed, however often and whenever it is played", async () => {
    for (const seed of [3, 11, 27]) {
      const first = await simulate({ seed });
      await simulate({ seed: seed + 1 });
      expect((await simulate({ seed })).trace).toEqual(first.trace);
    }
  });

  it("is about something: messages are lost and sent again, servers die, stores fail, readers come back", async () => {
    const seen = new Map<string, number>();
    const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
    for (let seed = 1; seed <= 40; seed += 1) {
      const { history } = await simulate({ seed });
      for (const event of history.events) {
        if (event.type === "fault") count(event.what.replace(/^(server|anna|bernd|carla|doris)[' ]\S* /, ""));
        if (event.type === "acked") count(event.duplicate ? "duplicate" : "acked");
        if (event.type === "sends" && event.again) count("sent again");
        if (event.type === "state") count(`client ${event.state}`);
        if (event.type === "storeAnswered" && !event.worked) count("store failed");
      }
      for (const entries of history.record.values()) {
        for (const { kind } of entries) if (kind === "delivery") count("receipt");
      }
    }
    for (const what of [
      "is killed",
      "has stopped",
      "the disk breaks",
      "store failed",
      "sent again",
      "duplicate",
      "client resuming",
      "client offline",
      "client unavailable",
      "receipt",
    ]) {
      expect.soft(seen.get(what) ?? 0, what).toBeGreaterThan(5);
    }
  });
});
