import { Bot } from "@redroom/sdk/bot";
import { createTestRoom } from "@redroom/sdk/testing";
import { expect, it, vi } from "vitest";

it("a bot is tested in a conversation, through a lost connection and a restart of its own", async () => {
  await using room = await createTestRoom({ members: { anna: ["interviewer"], quotes: ["interviewee"] } });
  const anna = room.as("anna");
  const start = async () => {
    const bot = new Bot(room.address, { ...room.connection("quotes"), name: "quotes" });
    bot.on("question", async (ctx) => void (await ctx.answer(`You asked: ${ctx.message.text}`)));
    await bot.start();
    return bot;
  };
  {
    await using _bot = await start();
    const question = await anna.asks("How many?");
    await anna.expects({ from: "quotes", re: question, text: "You asked: How many?" });
    room.faults.cut("quotes");
    await anna.asks("Why?");
    await anna.expects("You asked: Why?");
  }
  const missed = await anna.asks("Are you there?");
  await anna.expectsNothing();
  await using _bot = await start();
  expect(await anna.expects({ kind: "answer" })).toMatchObject({ re: missed.seq, text: "You asked: Are you there?" });
  await anna.expectsNothing();
});

it("a bot that outlives its room can still be stopped", async () => {
  const room = await createTestRoom({ members: { anna: ["interviewer"], quotes: ["interviewee"] } });
  const bot = new Bot(room.address, { ...room.connection("quotes"), name: "quotes" });
  bot.on("question", (ctx) => ctx.answer("Three."));
  await bot.start();
  await room.as("anna").asks("How many?");
  await room.as("anna").expects("Three.");
  await room[Symbol.asyncDispose]();
  await bot.stop();
  expect(room.clock.pending).toBe(0);
});

it("a bot is tested also where the test has put timers of its own in the place of the real ones", async () => {
  vi.useFakeTimers();
  try {
    await using room = await createTestRoom({ members: { anna: ["interviewer"], quotes: ["interviewee"] } });
    const handled: string[] = [];
    for (const text of ["How many?", "Why?"]) {
      await using bot = new Bot(room.address, { ...room.connection("quotes"), name: "quotes" });
      bot.on("question", (ctx) => {
        handled.push(ctx.message.text);
        return ctx.answer("Three.");
      });
      await bot.start();
      await room.as("anna").asks(text);
      await room.as("anna").expects("Three.");
    }
    expect(handled).toEqual(["How many?", "Why?"]);
    await expect(room.as("anna").expects("Four.")).rejects.toThrow("has not come");
  } finally {
    vi.useRealTimers();
  }
});
