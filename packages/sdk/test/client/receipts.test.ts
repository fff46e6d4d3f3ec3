import { describe, expect, it } from "vitest";
import { Receipts } from "../../src/client/receipts.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";

function receipts() {
  const [clock, sent] = [new ManualClock(), [] as string[]];
  const line = { open: true };
  const receipts = new Receipts(clock, (first, last) => {
    if (line.open) sent.push(`${first}-${last}`);
    return line.open;
  });
  return { clock, sent, line, receipts };
}

describe("receipts", () => {
  it("leave half a second after the first message, or with the 64th, and reach back to where the reader began", () => {
    const { clock, sent, receipts: reader } = receipts();
    reader.begin(3);
    reader.received(5);
    clock.advance(499);
    reader.received(6);
    expect(sent).toEqual([]);
    clock.advance(1);
    expect(sent).toEqual(["3-6"]);
    for (let seq = 7; seq <= 71; seq += 1) reader.received(seq);
    expect(sent).toEqual(["3-6", "3-70"]);
    clock.advance(500);
    expect(sent.at(-1)).toBe("3-71");
    expect(clock.pending).toBe(0);
  });

  it("never reach across a message that was not taken, and are repeated on a new connection, also those before it", () => {
    const { clock, sent, line, receipts: reader } = receipts();
    reader.begin(1);
    reader.received(2);
    reader.missed(3);
    expect(sent).toEqual(["1-2"]);
    line.open = false;
    reader.received(4);
    reader.missed(5);
    reader.received(7);
    clock.advance(500);
    expect(sent).toEqual(["1-2"]);
    line.open = true;
    reader.repeat();
    expect(sent).toEqual(["1-2", "1-2", "4-4", "6-7"]);
    reader.received(8);
    clock.advance(500);
    expect(sent.at(-1)).toBe("6-8");
  });
});
