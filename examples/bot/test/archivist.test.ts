import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";
import { archivist, type Summary } from "../src/archivist.ts";

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
const members = { anna: ["interviewer"], bernd: ["interviewee"], archive: ["archivist"] };

async function openRoom() {
  const room = await createTestRoom({ members, topics: ["Share Deal"] });
  const summaries: Summary[] = [];
  const kept = new Map<string, string>();
  const storage = {
    read: async (key: string) => kept.get(key),
    write: async (key: string, value = "") => void kept.set(key, value),
  };
  const startArchivist = async () => {
    const print = (summary: Summary) => summaries.push(summary);
    const bot = archivist(room.address, room.connection("archive"), { print, storage });
    await bot.start();
    return bot;
  };
  /** On, to five minutes before the next midnight. */
  const toEvening = (): void => room.clock.correctDate(DAY_MS - (room.clock.now() % DAY_MS) - 5 * MINUTE_MS);
  toEvening();
  const today = (): string => new Date(room.clock.now()).toISOString().slice(0, 10);
  return Object.assign(room, { summaries, kept, startArchivist, toEvening, today });
}

describe("the archivist", () => {
  it("tells at midnight what the day has brought, and the checkpoint", async () => {
    await using room = await openRoom();
    await using _archivist = await room.startArchivist();
    const day = room.today();
    const question = await room.as("anna").asks("What is the price?");
    await room.as("bernd").answers(question, "Twelve million.");
    await room.as("anna").asks("And when?", { to: ["bernd"] });
    expect(room.summaries).toEqual([]);
    await room.pass(7 * MINUTE_MS);
    expect(room.summaries).toEqual([
      { day, topic: "Share Deal", counts: { question: 2, answer: 1 }, checkpoint: expect.stringContaining("\n") },
    ]);
  });

  it("counts a day once, also over a restart in its middle", async () => {
    await using room = await openRoom();
    const first = await room.startArchivist();
    await room.as("anna").asks("What is the price?");
    await room.as("bernd").expects("What is the price?");
    await first.stop();
    await room.as("anna").asks("And when?");
    await using _second = await room.startArchivist();
    await room.as("anna").asks("And why?");
    await room.pass(7 * MINUTE_MS);
    room.toEvening();
    await room.as("anna").asks("And how?");
    await room.pass(7 * MINUTE_MS);
    expect(room.summaries.map(({ counts }) => counts)).toEqual([{ question: 3 }, { question: 1 }]);
  });

  it("says so, and sums up nothing, when the log is not the one of the day before", async () => {
    await using room = await openRoom();
    const first = await room.startArchivist();
    await room.as("anna").asks("What is the price?");
    await room.pass(7 * MINUTE_MS);
    await first.stop();
    for (const [key, value] of room.kept) room.kept.set(key, value.replace(/(?<=\\n\d+\\n)./, "#"));

    await using second = await room.startArchivist();
    const failures: unknown[] = [];
    second.catch(({ error, outcome }) => failures.push(error, outcome));
    room.toEvening();
    await room.as("anna").asks("And when?");
    await room.pass(7 * MINUTE_MS);
    expect(failures).toEqual([expect.objectContaining({ code: "PROTOCOL_ERROR" }), "given up"]);
    expect(room.summaries).toHaveLength(1);
  });
});
