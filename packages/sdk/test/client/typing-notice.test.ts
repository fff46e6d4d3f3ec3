import { describe, expect, it } from "vitest";
import { TypingNotice } from "../../src/client/typing-notice.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";

function typist() {
  const [clock, told] = [new ManualClock(), [] as boolean[]];
  return { clock, told, notice: new TypingNotice(clock, (active) => told.push(active)) };
}

describe("that somebody is writing", () => {
  it("is told at the first key, and again every three seconds while it goes on", () => {
    const { clock, told, notice } = typist();
    for (let key = 0; key < 60; key += 1) {
      notice.set(true);
      clock.advance(100);
    }
    expect(told).toEqual([true, true]);
  });

  it("is taken back once, and only where it was told", () => {
    const { told, notice } = typist();
    notice.set(false);
    notice.set(true);
    notice.set(false);
    notice.set(false);
    notice.set(true);
    expect(told).toEqual([true, false, true]);
  });
});
