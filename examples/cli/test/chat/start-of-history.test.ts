import { type HistoryOptions, RedRoomError, type TopicMessage } from "@redroom/sdk";
import { expect, it } from "vitest";
import { startOfHistory } from "../../src/chat/start-of-history.ts";

/** A topic in which every so-many-th entry is a message, or one whose text is not there. */
const topicOf = (head: number, { message = 0, withheld = 0 }) => ({
  asked: 0,
  async history({ from = 1, limit = 100, onWithheld }: HistoryOptions = {}): Promise<TopicMessage[]> {
    this.asked += 1;
    const seqs = Array.from({ length: head }, (_, index) => index + 1).filter((seq) => seq >= from);
    for (const seq of seqs) if (seq % message !== 0 && seq % withheld === 0) onWithheld?.(seq);
    const messages = seqs.filter((seq) => seq % message === 0).map((seq) => ({ seq }) as TopicMessage);
    return messages.slice(0, limit);
  },
});

it.each([
  ["nothing", 0, { message: 1 }, 1],
  ["few messages", 7, { message: 1 }, 1],
  ["messages only", 100, { message: 1 }, 81],
  ["a receipt behind every message", 100, { message: 2 }, 62],
  ["many receipts between them", 1_000, { message: 30 }, 420],
  ["no more than a few messages among many receipts", 90, { message: 30 }, 1],
  ["texts that are withheld", 100, { message: 4, withheld: 6 }, 42],
])("a chat begins 20 messages before the end, with %s", async (_what, head, entries, from) => {
  expect(await startOfHistory(topicOf(head, entries), head)).toBe(from);
});

it("a chat does not look for them for ever", async () => {
  const topic = topicOf(100_000, { message: 50_000 });
  expect(await startOfHistory(topic, 100_000)).toBe(98_721);
  expect(topic.asked).toBe(4);
});

it("a chat of who may not query earlier correspondence begins 20 entries before the end", async () => {
  const topic = { history: () => Promise.reject(new RedRoomError("NOT_ALLOWED", "unable to query")) };
  expect(await startOfHistory(topic, 100)).toBe(81);
});
