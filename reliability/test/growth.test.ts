import { describe, expect, it } from "vitest";
import { grows, measureGrowth, type Sample } from "../src/harness/growth.ts";

const series = (value: (i: number) => number): Sample[] =>
  Array.from({ length: 100 }, (_, i) => ({ at: i * 1_000, value: value(i) }));

/** The same at every run: up to 5 in both directions. */
const noise = (i: number): number => ((i * 7919) % 11) - 5;

const growsBy10 = (value: (i: number) => number): boolean => grows(measureGrowth(series(value)), 10);

describe("growth", () => {
  it("is what rises steadily under noise", () => {
    expect(growsBy10((i) => 100 + 0.5 * i + noise(i))).toBe(true);
  });

  it("is not noise, nor a level that falls", () => {
    expect(growsBy10((i) => 100 + noise(i))).toBe(false);
    expect(growsBy10((i) => 100 - i)).toBe(false);
  });

  it("is not what rises while caches fill", () => {
    expect(growsBy10((i) => Math.min(i, 35) * 10 + noise(i))).toBe(false);
  });

  it("is not a single peak, wherever it is", () => {
    for (const peak of [45, 70, 97]) expect(growsBy10((i) => 100 + (i >= peak && i < peak + 3 ? 500 : 0))).toBe(false);
  });

  it("is not found in a handful of samples", () => {
    expect(() => measureGrowth(series((i) => i).slice(0, 10))).toThrow("10 samples");
  });
});
