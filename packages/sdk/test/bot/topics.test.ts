import { roomPolicy } from "@redroom/sdk/rules";
import { describe, expect, it } from "vitest";
import { gate, openBotRoom } from "./bot-room.ts";

const OTHER = "Asset Deal";

describe("topics side by side", () => {
  it("do not wait for each other, as far as concurrency goes", async () => {
    await using room = await openBotRoom();
    await room.server.createTopic(OTHER);
    await room.server.createTopic("Third");
    const bot = room.bot({ concurrency: 2 });
    const people = [await room.person("anna"), await room.person("bernd", OTHER), await room.person("carl", "Third")];
    const gates = people.map(() => gate());
    const running = new Set<string>();
    let most = 0;
    bot.on("question", async (ctx) => {
      running.add(ctx.topic.title);
      most = Math.max(most, running.size);
      await gates[people.findIndex(({ topic }) => topic.title === ctx.topic.title)]?.passed;
      running.delete(ctx.topic.title);
      await ctx.answer("Yes.");
    });
    await room.settled(bot.start());
    for (const { topic } of people) await topic.ask("How high?");
    await room.pass(1_000);
    expect([running.size, most]).toEqual([2, 2]);
    for (const { open } of gates.slice(1)) open();
    await room.pass(1_000);
    expect(people.map(({ heard }) => heard())).toEqual([[], ["Yes."], ["Yes."]]);
    expect(most).toBe(2);
    gates[0]?.open();
    await room.until(() => people[0]?.heard().length === 1);
  });

  it("do not block each other while a handler waits, hangs or is tried again", async () => {
    await using room = await openBotRoom();
    await room.server.createTopic(OTHER);
    const [anna, bernd] = [await room.person("anna"), await room.person("bernd", OTHER)];
    const bot = room.bot({ concurrency: 1, handlerTimeoutMs: 10_000 });
    bot.on("question", async (ctx) => {
      if (ctx.message.text === "throw") throw new Error("always");
      if (ctx.message.text === "wait") await ctx.waitFor("note", { timeoutMs: 10_000_000 });
      if (ctx.message.text === "hang") await new Promise(() => {});
      await ctx.answer("Yes.");
    });
    await room.settled(bot.start());
    for (const text of ["wait", "throw", "hang"]) await anna.topic.ask(text);
    for (const text of ["one", "two"]) await bernd.topic.ask(text);
    await room.until(() => bernd.heard().length === 2);
  });
});

describe("a bot without a list of topics", () => {
  it("finds new ones within a minute, and is told of those that it loses, while the others go on", async () => {
    await using room = await openBotRoom({ policy: roomPolicy });
    const join = (title: string, name: string, roles: readonly string[]) =>
      room.server.setRoles(title, { id: name, name }, roles);
    await join("Share Deal", "quotes", ["superuser"]);
    await join("Share Deal", "anna", ["superuser"]);
    const bot = room.bot();
    bot.on("question", (ctx) => ctx.answer("Yes."));
    await room.settled(bot.start());
    await room.server.createTopic(OTHER);
    await join(OTHER, "quotes", ["superuser"]);
    await join(OTHER, "bernd", ["superuser"]);
    const [anna, bernd] = [await room.person("anna"), await room.person("bernd", OTHER)];
    await room.pass(61_000, 100);
    await bernd.topic.ask("How high?");
    await room.until(() => bernd.heard().length === 1);

    await join(OTHER, "quotes", []);
    await room.until(() => bot.errors.length === 1);
    expect(bot.errors).toMatchObject([
      { ctx: undefined, topic: OTHER, outcome: "reported", error: { code: "NOT_ALLOWED" } },
    ]);
    await anna.topic.ask("How high?");
    await room.until(() => anna.heard().length === 1);

    await bernd.topic.ask("Meanwhile?");
    await join(OTHER, "quotes", ["superuser"]);
    await room.pass(62_000, 100);
    expect(bernd.heard()).toEqual(["Yes.", "Yes."]);
    expect(bot.errors).toHaveLength(1);
  });

  it("does not start in topics that are not there, where they are named", async () => {
    await using room = await openBotRoom();
    const bot = room.bot({ topics: ["No such deal"] });
    await expect(room.settled(bot.start())).rejects.toMatchObject({ code: "TOPIC_UNKNOWN" });
    expect(await bot.closed).toMatchObject({ code: "TOPIC_UNKNOWN" });
    await expect(room.settled(bot.start())).rejects.toMatchObject({ code: "TOPIC_UNKNOWN" });
  });
});

describe("what is beside the record", () => {
  it("is handled in its turn, and its failures are reported", async () => {
    await using room = await openBotRoom();
    const bot = room.bot();
    const seen: unknown[] = [];
    const waiters = new Map<string, boolean>();
    bot.use((ctx, next) => {
      waiters.set(ctx.event, "waitFor" in ctx || "nak" in ctx || "term" in ctx);
      return next();
    });
    bot.on("presence", async (ctx) => {
      seen.push([ctx.member.name, ctx.presence.state]);
      if (ctx.member.name === "anna") await ctx.note("Hello, Anna.");
      if (ctx.member.name === "bernd") throw new Error("not him");
    });
    bot.on("receipt", (ctx) => {
      seen.push(ctx.receipt.by.map(({ name }) => name).sort()); // by pseudonym, which are random
    });
    await room.settled(bot.start());
    const anna = await room.person("anna");
    await room.until(() => anna.heard().length === 1);
    await room.person("bernd");
    await room.until(() => bot.errors.length === 1);
    expect(bot.fates()).toEqual([["not him", "reported"]]);
    await room.until(() => seen.length === 3);
    expect(seen).toEqual([
      ["anna", "online"],
      ["bernd", "online"],
      ["anna", "bernd"],
    ]);
    expect(waiters.get("presence")).toBe(false);
    expect(waiters.get("receipt")).toBe(true);
  });
});

describe("a regulated topic", () => {
  it("brings sealed answers and, behind their reveal, the answers; each once over restarts", async () => {
    await using room = await openBotRoom({ policy: roomPolicy });
    await room.server.createTopic(OTHER, { regulated: true });
    for (const name of ["anna", "quotes"]) await room.server.setRoles(OTHER, { id: name, name }, ["superuser"]);
    const anna = await room.person("anna", OTHER);
    const seen: string[] = [];
    const start = async () => {
      const bot = room.bot({ topics: [OTHER] });
      bot.on("note", (ctx) => ctx.ask("Who finances the deal?", { to: ["anna"] }));
      bot.on("sealed", (ctx) => {
        seen.push(`sealed ${ctx.sealed.re}`);
      });
      bot.on("reveal", (ctx) => {
        seen.push(`reveal ${ctx.message.re}`);
      });
      bot.on("answer", (ctx) => {
        seen.push(`answer ${ctx.message.text}`);
      });
      bot.on("question", async (ctx) => {
        if (ctx.message.text === "wait") return void (await ctx.waitFor("note", { timeoutMs: 1_000_000 }));
        await ctx.answer("Two million.");
      });
      await room.settled(bot.start());
      return bot;
    };
    let bot = await start();
    // Answers are sealed while the asker owes one: Anna's question comes first, and is not answered before hers is.
    await anna.topic.note("ask me");
    await room.until(() => anna.heard().length === 1);
    const asked = anna.messages.at(-1)?.seq ?? 0;
    const { seq: counter } = await anna.topic.ask("wait");
    const answered = await anna.topic.answer({ seq: asked }, "A bank.");
    await room.until(() => seen.length === 1);
    await room.pass(1_000);
    await room.settled(bot.stop({ drainMs: 0 }));
    // Revealed while the bot is away: it reads the answer open, in its old place, which it has finished.
    const client = await room.connect("quotes");
    const topic = await room.settled(client.topic(OTHER).open({ from: "none" }));
    const own = await room.settled(topic.answer({ seq: counter }, "By hand."));
    bot = await start();
    await room.until(() => seen.some((one) => one.startsWith("answer")));
    await room.pass(1_000);
    await room.settled(bot.stop({ drainMs: 0 }));
    await start();
    await room.pass(2_000);
    expect(seen).toEqual([`sealed ${asked}`, `reveal ${answered.seq}`, "answer A bank.", `reveal ${own.seq}`]);
  });
});

it("is in a topic once that is named twice", async () => {
  await using room = await openBotRoom();
  await room.server.createTopic("Übernahme");
  const anna = await room.person("anna", "Übernahme");
  const bot = room.bot({ topics: ["Übernahme", "Übernahme".normalize("NFD"), "Übernahme"] });
  bot.on("question", (ctx) => ctx.answer("Yes."));
  await room.settled(bot.start());
  for (const text of ["one", "two"]) await anna.topic.ask(text);
  await room.until(() => anna.heard().length === 2);
  expect(bot.fates()).toEqual([]);
});

it("is in 100 topics, tells of those beyond, and still saves its places", async () => {
  await using room = await openBotRoom();
  for (let number = 2; number <= 102; number += 1) await room.server.createTopic(`Deal ${number}`);
  const anna = await room.person("anna", "Deal 100");
  const handled: string[] = [];
  const start = async () => {
    const bot = room.bot();
    bot.on("note", (ctx) => void handled.push(ctx.message.text));
    await room.settled(bot.start());
    return bot;
  };
  const bot = await start();
  expect(bot.fates()).toEqual([101, 102].map((number) => [expect.stringContaining(`"Deal ${number}"`), "reported"]));
  await anna.topic.note("one");
  await room.until(() => handled.length === 1);
  await room.pass(500);
  await room.settled(bot.stop({ drainMs: 0 }));
  await start();
  await anna.topic.note("two");
  await room.until(() => handled.length === 2);
  expect(handled).toEqual(["one", "two"]);
});
