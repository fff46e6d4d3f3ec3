import { RedRoomError } from "@redroom/sdk";
import { matching, type SessionStorage } from "@redroom/sdk/bot";
import { describe, expect, it } from "vitest";
import { gate, openBotRoom } from "./bot-room.ts";

const OTHER = "Asset Deal";

interface State {
  texts: string[];
}

type BotRoom = Awaited<ReturnType<typeof openBotRoom>>;

/** A storage that outlives bots, and can be looked at. */
function storage() {
  const values = new Map<string, string>();
  const kept: SessionStorage = {
    read: async (key) => values.get(key),
    write: async (key, value) => void (value === undefined ? values.delete(key) : values.set(key, value)),
  };
  return Object.assign(kept, { values });
}

/** A bot that keeps the texts of notes, and tells them when it is asked. */
async function collector(
  room: BotRoom,
  kept: SessionStorage | undefined,
  per?: "topic" | "user" | "user-in-topic",
  broken: () => boolean = () => false,
) {
  const bot = room.bot<State>({
    session: {
      initial: () => ({ texts: [] }),
      ...(kept !== undefined && { storage: kept }),
      ...(per !== undefined && { per }),
    },
  });
  bot.on("note", async (ctx) => {
    ctx.session.texts.push(ctx.message.text);
    if (ctx.message.text === "wait") await ctx.waitFor("answer", { timeoutMs: 10_000 });
    if (broken()) throw new Error("broken");
  });
  bot.on("question", (ctx) => ctx.answer(ctx.session.texts.join(" ") || "nothing"));
  await room.settled(bot.start());
  return bot;
}

async function asked(room: BotRoom, person: Awaited<ReturnType<BotRoom["person"]>>): Promise<string | undefined> {
  const before = person.heard().length;
  await person.topic.ask("What do you have?");
  await room.until(() => person.heard().length > before);
  return person.heard().at(-1);
}

describe("a session", () => {
  it("is the topic's, and lasts as long as its storage", async () => {
    await using room = await openBotRoom();
    const [anna, bernd] = [await room.person("anna"), await room.person("bernd")];
    const kept = storage();
    const bot = await collector(room, kept);
    await anna.topic.note("one");
    await bernd.topic.note("two");
    await room.pass(500);
    await room.settled(bot.stop());
    await collector(room, kept);
    expect(await asked(room, anna)).toBe("one two");
  });

  it("is the user's, in one topic or in all", async () => {
    await using room = await openBotRoom();
    await room.server.createTopic(OTHER);
    const people = [await room.person("anna"), await room.person("bernd"), await room.person("anna", OTHER)] as const;
    for (const [per, expected] of [
      ["user-in-topic", ["here", "nothing", "there"]],
      ["user", ["here there", "nothing", "here there"]],
    ] as const) {
      const bot = await collector(room, undefined, per);
      await people[0].topic.note("here");
      await room.pass(500);
      await people[2].topic.note("there");
      await room.pass(500);
      const told: unknown[] = [];
      for (const person of people) {
        const from = person.messages.length;
        await person.topic.ask("What do you have?");
        await room.until(() => person.messages.slice(from).some(({ author }) => author === "quotes"));
        told.push(person.messages.slice(from).find(({ author }) => author === "quotes")?.text);
      }
      expect(told).toEqual(expected);
      await room.settled(bot.stop());
    }
  });

  it("is as it was before when its entry is tried again", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    let failures = 0;
    await collector(room, undefined, undefined, () => {
      failures += 1;
      return failures < 3;
    });
    await anna.topic.note("one");
    await room.pass(10_000, 100);
    expect(await asked(room, anna)).toBe("one");
  });

  it("is as it was before when its entry is repeated after a crash between saving it and finishing the entry", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const kept = storage();
    let crash: () => void = () => {};
    const crashing: SessionStorage = {
      read: kept.read,
      write: async (key, value) => {
        await kept.write(key, value);
        crash();
        await new Promise(() => {});
      },
    };
    const bot = await collector(room, crashing);
    const crashed = new Promise<void>((resolve) => {
      crash = resolve;
    });
    await anna.topic.note("one");
    await room.settled(crashed);
    expect([...kept.values.values()]).toEqual([expect.stringContaining('"value":{"texts":["one"]}')]);
    await room.settled(bot.stop({ drainMs: 0 }));
    await collector(room, kept);
    await room.pass(1_000);
    expect(await asked(room, anna)).toBe("one");
  });

  it("takes in what others have changed while its handler waited, unless the handler had changed it itself", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot<State>({ session: { initial: () => ({ texts: [] }) } });
    bot.on("note", async (ctx) => {
      if (ctx.message.text === "wait") await ctx.waitFor("answer", { timeoutMs: 10_000 });
      ctx.session.texts.push(ctx.message.text);
    });
    bot.on("question", (ctx) => ctx.answer(ctx.session.texts.join(" ")));
    await room.settled(bot.start());
    await anna.topic.note("wait");
    await anna.topic.note("meanwhile");
    await room.pass(12_000, 100);
    expect(await asked(room, anna)).toBe("meanwhile wait");
  });

  it("is the handler's own again behind the first of two waits", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = room.bot({ session: { initial: () => ({ count: 0 }) } });
    bot.on("question", async (ctx) => {
      const waits = ["go", "never"].map((text) => ctx.waitFor(matching(text), { timeoutMs: 60_000 }));
      await Promise.race(waits);
      ctx.session.count += 1;
      await ctx.answer(`${ctx.session.count}`);
    });
    bot.on("note", (ctx) => {
      ctx.session.count += 10;
    });
    await room.settled(bot.start());
    await anna.topic.ask("How many?");
    await anna.topic.note("meanwhile");
    await anna.topic.note("go");
    await room.until(() => anna.heard().length === 1);
    expect(anna.heard()).toEqual(["11"]);
  });

  it("is nobody's while its handler waits on, also where it was another's before", async () => {
    await using room = await openBotRoom();
    await room.server.createTopic(OTHER);
    const [here, there] = [await room.person("anna"), await room.person("anna", OTHER)];
    const held = gate();
    const done: string[] = [];
    const bot = room.bot<State>({ session: { initial: () => ({ texts: [] }), per: "user" } });
    bot.on("note", async (ctx) => {
      const { text } = ctx.message;
      if (text === "hold") await held.passed;
      if (text === "wait") {
        await Promise.all(["a", "b"].map((one) => ctx.waitFor(matching(one), { timeoutMs: 600_000 })));
      }
      done.push(text);
    });
    await room.settled(bot.start());
    await here.topic.note("wait");
    await room.pass(500);
    await there.topic.note("hold");
    await room.pass(500);
    await here.topic.note("a");
    await room.pass(500);
    held.open();
    await there.topic.note("meanwhile");
    await room.until(() => done.includes("meanwhile"));
    await here.topic.note("b");
    await room.until(() => done.includes("wait"));
    expect([done, bot.errors]).toEqual([["hold", "meanwhile", "wait"], []]);
  });

  it("is kept before others go on, also where its handler has left a wait behind", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const kept = storage();
    const writing = gate();
    let writes = 0;
    const bot = room.bot<State>({
      session: {
        initial: () => ({ texts: [] }),
        storage: {
          ...kept,
          write: async (key, value) => {
            writes += 1;
            if (writes === 1) await writing.passed;
            await kept.write(key, value);
          },
        },
      },
    });
    bot.on("note", async (ctx) => {
      const { text } = ctx.message;
      if (text === "wait") {
        await Promise.race(["go", "never"].map((one) => ctx.waitFor(matching(one), { timeoutMs: 60_000 })));
      }
      ctx.session.texts.push(text);
    });
    bot.on("question", (ctx) => ctx.answer(ctx.session.texts.join(" ")));
    await room.settled(bot.start());
    for (const text of ["wait", "go", "behind"]) await anna.topic.note(text);
    await room.until(() => writes === 1);
    await room.pass(500);
    writing.open();
    expect(await asked(room, anna)).toBe("wait behind");
  });

  it("is new where its storage says null", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const storage = { read: async () => null, write: async () => {} } as unknown as SessionStorage;
    const bot = room.bot({ session: { initial: () => ({ count: 7 }), storage } });
    bot.on("question", (ctx) => ctx.answer(`${ctx.session.count}`));
    await room.settled(bot.start());
    await anna.topic.ask("How many?");
    await room.until(() => anna.heard().length === 1);
    expect(anna.heard()).toEqual(["7"]);
  });

  it("that is damaged fails the handler", async () => {
    await using room = await openBotRoom();
    const anna = await room.person("anna");
    const bot = await collector(room, { read: async () => "{", write: async () => {} });
    await anna.topic.note("one");
    await room.until(() => bot.errors.some(({ ctx }) => ctx?.event === "note"));
    expect(bot.errors.at(-1)).toMatchObject({ outcome: "given up", error: { code: "RECORD_DAMAGED" } });
  });
});

it("does not count an entry twice where a crash comes behind more than one", async () => {
  let away = false;
  await using room = await openBotRoom({
    wrapStore: (store) => {
      const { cursors } = store;
      if (cursors === undefined) return store;
      const save = cursors.save.bind(cursors);
      cursors.save = (key, value) => (away ? new Promise(() => {}) : save(key, value));
      return store;
    },
  });
  const anna = await room.person("anna");
  const kept = storage();
  const bot = await collector(room, kept);
  await room.pass(500);
  away = true;
  for (const text of ["one", "two"]) await anna.topic.note(text);
  await room.pass(500);
  await room.settled(bot.stop({ drainMs: 0 }));
  away = false;
  await collector(room, kept);
  expect(await asked(room, anna)).toBe("one two");
});

it("waits for a storage that is away, and gives nothing up", async () => {
  await using room = await openBotRoom();
  const anna = await room.person("anna");
  const { read, write } = storage();
  let away = true;
  const bot = await collector(room, {
    read: async (key) => {
      if (away) throw new RedRoomError("FOLDER_IN_USE", "unable to use the sessions; another bot does");
      return read(key);
    },
    write,
  });
  await anna.topic.note("one");
  await room.pass(60_000, 100);
  expect(bot.givenUp("Share Deal")).toEqual([]);
  expect(bot.fates().at(-1)).toEqual([expect.stringContaining("another bot does"), "again"]);
  away = false;
  await room.pass(60_000, 100);
  expect(await asked(room, anna)).toBe("one");
});
