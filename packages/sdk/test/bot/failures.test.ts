import { type Clock, RedRoomError } from "@redroom/sdk";
import type { EntryContext } from "@redroom/sdk/bot";
import { describe, expect, it } from "vitest";
import { TITLE } from "../client/room.ts";
import { openBotRoom } from "./bot-room.ts";

describe("a key of a send", () => {
  it.each([
    ["is not empty", [""], /a key has 1 to 64 characters, not 0/],
    ["has 64 characters at most", ["k".repeat(64), "k".repeat(65)], /a key has 1 to 64 characters, not 65/],
    ["names one send", ["reminder", "reminder"], /has used the key "reminder" already/],
  ])("%s", async (_, keys, complaint) => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      for (const key of keys) await ctx.note("noted", { key });
    });
    await room.settled(bot.start());
    await anna.topic.ask("?");
    await room.until(() => bot.errors.length > 0);
    expect(bot.errors[0]).toMatchObject({ outcome: "given up", error: { code: "OPTIONS_INVALID" } });
    expect(String(bot.errors[0]?.error)).toMatch(complaint);
    expect(anna.heard()).toHaveLength(keys.length - 1);
  });
});

describe("a handler that throws", () => {
  it.each(["nak", "term"] as const)("has failed, although it has called %s before", async (said) => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ maxAttempts: 2 });
    bot.on("question", (ctx) => {
      if (said === "nak") ctx.nak(5);
      else ctx.term("enough");
      throw new Error("not today");
    });
    await room.settled(bot.start());
    await anna.topic.ask("?");
    await room.until(() => bot.givenUp(TITLE).length === 1);
    expect(bot.fates()).toEqual([
      ["not today", "again"],
      ["not today", "given up"],
    ]);
  });

  it("is tried again, later and later, while the topic waits; then its entry is given up", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ maxAttempts: 3 });
    const tries: unknown[] = [];
    bot.on("question", (ctx) => {
      if (ctx.message.text !== "bad") return ctx.answer("Yes.");
      tries.push([ctx.attempt, room.clock.now()]);
      throw new Error("not today");
    });
    await room.settled(bot.start());
    const { seq } = await anna.topic.ask("bad");
    void anna.topic.ask("good");
    await room.until(() => tries.length === 2);
    expect(anna.heard()).toEqual([]);
    await room.until(() => anna.heard().length === 1);
    const [first, second, third] = tries as [number, number][];
    expect(tries.map((one) => (one as number[])[0])).toEqual([1, 2, 3]);
    expect((second?.[1] ?? 0) - (first?.[1] ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect((third?.[1] ?? 0) - (second?.[1] ?? 0)).toBeGreaterThanOrEqual(2_000);
    expect(bot.fates()).toEqual([
      ["not today", "again"],
      ["not today", "again"],
      ["not today", "given up"],
    ]);
    expect(bot.errors[0]).toMatchObject({ topic: TITLE, delayMs: 1_000, ctx: { event: "question" } });
    expect(bot.givenUp(TITLE)).toMatchObject([{ seq, reason: "not today", attempts: 3, at: expect.any(Date) }]);
  });

  it("keeps the list of what was given up over a restart, until it is forgotten", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const start = async () => {
      const bot = room.bot();
      bot.on("note", (ctx) => ctx.term(`no: ${ctx.message.text} ${"x".repeat(200)}`));
      await room.settled(bot.start());
      return bot;
    };
    const bot = await start();
    const { seq } = await anna.topic.note("bäd");
    await room.until(() => bot.givenUp(TITLE).length === 1);
    await room.settled(bot.stop());
    const again = await start();
    expect(again.givenUp(TITLE)).toMatchObject([{ seq, attempts: 1 }]);
    expect(again.givenUp(TITLE)[0]?.reason).toMatch(/^no: bäd x{80,}$/);
    expect(Buffer.byteLength(again.givenUp(TITLE)[0]?.reason ?? "")).toBe(100);
    expect(await room.settled(again.forget(TITLE, seq))).toBe(true);
    expect(await room.settled(again.forget(TITLE, seq))).toBe(false);
    await room.settled(again.stop());
    expect((await start()).givenUp(TITLE)).toEqual([]);
    expect(bot.errors).toEqual([]);
  });

  it("counts failures on after a restart", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const start = async () => {
      const bot = room.bot({ maxAttempts: 2 });
      bot.on("question", () => {
        throw new Error("never");
      });
      await room.settled(bot.start());
      return bot;
    };
    const bot = await start();
    await anna.topic.ask("bad");
    await room.until(() => bot.errors.length === 1);
    await room.settled(bot.stop());
    const again = await start();
    await room.until(() => again.errors.length === 1);
    expect(again.fates()).toEqual([["never", "given up"]]);
  });

  it("is given up at once where it can never succeed, and not while it is nobody's fault", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ maxAttempts: 2 });
    let lost = 0;
    bot.on("question", async (ctx) => {
      if (ctx.message.text === "withdrawn") return void (await ctx.note("x".repeat(100_000)));
      lost += 1;
      if (lost <= 4) throw new RedRoomError("CONNECTION_LOST", "unable to ask; it is away", { retryable: true });
      await ctx.answer("Yes.");
    });
    await room.settled(bot.start());
    await anna.topic.ask("withdrawn");
    await anna.topic.ask("good");
    await room.until(() => anna.heard().length === 1);
    expect(bot.errors.map(({ outcome }) => outcome)).toEqual(["given up", "again", "again", "again", "again"]);
    expect(bot.errors[0]?.error).toMatchObject({ code: "TEXT_TOO_LARGE" });
    expect(bot.givenUp(TITLE)).toHaveLength(1);
  });

  it("stops the topic when 200 entries are given up, and goes on when one is forgotten", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("note", (ctx) => ctx.term("no"));
    await room.settled(bot.start());
    for (let number = 1; number <= 202; number += 1) void anna.topic.note(`${number}`);
    await room.until(() => bot.errors.length === 1);
    expect(bot.errors).toMatchObject([
      { ctx: undefined, topic: TITLE, outcome: "reported", error: { code: "OUTBOX_FULL" } },
    ]);
    const listed = bot.givenUp(TITLE);
    expect(listed).toHaveLength(200);
    await room.settled(bot.forget(TITLE, listed[0]?.seq ?? 0));
    await room.pass(61_000, 1_000);
    expect(bot.givenUp(TITLE).slice(-1)).toMatchObject([{ seq: (listed.at(-1)?.seq ?? 0) + 1 }]);
    expect(bot.givenUp(TITLE)).toHaveLength(200);
  });

  it("ends at an error boundary, where the entry is finished; what catches and throws itself is nobody's affair", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    const logged: unknown[] = [];
    const caught: unknown[] = [];
    bot.errorBoundary((error) => caught.push(error)).on("question", () => Promise.reject(new Error("inside")));
    bot.use((_, next) => next());
    bot.on("note", () => Promise.reject(new Error("middleware")));
    bot.catch(() => {
      throw new Error("in the catcher");
    });
    const { error } = console;
    console.error = (...args: unknown[]) => logged.push(args);
    try {
      await room.settled(bot.start());
      await anna.topic.ask("one");
      await anna.topic.note("two");
      await room.until(() => bot.errors.length === 1 && logged.length === 1);
    } finally {
      console.error = error;
    }
    expect(caught).toEqual([new Error("inside")]);
    expect(bot.fates()).toEqual([["middleware", "again"]]);
    expect(logged).toMatchObject([[expect.stringContaining(TITLE), new Error("in the catcher")]]);
  });
});

describe("nak", () => {
  it("has the entry again after that time, before what comes behind it, and is no failure", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ maxAttempts: 1 });
    const order: string[] = [];
    bot.on("note", (ctx) => {
      order.push(`${ctx.message.text} ${ctx.attempt}`);
      if (ctx.message.text === "a" && ctx.attempt < 4) ctx.nak(30_000);
    });
    await room.settled(bot.start());
    await anna.topic.note("a");
    await anna.topic.note("b");
    await room.pass(89_000, 100);
    expect(order).toEqual(["a 1", "a 2", "a 3"]);
    await room.until(() => order.length === 5);
    expect(order.slice(3)).toEqual(["a 4", "b 1"]);
    expect([bot.errors, bot.givenUp(TITLE)]).toEqual([[], []]);
  });
});

describe("a place that no bot has written", () => {
  it("stops the topic, which tells so", async () => {
    await using room = await openBotRoom();
    const client = await room.connect("quotes");
    const cursor = await room.settled(client.topic(TITLE).claimCursor("quotes"));
    for (const text of [
      "{",
      "{}",
      '{"v":1,"seq":-1,"finished":[],"givenUp":[]}',
      '{"v":1,"seq":1,"finished":[[1]],"givenUp":[]}',
    ]) {
      await room.settled(cursor.save(text));
      const bot = room.bot({ topics: [TITLE] });
      await expect(room.settled(bot.start())).rejects.toMatchObject({ code: "RECORD_DAMAGED" });
      await room.settled(client.topic(TITLE).claimCursor("quotes")).then((claimed) => Object.assign(cursor, claimed));
    }
  });
});

describe("a handler that hangs", () => {
  it("has failed after its time; the topic goes on, and what it does later does not count", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ handlerTimeoutMs: 5_000, maxAttempts: 2 });
    const late: unknown[] = [];
    bot.on("question", async (ctx) => {
      if (ctx.message.text !== "bad") return void (await ctx.answer("Yes."));
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      await ctx.answer("Too late.").catch((error) => late.push(error));
      await ctx.waitFor("note", { timeoutMs: 1 }).catch((error) => late.push(error));
      expect(() => ctx.nak(1)).toThrow(expect.objectContaining({ code: "ABORTED" }));
    });
    await room.settled(bot.start());
    await anna.topic.ask("bad");
    await anna.topic.ask("good");
    await room.until(() => anna.heard().length === 1);
    await room.pass(1_000);
    expect(anna.heard()).toEqual(["Yes."]);
    expect(bot.errors).toMatchObject([
      { error: { code: "TIMEOUT" }, outcome: "again" },
      { error: { code: "TIMEOUT" }, outcome: "given up" },
    ]);
    expect(late).toMatchObject(Array.from({ length: 4 }, () => ({ code: "ABORTED" })));
  });

  it("may wait for messages as long as it wants, and for its server", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ handlerTimeoutMs: 5_000 });
    bot.on("question", async (ctx) => {
      await ctx.waitFor("note", { timeoutMs: 3_600_000 });
      await ctx.answer("Yes.");
    });
    await room.settled(bot.start());
    await anna.topic.ask("How high?");
    await room.pass(20_000, 100);
    await anna.topic.note("go");
    await room.stop({ drainMs: 0 });
    await room.pass(60_000, 100);
    await room.start();
    await room.until(() => anna.heard().length === 1);
    expect(bot.errors).toEqual([]);
  });
});

describe("a handler that floods", () => {
  it("sends no more than its limit, and is given up with that", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ maxSends: 10 });
    bot.on("question", async (ctx) => {
      for (;;) await ctx.note("again and again");
    });
    await room.settled(bot.start());
    await anna.topic.ask("bad");
    await room.until(() => bot.errors.length === 1);
    await room.pass(1_000);
    expect(bot.errors).toMatchObject([{ outcome: "given up", error: { code: "TOO_MANY_REQUESTS" } }]);
    expect(anna.heard()).toHaveLength(10);
  });
});

describe("promises left behind", () => {
  it("count as the handler's own where they send: they are awaited, and fail it", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    const done: string[] = [];
    bot.on("question", (ctx) => {
      void ctx.note("left behind");
      if (ctx.attempt === 1) void ctx.note("");
    });
    bot.on("note", (ctx) => {
      done.push(ctx.message.text);
    });
    await room.settled(bot.start());
    void anna.topic.ask("one");
    void anna.topic.note("two");
    await room.until(() => done.length === 1);
    await room.pass(1_000);
    expect(anna.heard()).toEqual(["left behind"]);
    expect(bot.errors).toMatchObject([{ outcome: "given up", error: { code: "TEXT_INVALID" } }]);
  });

  it("may fail where their handler has taken care of that", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      await ctx.note("").catch(() => ctx.answer("It was empty."));
    });
    await room.settled(bot.start());
    await anna.topic.ask("one");
    await room.until(() => anna.heard().length === 1);
    await room.pass(1_000);
    expect(bot.errors).toEqual([]);
  });

  it("end silently where they wait, and with an error where they send too late", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    const late: unknown[] = [];
    bot.on("question", (ctx) => {
      void ctx.waitFor("note", { timeoutMs: 60_000 }).then(() => late.push("came"));
      room.clock.setTimer(() => void ctx.note("too late").catch((error) => late.push(error)), 1_000);
    });
    bot.on("note", (ctx) => ctx.note("handled"));
    await room.settled(bot.start());
    await anna.topic.ask("one");
    await room.pass(2_000);
    await anna.topic.note("two");
    await room.until(() => anna.heard().length === 1);
    await room.pass(61_000, 100);
    expect(anna.heard()).toEqual(["handled"]);
    expect(late).toMatchObject([{ code: "ABORTED" }]);
  });
});

describe("whatever a handler throws or says", () => {
  const refusesText = {
    toString() {
      throw new Error("not even text");
    },
  };
  it.each<[string, (ctx: EntryContext) => void, string]>([
    ["nothing", () => reject(undefined), "undefined"],
    ["no text", () => reject(refusesText), "what was thrown has no text"],
    ["an error without a message", () => reject(Object.assign(new Error(), { message: undefined })), "undefined"],
    ["a very long message", () => reject(new Error("x".repeat(1_000_000))), "x".repeat(100)],
    ["a reason that is none", (ctx) => ctx.term(undefined as unknown as string), "undefined"],
    ["no delay", (ctx) => ctx.nak(Number.NaN), "unable to try again in NaN ms"],
    ["a delay without end", (ctx) => ctx.nak(Number.POSITIVE_INFINITY), "unable to try again in Infinity ms"],
  ])(
    "is %s: its entry is given up, and the topic goes on at once",
    async (_, handle, reason) => {
      await using room = await openBotRoom();
      const anna = await room.person("anna");
      const bot = room.bot({ maxAttempts: 1 });
      bot.on("question", handle);
      bot.on("note", (ctx) => ctx.note("I go on."));
      await room.settled(bot.start());
      await anna.topic.ask("bad");
      void anna.topic.note("hello");
      await room.until(() => anna.heard().length === 1, 2_000);
      expect(bot.givenUp(TITLE)).toMatchObject([{ seq: 1, reason: expect.stringContaining(reason) }]);
    },
    180_000,
  );
});

function reject(thrown: unknown): never {
  throw thrown;
}

it("does not count the time without a connection as the handler's, also behind it", async () => {
  await using room = await openBotRoom();
  const anna = await room.person("anna");
  const bot = room.bot({ handlerTimeoutMs: 10_000, transport: room.network.host("quotes") });
  bot.on("question", async (ctx) => {
    room.network.cut("quotes");
    await ctx.note("first");
    const note = await ctx.waitFor("note", { timeoutMs: 600_000 });
    await new Promise<void>((resolve) => room.clock.setTimer(resolve, 1_000));
    await ctx.answer(`then ${note?.text}`);
  });
  await room.settled(bot.start());
  room.network.refuse("quotes");
  await anna.topic.ask("How high?");
  await room.pass(60_000, 100);
  room.network.heal("quotes");
  await room.until(() => anna.heard().length === 1);
  await room.pass(1_000);
  void anna.topic.note("second");
  await room.until(() => anna.heard().length === 2);
  expect(bot.fates()).toEqual([]);
});

it("counts the failures of each of two handlers that fail in turn", async () => {
  await using room = await openBotRoom();
  const anna = await room.person("anna");
  const bot = room.bot({ maxAttempts: 2 });
  let tries = 0;
  bot.on("question", async (ctx) => {
    if (ctx.message.text === "waits") {
      tries += 1;
      await ctx.waitFor("answer", { timeoutMs: 3_000 });
    }
    throw new Error(ctx.message.text);
  });
  await room.settled(bot.start());
  await anna.topic.ask("waits");
  for (let count = 0; count < 5; count += 1) {
    await anna.topic.ask("throws");
    await room.pass(3_000);
  }
  await room.until(() => bot.givenUp(TITLE).length === 6);
  expect(tries).toBe(2);
});

it("lets one handler wait for 500 messages, so that its place can be kept", async () => {
  await using room = await openBotRoom();
  const anna = await room.person("anna");
  const bot = room.bot();
  let taken = 0;
  bot.on("question", async (ctx) => {
    for (;;) {
      await ctx.waitFor("note", { timeoutMs: 86_400_000 });
      taken += 1;
    }
  });
  await room.settled(bot.start());
  await anna.topic.ask("How high?");
  for (let count = 0; count < 500; count += 50) {
    await room.settled(Promise.all(Array.from({ length: 50 }, () => anna.topic.note("more"))));
  }
  await room.until(() => bot.givenUp(TITLE).length === 1);
  expect(taken).toBe(500);
  expect(bot.givenUp(TITLE)[0]?.reason).toMatch(/500 messages/);
});

it("leaves no timer behind when the bot stops", async () => {
  await using room = await openBotRoom();
  const anna = await room.person("anna");
  const pending = new Set<number>();
  let set = 0;
  const clock: Clock = {
    now: () => room.clock.now(),
    monotonic: () => room.clock.monotonic(),
    setTimer(callback, delayMs) {
      set += 1;
      const timer = set;
      pending.add(timer);
      const inner = room.clock.setTimer(() => {
        pending.delete(timer);
        callback();
      }, delayMs);
      return {
        cancel() {
          pending.delete(timer);
          inner.cancel();
        },
      };
    },
  };
  const bot = room.bot({ clock });
  bot.on("question", (ctx) => ctx.waitFor("note", { timeoutMs: 10_000 }));
  await room.settled(bot.start());
  await anna.topic.ask("How high?");
  await room.pass(5_000);
  expect(pending.size).toBeGreaterThan(0);
  await room.settled(bot.stop());
  expect(pending.size).toBe(0);
});
