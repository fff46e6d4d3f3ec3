import { RedRoomError } from "@redroom/sdk";
import { answerTo, anyOf, Bot, type BotContext, type BotOptions, toMe } from "@redroom/sdk/bot";
import { type Answers, findAnswer } from "./answers.ts";

/** How long an expert has for a question without a deadline. */
const PATIENCE_MS = 7 * 24 * 3_600_000;

export interface AnswerBotOptions {
  readonly answers: Answers;
  /** The member who is asked what is not in the table; nobody by default. */
  readonly expert?: string | undefined;
  /** Takes a line of JSON for each message that is read; standard output by default. */
  readonly print?: (line: string) => void;
}

/** Answers the questions of its table at once, asks an expert about the others, and passes on what they answer. */
export function answerBot(
  address: string,
  options: Omit<BotOptions, "name">,
  { answers, expert, print = console.log }: AnswerBotOptions,
): Bot {
  const bot = new Bot(address, { from: "start", own: true, ...options, name: "answers" });

  bot.use((ctx, next) => {
    const isNew = "message" in ctx && ctx.attempt === 1;
    if (isNew) print(JSON.stringify({ event: "read", topic: ctx.topic.title, ...ctx.message }));
    return next();
  });

  bot.errorBoundary(unlessSettled).on(["question", anyOf(toMe, toAll)], async (ctx) => {
    const { author, by, due, seq, text } = ctx.message;
    if (by === ctx.me.id) return;
    const known = findAnswer(answers, text);
    if (known !== undefined) return ctx.answer(known);
    if (expert === undefined || author === expert) return;

    // A restart in between asks nobody twice, and finds the answer where it was given meanwhile.
    const asked = await ctx.ask(`${author} asks: ${text}`, { to: [expert], ...(due && { due }) });
    const reply = await ctx.waitFor(
      anyOf(answerTo(asked), endOf(seq)),
      due ? { until: due } : { timeoutMs: PATIENCE_MS },
    );
    if (reply?.re === asked.seq) return ctx.answer(`${expert} says: ${reply.text}`);
  });
  return bot;
}

/** A question that is for all members. */
const toAll = (ctx: BotContext): boolean => ctx.event === "question" && ctx.message.to === undefined;

/** What ends a question: then nobody waits for our answer any more. */
const endOf =
  (question: number) =>
  (ctx: BotContext): boolean =>
    (ctx.event === "answer" || ctx.event === "withdrawal" || ctx.event === "closing") && ctx.message.re === question;

/** Withdrawn or closed, before we came to it. */
function unlessSettled(error: unknown): void {
  if (error instanceof RedRoomError && error.code === "REFERENCE_INVALID") return;
  throw error;
}
