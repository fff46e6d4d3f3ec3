import { createTestRoom } from "@redroom/sdk/testing";
import { describe, it } from "vitest";
import { deadlineKeeper } from "../src/deadline-keeper.ts";

const MINUTE_MS = 60_000;
const members = { anna: ["interviewer"], bernd: ["interviewee"], keeper: ["superuser"] };

async function openRoom() {
  const room = await createTestRoom({ members, topics: ["Share Deal"] });
  const startKeeper = async () => {
    const keeper = deadlineKeeper(room.address, room.connection("keeper"));
    await keeper.start();
    return keeper;
  };
  const inMinutes = (minutes: number): Date => new Date(room.clock.now() + minutes * MINUTE_MS);
  return Object.assign(room, { startKeeper, inMinutes });
}

describe("the deadline keeper", () => {
  it("reminds those who were asked, an hour before the deadline and once", async () => {
    await using room = await openRoom();
    await using _keeper = await room.startKeeper();
    const due = room.inMinutes(65);
    const { seq } = await room.as("anna").asks("What is the price?", { to: ["bernd"], due });
    await room.as("bernd").expects("What is the price?");
    await room.pass(4 * MINUTE_MS);
    await room.as("bernd").expectsNothing();
    await room.pass(MINUTE_MS);
    const text = `Question ${seq} of anna is open. It wants an answer by ${due.toISOString()}.`;
    await room.as("bernd").expects({ kind: "note", text, from: "keeper" });
    await room.pass(10 * MINUTE_MS);
    await room.as("bernd").expectsNothing();
  });

  it("reminds nobody of what was answered, withdrawn or closed", async () => {
    await using room = await openRoom();
    await using _keeper = await room.startKeeper();
    const due = room.inMinutes(65);
    const answered = await room.as("anna").asks("What is the price?", { due });
    const withdrawn = await room.as("anna").asks("And when?", { due });
    const closed = await room.as("anna").asks("And why?", { due });
    await room.as("bernd").answers(answered, "Twelve million.");
    await room.as("anna").withdraws(withdrawn);
    await room.as("keeper").closes(closed, "Off the point.");
    await room.pass(10 * MINUTE_MS);
    await room.as("bernd").expectsNothing({ kind: "note" });
  });

  it("reminds once also over restarts, and late of what fell due while it was away", async () => {
    await using room = await openRoom();
    const first = await room.startKeeper();
    const early = await room.as("anna").asks("What is the price?", { due: room.inMinutes(62) });
    await room.pass(2 * MINUTE_MS);
    await room.as("bernd").expects({ kind: "note", text: reminderOf(early) });
    const late = await room.as("anna").asks("And when?", { due: room.inMinutes(62) });
    await first.stop();
    await room.pass(5 * MINUTE_MS);
    await using _second = await room.startKeeper();
    await room.as("bernd").expects({ kind: "note", text: reminderOf(late) });
    await room.pass(5 * MINUTE_MS);
    await room.as("bernd").expectsNothing({ kind: "note" });
  });
});

const reminderOf = ({ seq }: { readonly seq: number }): RegExp => new RegExp(`^Question ${seq} of anna is open\\.`);
