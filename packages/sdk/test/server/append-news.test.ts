import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import { AppendNews } from "../../src/server/append-news.ts";
import { HookRunner } from "../../src/server/hook-runner.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { gate } from "./hook-world.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe("what is to be told of", () => {
  it("is let go once it was told, topic by topic", async () => {
    const runner = new HookRunner(5_000, new ManualClock(), silentLogger);
    const news = new AppendNews(runner);
    const before = heapBytes();
    let told = 0;
    for (let topic = 0; topic < 200; topic += 1) {
      for (let seq = 0; seq < 10; seq += 1) {
        const place = await news.place(`topic ${topic}`);
        const text = Array.from({ length: 4_000 }, (_, index) => topic + seq + index);
        const call = (): void => {
          told += text.length;
        };
        place.tell([{ name: "audit", call }]);
        place.free();
      }
      await runner.settled();
    }
    expect(told).toBe(200 * 10 * 4_000);
    // Some 64 MB have passed.
    expect(heapBytes() - before).toBeLessThan(8e6);
    expect(await news.place("topic 0")).toBeDefined();
  });

  it("takes a place until it was told; who waits gets it in turn, and one that is not needed at once", async () => {
    const runner = new HookRunner(5_000, new ManualClock(), silentLogger);
    const news = new AppendNews(runner);
    const places = await Promise.all(Array.from({ length: 256 }, () => news.place("a")));
    const order: string[] = [];
    const waiting = ["first", "second"].map(async (name) => {
      const place = await news.place("a");
      order.push(name);
      return place;
    });
    await news.place("b");
    await new Promise(setImmediate);
    expect(order).toEqual([]);
    const told = gate();
    places[0]?.tell([{ name: "slow", call: () => told.passed }]);
    places[0]?.free(); // it is the news that holds it now
    await new Promise(setImmediate);
    expect(order).toEqual([]);
    places[1]?.free();
    places[1]?.free();
    await new Promise(setImmediate);
    expect(order).toEqual(["first"]);
    told.open();
    await Promise.all(waiting);
    expect(order).toEqual(["first", "second"]);
  });
});
