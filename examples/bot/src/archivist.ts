import type { RedRoomClient, Topic, TopicMessage } from "@redroom/sdk";
import { Bot, type BotOptions } from "@redroom/sdk/bot";

const DAY_MS = 24 * 3_600_000;
/** Our clock may be ahead of the server's, and the last messages of the day on their way. */
const GRACE_MS = 60_000;

/** What a day has brought to a topic. */
export interface Summary {
  /** In UTC, such as `2026-11-28`. */
  readonly day: string;
  readonly topic: string;
  /** Messages, by kind. */
  readonly counts: Readonly<Partial<Record<TopicMessage["kind"], number>>>;
  /** Signed by the log: whoever keeps it can prove later what the record was by then. */
  readonly checkpoint: string | undefined;
}

interface Archive {
  checkpoint?: string;
}

/** Reads along and verifies, says nothing, and tells at midnight what the day has brought. */
export function archivist(
  address: string,
  options: Omit<BotOptions<Archive>, "name">,
  { print = (summary: Summary) => console.log(JSON.stringify(summary)) } = {},
): Bot<Archive> {
  const bot = new Bot<Archive>(address, {
    from: "start",
    session: { initial: () => ({}) },
    ...options,
    name: "archivist",
  });
  const firsts = new Map<string, number>();

  // The first message of a day waits until midnight, also over restarts; the others only pass.
  bot.on("message", async (ctx) => {
    const { message, topic } = ctx;
    const day = message.at.toISOString().slice(0, 10);
    const key = `${day} ${topic.id}`;
    const first = firsts.get(key) ?? message.seq;
    firsts.set(key, first);
    if (message.seq !== first) return;

    // Today's log must have grown from that of the last day, also where we were away in between.
    if (ctx.session.checkpoint !== undefined) await topic.confirm(ctx.session.checkpoint);
    const midnight = new Date(Date.parse(day) + DAY_MS);
    await ctx.waitFor(() => false, { until: new Date(midnight.getTime() + GRACE_MS) });
    const counts = await countMessages(ctx.client, topic, first, midnight);
    const checkpoint = await topic.checkpoint();
    print({ day, topic: topic.title, counts, checkpoint });
    if (checkpoint !== undefined) ctx.session.checkpoint = checkpoint;
  });
  return bot;
}

/** Reads a part of the log again, which verifies it again. */
async function countMessages(
  client: RedRoomClient,
  topic: Topic,
  from: number,
  until: Date,
): Promise<Summary["counts"]> {
  const counts: Partial<Record<TopicMessage["kind"], number>> = {};
  const head = (await client.topics()).find(({ id }) => id === topic.id)?.head ?? 0;
  const end = new AbortController();
  const passed = (seq: number): void => {
    if (seq >= head) end.abort();
  };
  const others = {
    onPassed: passed,
    onWithheld: passed,
    onSealed: ({ seq = 0 }) => passed(seq),
    onReceipt: ({ seq = 0 }) => passed(seq),
  };
  for await (const { seq, kind, at } of topic.messages({ from, signal: end.signal, ...others })) {
    if (at >= until) break;
    counts[kind] = (counts[kind] ?? 0) + 1;
    passed(seq);
  }
  return counts;
}
