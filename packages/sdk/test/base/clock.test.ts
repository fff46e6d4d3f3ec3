import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/base/clock.ts";

describe("the clock of the system", () => {
  it("waits for a time that no timer of Node can hold, instead of calling at once", async () => {
    let called = false;
    const timer = systemClock.setTimer(() => {
      called = true;
    }, 2 ** 40);
    await new Promise((resolve) => setTimeout(resolve, 30));
    timer.cancel();
    expect(called).toBe(false);
  });
});
