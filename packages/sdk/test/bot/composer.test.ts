import { anyOf, type BotContext, Composer, from, matching, not, toMe, topic } from "@redroom/sdk/bot";
import { describe, expect, it } from "vitest";

/** What a composer looks at of a context. */
function context(event: string, text = "", more: object = {}): BotContext {
  return {
    event,
    topic: { title: "Share Deal" },
    me: { id: "me-id", name: "quotes" },
    message: { kind: event, text, author: "anna", by: "anna-id", ...more },
  } as unknown as BotContext;
}

const presence = { event: "presence", topic: { title: "Share Deal" }, member: { id: "anna-id", name: "anna" } };

/** Which of the named handlers an event reaches, in order. */
async function reached(
  build: (composer: Composer<BotContext>, note: (name: string) => () => void) => void,
  ctx: BotContext,
) {
  const names: string[] = [];
  const composer = new Composer<BotContext>();
  build(composer, (name) => () => {
    names.push(name);
  });
  await composer.run(ctx, async () => {
    names.push("end");
  });
  return names;
}

describe("a composer", () => {
  it("runs middleware as an onion, in the order in which it was added", async () => {
    const names: string[] = [];
    const composer = new Composer<BotContext>();
    composer.use(async (_, next) => {
      names.push("outer before");
      await next();
      names.push("outer after");
    });
    composer.use(
      (_, next) => {
        names.push("inner");
        return next();
      },
      () => {
        names.push("handler");
      },
    );
    composer.use(() => {
      names.push("never");
    });
    await composer.run(context("note"), async () => {
      names.push("end");
    });
    expect(names).toEqual(["outer before", "inner", "handler", "outer after"]);
  });

  it("ends with the first handler that matches and does not go on", async () => {
    const handlers = (composer: Composer<BotContext>, note: (name: string) => () => void): void => {
      composer.on("answer", note("answer"));
      composer.on("question:high", note("high"));
      composer.on("question:normal", note("normal"));
      composer.on("message", note("message"));
    };
    expect(await reached(handlers, context("question", "", { priority: "high" }))).toEqual(["high"]);
    expect(await reached(handlers, context("question"))).toEqual(["normal"]);
    expect(await reached(handlers, context("question", "", { priority: "low" }))).toEqual(["message"]);
    expect(await reached(handlers, context("answer"))).toEqual(["answer"]);
    expect(await reached(handlers, presence as unknown as BotContext)).toEqual(["end"]);
  });

  it("lets through what holds all filters", async () => {
    const each = (filter: Parameters<Composer<BotContext>["on"]>[0]) => (ctx: BotContext) =>
      reached((composer, note) => composer.on(filter, note("in")), ctx);
    const note = context("note", "hello");
    expect(await each(["note", topic("Share Deal"), from("anna")])(note)).toEqual(["in"]);
    expect(await each(["note", topic("Another")])(note)).toEqual(["end"]);
    expect(await each([from("bernd", "anna-id")])(note)).toEqual(["in"]);
    expect(await each(from("anna"))(presence as unknown as BotContext)).toEqual(["in"]);
    expect(await each(toMe)(note)).toEqual(["end"]);
    expect(await each(toMe)(context("note", "", { to: [{ id: "me-id", name: "quotes" }] }))).toEqual(["in"]);
    expect(await each(anyOf("question", from("anna")))(note)).toEqual(["in"]);
    expect(await each(not(anyOf("question", from("anna"))))(note)).toEqual(["end"]);
  });

  it("finds patterns in texts, each time anew", async () => {
    const pattern = /h(.)llo/giu;
    for (const _ of [1, 2]) {
      const ctx = context("note", "Say hello");
      const composer = new Composer<BotContext>();
      composer.on(["note", matching(pattern)]);
      await composer.run(ctx, async () => {});
      expect(await reached((composer, note) => composer.hears(pattern, note("heard")), ctx)).toEqual(["heard"]);
      expect(ctx.match?.[1]).toBe("e");
    }
    const exactly = (text: string) =>
      reached((composer, note) => composer.hears("hello", note("heard")), context("note", text));
    expect([await exactly("hello"), await exactly("hello there")]).toEqual([["heard"], ["end"]]);
  });

  it("knows commands by their first word, and hands over the others", async () => {
    const run = async (ctx: BotContext) => [
      ...(await reached((composer, note) => composer.command(["status", "state"], note("command")), ctx)),
      ctx.args,
    ];
    expect(await run(context("question", "/Status"))).toEqual(["command", []]);
    expect(await run(context("note", "/state  of\nall "))).toEqual(["command", ["of", "all"]]);
    expect(await run(context("note", "/status@quotes now"))).toEqual(["command", ["now"]]);
    expect(await run(context("note", "/status@another"))).toEqual(["end", undefined]);
    expect(await run(context("note", "/statuses"))).toEqual(["end", undefined]);
    expect(await run(context("answer", "/status"))).toEqual(["end", undefined]);
  });

  it.each(["/status", "", "two words", "status@quotes"])("knows no command called %j", (name) => {
    expect(() => new Composer<BotContext>().command(name)).toThrow(
      expect.objectContaining({ code: "OPTIONS_INVALID" }),
    );
  });

  it("ends failures at an error boundary, and only those from inside", async () => {
    const caught: unknown[] = [];
    const composer = new Composer<BotContext>();
    const inside = composer.errorBoundary((error, ctx) => {
      caught.push([error, ctx.event]);
    });
    inside.on("note", () => {
      throw new Error("inside");
    });
    composer.use(() => {
      throw new Error("behind");
    });
    await composer.run(context("note"), async () => {});
    expect(caught).toEqual([[new Error("inside"), "note"]]);
    await expect(composer.run(context("answer"), async () => {})).rejects.toThrow("behind");
    expect(caught).toHaveLength(1);
  });

  it("waits for what stands behind a middleware that does not, and fails with it", async () => {
    const names: string[] = [];
    const composer = new Composer<BotContext>();
    composer.use((_, next) => {
      void next();
      names.push("middleware");
    });
    composer.use(async () => {
      await new Promise(setImmediate);
      names.push("handler");
      throw new Error("handler");
    });
    await expect(composer.run(context("note"), async () => {})).rejects.toThrow("handler");
    expect(names).toEqual(["middleware", "handler"]);
  });

  it("leaves failures to the middleware that awaits them", async () => {
    const caught: unknown[] = [];
    const composer = new Composer<BotContext>();
    composer.use((_, next) => next().catch((error) => caught.push(error)));
    composer.use(() => Promise.reject(new Error("handler")));
    await composer.run(context("note"), async () => {});
    expect(caught).toEqual([new Error("handler")]);
  });

  it("refuses a second next()", async () => {
    const composer = new Composer<BotContext>();
    composer.use(async (_, next) => {
      await next();
      await next();
    });
    await expect(composer.run(context("note"), async () => {})).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
  });
});
