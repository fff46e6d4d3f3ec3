import { Bot, type Within } from "@redroom/sdk/bot";
import { describe, expect, it } from "vitest";
import { gate, openBotRoom } from "./bot-room.ts";

describe("a bot", () => {
  it.each([undefined, 5, "", "Quotes", "a_b", "a".repeat(33)])("is not called %j", (name) => {
    const options = { auth: { name: "quotes", password: "any password" }, name: name as string };
    expect(() => new Bot("redroom://127.0.0.1:1/", options)).toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID" }),
    );
  });

  it.each([[{}], [{ timeoutMs: Number.NaN }], [{ timeoutMs: "soon" }], [{ until: new Date(Number.NaN) }]])(
    "waits for a time only, and not for %j",
    async (within) => {
      await using room = await openBotRoom();
      const anna = await room.person("anna");
      const bot = room.bot();
      bot.on("question", (ctx) => ctx.waitFor("note", within as Within));
      await room.settled(bot.start());
      await anna.topic.ask("How high?");
      await room.until(() => bot.errors.length === 1);
      expect(bot.errors).toMatchObject([{ outcome: "given up", error: { code: "OPTIONS_INVALID" } }]);
    },
  );

  it("handles entries in order, and answers", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("question", (ctx) => ctx.answer(`${ctx.message.text} Two million.`));
    await room.settled(bot.start());
    for (const number of [1, 2, 3]) void anna.topic.ask(`Question ${number}?`);
    await room.until(() => anna.heard().length === 3);
    expect(anna.heard()).toEqual([1, 2, 3].map((number) => `Question ${number}? Two million.`));
    expect(bot.errors).toEqual([]);
  });

  it("goes on after a restart with what came meanwhile, and answers nothing twice", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const start = async () => {
      const bot = room.bot();
      bot.on("question", (ctx) => ctx.answer(`${ctx.message.text} Yes.`));
      await room.settled(bot.start());
      return bot;
    };
    await anna.topic.ask("Before the bot?");
    const bot = await start();
    await anna.topic.ask("First?");
    await room.until(() => anna.heard().length === 1);
    await room.settled(bot.stop());
    expect(await bot.closed).toBeUndefined();
    await anna.topic.ask("Meanwhile?");
    await start();
    await anna.topic.ask("Afterwards?");
    await room.until(() => anna.heard().length === 3);
    await room.pass(2_000);
    expect(anna.heard()).toEqual(["First? Yes.", "Meanwhile? Yes.", "Afterwards? Yes."]);
  });

  it("begins with the first entry where it is told to", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    await anna.topic.ask("Before the bot?");
    const bot = room.bot({ from: "start" });
    bot.on("question", (ctx) => ctx.answer("Yes."));
    await room.settled(bot.start());
    await room.until(() => anna.heard().length === 1);
  });

  it("waits for answers while it goes on", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      await ctx.note("Which year?");
      const year = await ctx.waitFor("note", { timeoutMs: 60_000 });
      await ctx.answer(year === undefined ? "Never mind." : `In ${year.text}: two million.`);
    });
    bot.on("note", (ctx) => ctx.note(`Noted: ${ctx.message.text}`));
    await room.settled(bot.start());
    await anna.topic.ask("How high?");
    await room.until(() => anna.heard().length === 1);
    await anna.topic.note("2025");
    await anna.topic.note("Thanks");
    await room.until(() => anna.heard().length === 3);
    expect(anna.heard()).toEqual(["Which year?", "In 2025: two million.", "Noted: Thanks"]);
    await anna.topic.ask("And now?");
    await room.pass(61_000);
    expect(anna.heard().slice(3)).toEqual(["Which year?", "Never mind."]);
  });

  it("stops in the middle: the handler ends, and what waits begins anew", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const { passed, open } = gate();
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      await passed;
      await ctx.answer("Late.");
    });
    await room.settled(bot.start());
    await anna.topic.ask("One?");
    await anna.topic.ask("Two?");
    await room.pass(1_000);
    const stopping = bot.stop();
    open();
    await room.settled(stopping);
    expect(anna.heard()).toEqual(["Late."]);
    const again = room.bot();
    again.on("question", (ctx) => ctx.answer(`To ${ctx.message.text}`));
    await room.settled(again.start());
    await room.until(() => anna.heard().length === 2);
    expect(anna.heard()).toEqual(["Late.", "To Two?"]);
  });
});
