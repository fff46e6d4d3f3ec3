import type { LoopGaps, RedRoomClient, Topic, TopicMessage } from "@redroom/sdk";

/** Messages, by kind. */
export type Counts = Readonly<Partial<Record<TopicMessage["kind"], number>>>;

/** Reads a part of the log again, which verifies it again. */
export async function countMessages(client: RedRoomClient, topic: Topic, from: number, until: Date): Promise<Counts> {
  const counts: Partial<Record<TopicMessage["kind"], number>> = {};
  const head = (await client.topics()).find(({ id }) => id === topic.id)?.head ?? 0;
  const end = new AbortController();
  const passed = (seq: number): void => {
    if (seq >= head) end.abort();
  };
  const others: LoopGaps = { onPassed: passed, onWithheld: passed, onSealed: ({ seq }) => passed(seq) };
  for await (const { seq, kind, at } of topic.messages({ from, signal: end.signal, ...others })) {
    if (at >= until) break;
    counts[kind] = (counts[kind] ?? 0) + 1;
    passed(seq);
  }
  return counts;
}
