// A bot in a process of its own: answers every question, and tells what it does.
import { setTimeout as sleep } from "node:timers/promises";
import { Bot } from "@redroom/sdk/bot";
import { answerFor } from "../harness/answers.ts";

export interface BotCall {
  readonly address: string;
  readonly name: string;
  readonly password: string;
}

export type BotEvent =
  | { readonly event: "started" | "answered" }
  | { readonly event: "failed"; readonly reason: string };

/** So many milliseconds go by at most before a handler answers, and before it ends: kills fall into both. */
const DAWDLES_MS = 10;

const { address, ...auth } = JSON.parse(process.argv[2] ?? "{}") as BotCall;
const tell = (event: BotEvent): void => void process.send?.(event, undefined, undefined, () => {});
const dawdle = (): Promise<void> => sleep(Math.random() * DAWDLES_MS);

const bot = new Bot(address, {
  auth,
  name: "answers",
  from: "start",
  reconnect: { minDelayMs: 100, maxDelayMs: 2_000 },
});
bot.on("question", async (ctx) => {
  await dawdle();
  await ctx.answer(answerFor(ctx.message.text));
  tell({ event: "answered" });
  await dawdle();
});
bot.catch(({ error }) => tell({ event: "failed", reason: String(error) }));
process.once("SIGTERM", () => void bot.stop().then(() => process.disconnect?.()));
process.once("disconnect", () => process.exit());
await bot.start();
tell({ event: "started" });
