import { RedRoomError } from "@redroom/sdk";
import type { Bot, QuestionContext } from "@redroom/sdk/bot";
import { answerTo } from "@redroom/sdk/bot";
import { describe, expect, it } from "vitest";
import { TITLE } from "../client/room.ts";
import { gate, openBotRoom } from "./bot-room.ts";

type BotRoom = Awaited<ReturnType<typeof openBotRoom>>;

/** Dies, as far as its server can tell: nothing that it does from now on arrives. */
async function kill(room: BotRoom, bot: Bot): Promise<void> {
  await room.settled(bot.stop({ drainMs: 0 }));
}

describe("a restart in the middle", () => {
  it("of a handler runs it again, and what it had sent is sent once", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const begun: number[] = [];
    const start = async (ends: Promise<void>) => {
      const bot = room.bot();
      bot.on("question", async (ctx) => {
        begun.push(ctx.message.seq);
        const first = await ctx.note("one moment");
        await ends;
        await ctx.answer(`after ${first.seq}`);
      });
      await room.settled(bot.start());
      return bot;
    };
    const bot = await start(new Promise(() => {}));
    const { seq } = await anna.topic.ask("How high?");
    await room.until(() => anna.heard().length === 1);
    await kill(room, bot);
    await start(Promise.resolve());
    await room.until(() => anna.heard().length === 2);
    await room.pass(2_000);
    expect(begun).toEqual([seq, seq]);
    expect(anna.heard()).toEqual(["one moment", `after ${seq + 1}`]);
  });

  it("within waitFor waits on, from the same moment, for what has come meanwhile too", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const handled: string[] = [];
    const start = async () => {
      const bot = room.bot();
      bot.on("question", async (ctx) => {
        const year = await ctx.waitFor(answerTo(await ctx.ask("Which year?")), { timeoutMs: 60_000 });
        const sure = await ctx.waitFor("note", { timeoutMs: 60_000 });
        await ctx.answer(`${year?.text}, ${sure?.text}`);
      });
      bot.on("message", (ctx) => {
        handled.push(ctx.message.text);
      });
      await room.settled(bot.start());
      return bot;
    };
    const bot = await start();
    await anna.topic.ask("How high?");
    await room.until(() => anna.heard().length === 1);
    await anna.topic.answer({ seq: anna.messages.at(-1)?.seq ?? 0 }, "2025");
    await room.pass(1_000);
    await kill(room, bot);
    await anna.topic.note("sure");
    await anna.topic.note("thanks");
    await start();
    await room.until(() => anna.heard().length === 2 && handled.length === 1);
    await room.pass(2_000);
    expect(anna.heard()).toEqual(["Which year?", "2025, sure"]);
    expect(handled).toEqual(["thanks"]);
  });

  it("does not prolong a wait, and does not shorten it either", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const start = async () => {
      const bot = room.bot();
      bot.on("question", async (ctx) => {
        const note = await ctx.waitFor("note", { timeoutMs: 100_000 });
        await ctx.answer(note === undefined ? "time is over" : `in time: ${note.text}`);
      });
      await room.settled(bot.start());
      return bot;
    };
    let bot = await start();
    await anna.topic.ask("one?");
    await room.pass(60_000, 100);
    await kill(room, bot);
    await room.pass(30_000, 100);
    bot = await start();
    await room.pass(9_000, 100);
    expect(anna.heard()).toEqual([]);
    await room.pass(2_000, 100);
    expect(anna.heard()).toEqual(["time is over"]);

    await anna.topic.ask("two?");
    await room.pass(1_000);
    await kill(room, bot);
    await anna.topic.note("in time");
    await room.pass(200_000, 1_000);
    await start();
    await room.until(() => anna.heard().length === 2);
    expect(anna.heard()).toEqual(["time is over", "in time: in time"]);
  });

  it("skips what was finished behind a handler that waits", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const handled: string[] = [];
    const start = async () => {
      const bot = room.bot();
      bot.on("question", async (ctx) => {
        handled.push(ctx.message.text);
        await ctx.waitFor("answer", { timeoutMs: 1_000_000 });
      });
      bot.on("note", (ctx) => {
        handled.push(ctx.message.text);
      });
      await room.settled(bot.start());
      return bot;
    };
    const bot = await start();
    await anna.topic.ask("one?");
    await anna.topic.note("two");
    await anna.topic.ask("three?");
    await anna.topic.note("four");
    await room.until(() => handled.length === 4);
    await room.pass(500);
    await kill(room, bot);
    await start();
    await room.pass(2_000);
    expect(handled).toEqual(["one?", "two", "three?", "four", "one?", "three?"]);
  });

  it("with another text counts what was sent as sent", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const seen: unknown[] = [];
    const start = async (text: string, ends: Promise<void>) => {
      const bot = room.bot();
      bot.on("question", async (ctx: QuestionContext) => {
        seen.push(await ctx.answer(text, { key: "answer" }));
        await ends;
      });
      await room.settled(bot.start());
      return bot;
    };
    const bot = await start("It is noon.", new Promise(() => {}));
    await anna.topic.ask("What time is it?");
    await room.until(() => seen.length === 1);
    await kill(room, bot);
    await anna.topic.note("something else");
    await start("It is one.", Promise.resolve());
    await room.until(() => seen.length === 2);
    expect(seen[1]).toEqual({ ...(seen[0] as object), duplicate: true });
    expect(anna.heard()).toEqual(["It is noon."]);
  });
});

describe("a lost connection", () => {
  it("is nobody's failure: each question is answered once, in order", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      await ctx.answer(`to ${ctx.message.text}`);
      await ctx.note(`noted ${ctx.message.text}`);
    });
    await room.settled(bot.start());
    const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const number of numbers) {
      void anna.topic.ask(`${number}`);
      await room.pass(20 * (number % 7));
      if (number % 5 === 0) room.network.cut();
    }
    await room.until(() => anna.heard().length >= 60);
    await room.pass(10_000, 100);
    expect(anna.heard()).toEqual(numbers.flatMap((number) => [`to ${number}`, `noted ${number}`]));
    expect(bot.errors).toEqual([]);
  });

  it("ends no wait before what has come meanwhile is read", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      const note = await ctx.waitFor("note", { timeoutMs: 60_000 });
      await ctx.answer(note?.text ?? "nothing came");
    });
    await room.settled(bot.start());
    await anna.topic.ask("How high?");
    await room.pass(1_000);
    room.network.refuse("quotes");
    room.network.cut("quotes");
    await room.pass(30_000, 100);
    await anna.topic.note("in time");
    await room.pass(60_000, 100);
    room.network.heal();
    await room.until(() => anna.heard().length === 1);
    expect(anna.heard()).toEqual(["in time"]);
  });
});

describe("an attempt after another", () => {
  it("is given the messages that the one before has waited for, and leaves those that it does not want", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const handled: string[] = [];
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      const first = await ctx.waitFor("note", { timeoutMs: 60_000 });
      handled.push(`${ctx.attempt} ${first?.text}`);
      if (ctx.attempt < 3) await ctx.waitFor("note", { timeoutMs: 60_000 });
      if (ctx.attempt < 3) throw new Error("again");
    });
    bot.on("note", (ctx) => {
      handled.push(ctx.message.text);
    });
    await room.settled(bot.start());
    await anna.topic.ask("How high?");
    for (const text of ["one", "two", "three"]) await anna.topic.note(text);
    await room.until(() => handled.length === 5);
    expect(handled).toEqual(["1 one", "2 one", "3 one", "two", "three"]);
  });
});

describe("two instances of a bot", () => {
  it("are one: the newer takes over, and the older ends", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const start = async (text: string) => {
      const bot = room.bot();
      bot.on("question", (ctx) => ctx.answer(text));
      await room.settled(bot.start());
      return bot;
    };
    const older = await start("old");
    await start("new");
    await anna.topic.ask("Who is there?");
    const error = await room.settled(older.closed);
    expect(error).toMatchObject({ code: "CURSOR_TAKEN" });
    await room.pass(2_000);
    expect(anna.heard()).toHaveLength(1);
    await anna.topic.ask("And now?");
    await room.until(() => anna.heard().length === 2);
    expect(anna.heard()[1]).toBe("new");
  });

  it("of different names are two", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    for (const name of ["one", "two"]) {
      const bot = room.bot({ name, auth: { name: "quotes", password: "any password" } });
      bot.on("question", (ctx) => ctx.answer(name));
      await room.settled(bot.start());
    }
    await anna.topic.ask("Who is there?");
    await room.until(() => anna.heard().length === 2);
    expect(anna.heard().sort()).toEqual(["one", "two"]);
  });
});

describe("own messages", () => {
  it("are handled where that is asked for, and not otherwise", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const handled: string[] = [];
    for (const own of [true, false]) {
      const name = own ? "all" : "others";
      const bot = room.bot({ name, own, auth: { name: "quotes", password: "any password" } });
      bot.on("question", (ctx) => ctx.note("noted", { key: "noted" }));
      bot.on("note", (ctx) => {
        handled.push(`${name}: ${ctx.message.text}`);
      });
      await room.settled(bot.start());
    }
    await anna.topic.ask("Who is there?");
    await room.pass(2_000);
    expect(handled).toEqual(["all: noted", "all: noted"]);
  });
});

describe("stop", () => {
  it("may be what a handler does: its entry is finished, and the next start goes on behind it", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const start = async () => {
      const bot = room.bot();
      bot.command("stop", async (ctx) => {
        await ctx.reply("Good night.");
        await bot.stop();
      });
      await room.settled(bot.start());
      return bot;
    };
    const bot = await start();
    await anna.topic.ask("/stop");
    const before = room.clock.now();
    expect(await room.settled(bot.closed)).toBeUndefined();
    expect(room.clock.now() - before).toBeLessThan(1_000);
    const again = await start();
    await room.pass(2_000);
    expect([anna.heard(), again.client.state]).toEqual([["Good night."], "online"]);
  });

  it("leaves behind what does not end in time: it is handled again", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    const aborted = gate();
    bot.on("question", async (ctx) => {
      ctx.signal.addEventListener("abort", aborted.open);
      await new Promise(() => {});
    });
    await room.settled(bot.start());
    await anna.topic.ask("How high?");
    await room.pass(1_000);
    const stopping = bot.stop({ drainMs: 3_000 });
    await room.pass(2_000);
    expect(await Promise.race([stopping.then(() => "stopped"), Promise.resolve("not yet")])).toBe("not yet");
    await room.settled(stopping);
    await aborted.passed;
    const again = room.bot();
    again.on("question", (ctx) => ctx.answer("Two million."));
    await room.settled(again.start());
    await room.until(() => anna.heard().length === 1);
    expect([bot.errors, again.givenUp(TITLE)]).toEqual([[], []]);
  });

  it("is not held up by what is beside the record, and may come before the start is over", async () => {
    await using room = await openBotRoom();
    const bot = room.bot();
    const begun = gate();
    bot.on("presence", () => {
      begun.open();
      return new Promise(() => {});
    });
    await room.settled(bot.start());
    await room.person("anna");
    await room.settled(begun.passed);
    const before = room.clock.now();
    await room.settled(bot.stop());
    expect(room.clock.now() - before).toBeLessThan(6_000);

    const another = room.bot();
    const starting = another.start();
    await room.settled(another.stop());
    await expect(starting).resolves.toBeUndefined();
    expect(await another.closed).toBeUndefined();
    expect(another.client.state).toBe("closed");
  });
});

describe("the end of a wait", () => {
  it("comes, where the topics cannot be listed when the connection is back", async () => {
    let failing = false;
    await using room = await openBotRoom({
      wrapStore: (store) => {
        const list = store.listTopics.bind(store);
        store.listTopics = async (page) => {
          if (failing) throw new RedRoomError("STORE_UNAVAILABLE", "unable to list", { retryable: true });
          return list(page);
        };
        return store;
      },
    });
    const anna = await room.person("anna");
    const bot = room.bot({ transport: room.network.host("quotes") });
    bot.on("question", async (ctx) => {
      const note = await ctx.waitFor("note", { timeoutMs: 30_000 });
      await ctx.answer(note === undefined ? "time is over" : note.text);
    });
    await room.settled(bot.start());
    await anna.topic.ask("How high?");
    await room.pass(1_000);
    failing = true;
    room.network.cut("quotes");
    await room.pass(5_000);
    failing = false;
    await room.pass(60_000, 100);
    expect(anna.heard()).toEqual(["time is over"]);
  });

  it("comes, where the date is set back meanwhile", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot();
    bot.on("question", async (ctx) => {
      await ctx.waitFor("note", { timeoutMs: 10_000 });
      await ctx.answer("time is over");
    });
    await room.settled(bot.start());
    await anna.topic.ask("How high?");
    await room.pass(1_000);
    room.clock.correctDate(-2_000);
    await room.pass(10_000);
    expect(anna.heard()).toEqual([]);
    await room.pass(2_000);
    expect(anna.heard()).toEqual(["time is over"]);
  });
});
