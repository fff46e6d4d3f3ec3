// Compiled, never run: what must not compile says so.
import type { Stored, TopicMessage } from "@redroom/sdk";
import {
  answerTo,
  anyOf,
  type BotContext,
  Composer,
  from,
  type MessageContext,
  matching,
  not,
  type QuestionContext,
  toMe,
  topic,
} from "@redroom/sdk/bot";
import { expectTypeOf } from "vitest";

interface State {
  count: number;
}

const bot = new Composer<BotContext<State>>();

// An event by name narrows everything.
bot.on("question", (ctx) => {
  expectTypeOf(ctx.event).toEqualTypeOf<"question">();
  expectTypeOf(ctx.message.kind).toEqualTypeOf<"question">();
  expectTypeOf(ctx.message).toExtend<TopicMessage>();
  expectTypeOf(ctx.message.due).toEqualTypeOf<Date | undefined>();
  expectTypeOf(ctx.answer("text")).toEqualTypeOf<Promise<Stored>>();
  expectTypeOf(ctx.session).toEqualTypeOf<State>();
  expectTypeOf(ctx.attempt).toEqualTypeOf<number>();
});
bot.on("note", (ctx) => {
  expectTypeOf(ctx.message.kind).toEqualTypeOf<"note">();
  // @ts-expect-error: only a question is answered
  void ctx.answer("text");
});
bot.on("message", (ctx) => {
  expectTypeOf(ctx.message.text).toEqualTypeOf<string>();
  if (ctx.event === "question") expectTypeOf(ctx).toExtend<QuestionContext<State>>();
});
bot.on("sealed", (ctx) => {
  expectTypeOf(ctx.sealed.kind).toEqualTypeOf<"answer" | "correction">();
  // @ts-expect-error: its text is not to be read yet
  void ctx.sealed.text;
});
bot.on("receipt", (ctx) => expectTypeOf(ctx.receipt.last).toEqualTypeOf<number>());
bot.on("presence", (ctx) => {
  expectTypeOf(ctx.member.name).toEqualTypeOf<string>();
  expectTypeOf(ctx.presence.state).toEqualTypeOf<"online" | "away" | "offline">();
  // @ts-expect-error: it is no message
  void ctx.message;
  // @ts-expect-error: it is not in the record, so it cannot come again
  ctx.nak(1_000);
});
bot.on("typing", (ctx) => expectTypeOf(ctx.active).toEqualTypeOf<boolean>());
bot.on("waiting", (ctx) => expectTypeOf(ctx.waiting[0]?.reader.name).toEqualTypeOf<string | undefined>());

// Priorities are of questions only.
bot.on("question:high", (ctx) => expectTypeOf(ctx.message.kind).toEqualTypeOf<"question">());
// @ts-expect-error: a note has no priority
bot.on("note:high", () => {});
// @ts-expect-error: there is no such priority
bot.on("question:urgent", () => {});
// @ts-expect-error: there is no such event
bot.on("questions", () => {});
// @ts-expect-error: nor in a list
bot.on(["questions", toMe], () => {});

// Several filters must all hold, and narrow together.
bot.on(["question", topic("Share Deal"), from("anna")], (ctx) => {
  expectTypeOf(ctx.message.kind).toEqualTypeOf<"question">();
  expectTypeOf(ctx.session).toEqualTypeOf<State>();
});
bot.on(["question", matching(/(\d+)/)], (ctx) => {
  expectTypeOf(ctx.match).toEqualTypeOf<RegExpMatchArray>();
  expectTypeOf(ctx.message.kind).toEqualTypeOf<"question">();
});
bot.on(anyOf("question", "answer"), (ctx) => {
  expectTypeOf(ctx.event).toEqualTypeOf<"question" | "answer">();
});
bot.on(["message", not("answer")], (ctx) => {
  expectTypeOf(ctx.event).toExtend<Exclude<TopicMessage["kind"], "answer">>();
});

// Type guards narrow, here as there.
const short = (ctx: BotContext): ctx is MessageContext<unknown, "note"> =>
  ctx.event === "note" && ctx.message.text.length < 80;
bot.on(short, (ctx) => expectTypeOf(ctx.event).toEqualTypeOf<"note">());
bot.on("message").filter(
  (ctx) => ctx.message.text !== "",
  (ctx) => expectTypeOf(ctx.message.text).toEqualTypeOf<string>(),
);

// Commands and words.
bot.command("status", (ctx) => {
  expectTypeOf(ctx.args).toEqualTypeOf<readonly string[]>();
  expectTypeOf(ctx.event).toEqualTypeOf<"question" | "note">();
  expectTypeOf(ctx.reply("text")).toEqualTypeOf<Promise<Stored>>();
});
bot.hears(/hello (.+)/i, (ctx) => expectTypeOf(ctx.match).toEqualTypeOf<RegExpMatchArray>());

// What is waited for has the type of its filter.
bot.on("question", async (ctx) => {
  const asked = await ctx.ask("which year?", { key: "year", priority: "high" });
  const answer = await ctx.waitFor(answerTo(asked), { timeoutMs: 60_000 });
  expectTypeOf(answer?.kind).toEqualTypeOf<"answer" | undefined>();
  const note = await ctx.waitFor(["note", from("anna")], { until: new Date() });
  expectTypeOf(note?.kind).toEqualTypeOf<"note" | undefined>();
  // @ts-expect-error: there is no such message
  await ctx.waitFor("presence", { timeoutMs: 1 });
  // @ts-expect-error: nobody waits for ever
  await ctx.waitFor("note");
  // @ts-expect-error: the bot chooses the id
  await ctx.ask("text", { id: "0".repeat(22) });
});

// Sessions.
bot.use((ctx, next) => {
  ctx.session.count += 1;
  // @ts-expect-error: the session has no such member
  ctx.session.cuont += 1;
  // @ts-expect-error: of everything that may come, not all has a message
  void ctx.message;
  return next();
});
