import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { RedRoomError, type RedRoomErrorCode } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import { type Delivery, deliveryText } from "../evidence/delivery.ts";
import {
  commit,
  encodeContent,
  encodeLeaf,
  type LeafFields,
  parseContent,
  parseLeaf,
  SALT_BYTES,
} from "../evidence/leaf.ts";
import { emptyState, foldEntry, type TopicState } from "../rules/topic-state.ts";
import type { Appended, EntryDraft, EntryKey, Head, TopicRecord, TopicStore } from "../store/topic-store.ts";

const AT = Date.UTC(2026, 0, 1);

export const newKey = (author = randomId()): EntryKey => ({ author, id: randomId() });

/** A draft of the entry behind `head`; `change` makes a wrong one. */
export function draftOf(
  topic: string,
  { author, id }: EntryKey,
  head: Head,
  text: string,
  change: Partial<LeafFields> = {},
): EntryDraft {
  const salt = randomBytes(SALT_BYTES);
  const content = encodeContent(text);
  const seq = head.seq + 1;
  const fields = { topic, seq, id, kind: "note", by: author, at: AT + seq, commitment: commit(salt, content) } as const;
  return { leaf: encodeLeaf({ ...fields, ...change }), content, salt };
}

/** Appends one message. */
export function say(store: TopicStore, topic: string, text: string, key = newKey()): Promise<Appended> {
  return store.append(topic, key, (head) => [draftOf(topic, key, head, text)]);
}

/** Appends a delivery: `to` have received the entries from `first` to `last`. */
export function deliver(
  store: TopicStore,
  topic: string,
  { to, first, last }: Delivery,
  key = newKey(),
): Promise<Appended> {
  const fields = { kind: "delivery", to, re: last } as const;
  return store.append(topic, key, (head) => [draftOf(topic, key, head, deliveryText(first), fields)]);
}

export async function newTopic(
  store: TopicStore,
  title = `Topic ${randomId()}`,
  regulated = false,
): Promise<TopicRecord> {
  const topic = { id: randomId(), title, createdAt: AT, regulated };
  await store.createTopic(topic);
  return topic;
}

/** Every text of a topic in order, read page by page; numbers are checked on the way. */
export async function textsOf(store: TopicStore, topicId: string, limit = 100): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const page = await store.read(topicId, { from: texts.length + 1, limit });
    if (page.length === 0) return texts;
    for (const { seq, leaf, content } of page) {
      assert.equal(seq, texts.length + 1);
      assert.equal((JSON.parse(leaf) as LeafFields).seq, seq);
      texts.push((JSON.parse(content ?? "") as { text: string }).text);
    }
  }
}

/** The state behind each entry of a topic, folded from what can be read of it. */
export async function statesOf(store: TopicStore, topicId: string, regulated: boolean): Promise<TopicState[]> {
  const states: TopicState[] = [];
  for (;;) {
    const page = await store.read(topicId, { from: states.length + 1, limit: 100 });
    if (page.length === 0) return states;
    for (const { leaf, content } of page) {
      const fields = parseLeaf(leaf);
      assert.ok(fields, `a leaf that cannot be read: ${leaf}`);
      states.push(foldEntry(states.at(-1) ?? emptyState(regulated), fields, parseContent(content ?? "") ?? ""));
    }
  }
}

export async function rejectsWith(code: RedRoomErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof RedRoomError && error.code === code);
}
