import { describe, expect, it } from "vitest";
import { readDeadline } from "../../src/chat/deadline.ts";

const now = new Date(2026, 0, 31, 14, 5, 9);

describe("a deadline", () => {
  it.each([
    ["30m", new Date(2026, 0, 31, 14, 35, 9)],
    ["2h", new Date(2026, 0, 31, 16, 5, 9)],
    ["3d", new Date(2026, 1, 3, 14, 5, 9)],
    ["18:00", new Date(2026, 0, 31, 18, 0)],
    ["9:30", new Date(2026, 1, 1, 9, 30)],
    ["2026-02-28", new Date(2026, 1, 28, 23, 59, 59)],
    ["2026-02-28T18:00", new Date(2026, 1, 28, 18, 0)],
  ])("typed as %s is understood", (typed, due) => {
    expect(readDeadline(typed, now)).toEqual(due);
  });

  it.each(["", "2", "h", "-2h", "24:00", "9:75", "2026-02-30", "2026-13-01", "tomorrow", "2026-02-28T25:00"])(
    "is not what %j says",
    (typed) => {
      expect(readDeadline(typed, now)).toBeUndefined();
    },
  );
});
