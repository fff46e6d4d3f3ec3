import type { Topic, TopicMessage } from "@redroom/sdk";

/** Messages, by kind. */
export type Counts = Readonly<Partial<Record<TopicMessage["kind"], number>>>;

/** Reads a part of the log again, which verifies it again. */
export async function countMessages(topic: Topic, from: number, until: Date): Promise<Counts> {
  const counts: Partial<Record<TopicMessage["kind"], number>> = {};
  for await (const { kind, at } of topic.messages({ from, until: "head" })) {
    if (at >= until) break;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
