import { describe, expect, it } from "vitest";
import { LoginThrottle, THROTTLE_LIMITS } from "../../src/server/login-throttle.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";

const HOME = "203.0.113.7";
const MINUTE = 60_000;

function throttled(limits = THROTTLE_LIMITS) {
  const clock = new ManualClock();
  const throttle = new LoginThrottle(clock, limits);
  const waitMs = (name: string, address: string): number => {
    try {
      throttle.check(name, address);
      return 0;
    } catch (error) {
      expect(error).toMatchObject({ code: "TOO_MANY_REQUESTS", retryable: true });
      return (error as { retryAfterMs: number }).retryAfterMs;
    }
  };
  /** Guesses whenever it may. @returns How many guesses were checked in this time. */
  const guess = (name: string, address: string, forMs: number): number => {
    const until = clock.monotonic() + forMs;
    for (let checked = 0; ; checked += 1) {
      for (let wait = waitMs(name, address); wait > 0; wait = waitMs(name, address)) {
        if (clock.monotonic() + wait > until) return checked;
        clock.advance(wait);
      }
      throttle.failed(name, address);
    }
  };
  return { clock, throttle, waitMs, guess };
}

describe("failed logins", () => {
  it("cost nothing at first, then twice as much each time", () => {
    const { throttle, waitMs, clock } = throttled();
    const waits = Array.from({ length: 10 }, () => {
      throttle.failed("anna", HOME);
      const wait = waitMs("anna", HOME);
      clock.advance(wait);
      return Math.round(wait / 1_000);
    });
    expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16]);
  });

  it("are counted for a name whatever its capitals, and for no other", () => {
    const { throttle, waitMs } = throttled();
    for (let count = 0; count < 8; count += 1) throttle.failed("Anna", HOME);
    expect(waitMs("ANNA", HOME)).toBeGreaterThan(0);
    expect(waitMs("bernd", HOME)).toBe(0);
  });

  it("are forgotten with time, and at once when a login from there succeeds", () => {
    const { throttle, waitMs, clock } = throttled();
    for (let count = 0; count < 6; count += 1) throttle.failed("anna", HOME);
    clock.advance(25 * MINUTE);
    throttle.failed("anna", HOME);
    expect(waitMs("anna", HOME)).toBe(0);
    for (let count = 0; count < 9; count += 1) throttle.failed("anna", HOME);
    throttle.succeeded("anna", HOME);
    expect(waitMs("anna", HOME)).toBe(0);
  });

  it("of one address do not hold up the same name at another, however many", () => {
    const { throttle, waitMs } = throttled();
    for (let count = 0; count < 1_000; count += 1) {
      if (waitMs("anna", "198.51.100.1") === 0) throttle.failed("anna", "198.51.100.1");
    }
    expect(waitMs("anna", "198.51.100.1")).toBeGreaterThan(0);
    expect(waitMs("anna", HOME)).toBe(0);
  });

  it("let an address that is patient try some 300 passwords a day of one name, and never hold up another address", () => {
    const { guess, waitMs } = throttled();
    expect(guess("anna", "198.51.100.1", 24 * 60 * MINUTE)).toBeLessThan(320);
    expect(waitMs("anna", HOME)).toBe(0);
  });

  it("of one address under many names slow that address down", () => {
    const { throttle, waitMs } = throttled();
    for (let count = 0; count < 60; count += 1) throttle.failed(`user ${count}`, "198.51.100.1");
    expect(waitMs("yet another", "198.51.100.1")).toBeGreaterThan(MINUTE);
    expect(waitMs("yet another", HOME)).toBe(0);
  });

  it("from everywhere slow a name down where it is not known, and leave it free where it is", () => {
    const { throttle, waitMs } = throttled();
    throttle.succeeded("anna", HOME);
    for (let count = 0; count < 1_000; count += 1) throttle.failed("anna", `198.51.${count >> 8}.${count & 255}`);
    expect(waitMs("anna", "192.0.2.1")).toBeGreaterThan(0);
    expect(waitMs("anna", "192.0.2.1")).toBeLessThanOrEqual(MINUTE);
    expect(waitMs("anna", HOME)).toBe(0);
    expect(waitMs("bernd", "192.0.2.1")).toBe(0);
  });

  it("of others at the same address do not hold up who has logged in there before", () => {
    const { throttle, waitMs } = throttled();
    throttle.succeeded("anna", HOME);
    for (let count = 0; count < 100; count += 1) throttle.failed(`user ${count}`, HOME);
    expect([waitMs("anna", HOME), waitMs("bernd", HOME) > 0]).toEqual([0, true]);
  });

  it("of somebody with an account at the same address are not forgiven by its logins", () => {
    const { throttle, waitMs } = throttled();
    for (let count = 0; count < 60; count += 1) {
      throttle.failed(`user ${count}`, HOME);
      throttle.succeeded("mallory", HOME);
    }
    expect(waitMs("anna", HOME)).toBeGreaterThan(0);
  });

  it("of one IPv6 network are those of one address", () => {
    const { throttle, waitMs } = throttled();
    for (let count = 0; count < 8; count += 1) throttle.failed("anna", `[2001:db8:0:7::${count.toString(16)}]`);
    expect(waitMs("anna", "[2001:0DB8::7:ffff:1:2:3]")).toBeGreaterThan(0);
    expect(waitMs("anna", "[2001:db8:0:8::1]")).toBe(0);
  });

  it("take bounded memory, and those who were quiet longest are forgotten", () => {
    const { throttle, waitMs } = throttled({ ...THROTTLE_LIMITS, maxRemembered: 100 });
    for (let count = 0; count < 8; count += 1) throttle.failed("anna", HOME);
    for (let count = 0; count < 10_000; count += 1) {
      throttle.failed(`user ${count}`, `198.51.${count >> 8}.${count & 255}`);
      throttle.succeeded(`friend ${count}`, `198.51.${count >> 8}.${count & 255}`);
    }
    expect(throttle.size).toBeLessThanOrEqual(400);
    expect(waitMs("anna", HOME)).toBe(0);
  });
});
