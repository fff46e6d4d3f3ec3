import type { Topic } from "@redroom/sdk";
import { Bot, type BotContext, type BotOptions } from "@redroom/sdk/bot";

/** Reminds everybody whom a question was put to, a while before its deadline, once, where it is still open by then. */
export function deadlineKeeper(
  address: string,
  options: Omit<BotOptions, "name">,
  { beforeMs = 3_600_000 }: { readonly beforeMs?: number | undefined } = {},
): Bot {
  const bot = new Bot(address, { from: "start", ...options, name: "deadlines" });

  bot.on("question", async (ctx) => {
    const { author, due, seq, to } = ctx.message;
    if (due === undefined) return;
    const end = await ctx.waitFor(endOf(seq), { until: new Date(due.getTime() - beforeMs) });
    // Of an answer that is sealed for others we read nothing: the server knows.
    if (end !== undefined || !(await isOpen(ctx.topic, seq))) return;
    const others = to?.map(({ id }) => id).filter((id) => id !== ctx.me.id);
    await ctx.note(`Question ${seq} of ${author} is open. It wants an answer by ${due.toISOString()}.`, {
      ...(others && { to: others }),
    });
  });
  return bot;
}

const endOf =
  (question: number) =>
  (ctx: BotContext): boolean =>
    (ctx.event === "answer" || ctx.event === "withdrawal" || ctx.event === "closing") && ctx.message.re === question;

async function isOpen(topic: Topic, seq: number): Promise<boolean> {
  const [question] = await topic.questions({ after: seq - 1, limit: 1 });
  return question?.message.seq === seq && question.state === "open";
}
