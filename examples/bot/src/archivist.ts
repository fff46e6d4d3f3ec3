import { Bot, type BotOptions, memorySessions, type SessionStorage } from "@redroom/sdk/bot";
import { type Counts, countMessages } from "./count-messages.ts";

const DAY_MS = 24 * 3_600_000;
/** Our clock may be ahead of the server's, and the last messages of the day on their way. */
const GRACE_MS = 60_000;

/** What a day has brought to a topic. */
export interface Summary {
  /** In UTC, such as `2026-11-28`. */
  readonly day: string;
  readonly topic: string;
  readonly counts: Counts;
  /** Signed by the log: whoever keeps it can prove later what the record was by then. */
  readonly checkpoint: string | undefined;
}

interface Archive {
  checkpoint?: string;
}

export interface ArchivistOptions {
  /** Takes what a day has brought; standard output by default. */
  readonly print?: (summary: Summary) => void;
  /** Keeps the last day's checkpoints, for the next day's log to be held against; in memory by default. */
  readonly storage?: SessionStorage;
}

/** Reads along and verifies, says nothing, and tells at midnight what the day has brought. */
export function archivist(
  address: string,
  options: Omit<BotOptions, "name" | "session">,
  { print = (summary) => console.log(JSON.stringify(summary)), storage = memorySessions() }: ArchivistOptions = {},
): Bot<Archive> {
  const session = { initial: (): Archive => ({}), storage };
  const bot = new Bot<Archive>(address, { from: "start", ...options, session, name: "archivist" });
  const firsts = new Map<string, number>();

  // The first message of a day waits until midnight, also over restarts; the others only pass.
  bot.on("message", async (ctx) => {
    const { message, topic } = ctx;
    if ("revealedBy" in message) return; // of an earlier day; its reveal is of this one
    const day = message.at.toISOString().slice(0, 10);
    const key = `${day} ${topic.id}`;
    const first = firsts.get(key) ?? message.seq;
    firsts.set(key, first);
    if (message.seq !== first) return;

    // Today's log must have grown from that of the last day, also where we were away in between.
    if (ctx.session.checkpoint !== undefined) await topic.confirm(ctx.session.checkpoint);
    const midnight = new Date(Date.parse(day) + DAY_MS);
    await ctx.waitFor(() => false, { until: new Date(midnight.getTime() + GRACE_MS) });
    const counts = await countMessages(topic, first, midnight);
    const checkpoint = await topic.checkpoint();
    print({ day, topic: topic.title, counts, checkpoint });
    if (checkpoint !== undefined) ctx.session.checkpoint = checkpoint;
  });
  return bot;
}
