import { randomBytes } from "node:crypto";
import { type EntryKind, randomId } from "@redroom/sdk";
import { commit, encodeContent, encodeLeaf, SALT_BYTES } from "@redroom/sdk/evidence";
import type { TopicStore } from "@redroom/sdk/store";

export interface Said {
  readonly by: string;
  readonly text: string;
  readonly kind?: EntryKind;
  readonly re?: number;
  /** Takes the text of entry `re` away. */
  readonly erase?: boolean;
}

/** Puts messages on record in their order, as a server does. */
export async function record(store: TopicStore, topicId: string, messages: readonly Said[]): Promise<void> {
  const pseudonyms = new Map<string, string>();
  for (const { by } of messages) {
    if (!pseudonyms.has(by)) pseudonyms.set(by, await store.pseudonym(topicId, { id: by, name: by }));
  }
  const appends = messages.map(({ by, text, kind = "note", re, erase }) => {
    const [id, salt, content] = [randomId(), randomBytes(SALT_BYTES), encodeContent(text)];
    const author = pseudonyms.get(by) ?? "";
    const build = ({ seq }: { readonly seq: number }) => {
      const fields = { topic: topicId, seq: seq + 1, id, kind, by: author, at: Date.now(), re };
      return [{ leaf: encodeLeaf({ ...fields, commitment: commit(salt, content) }), content, salt }];
    };
    return erase && re !== undefined
      ? () => store.erase(topicId, re, { author, id }, build)
      : () => store.append(topicId, { author, id }, build);
  });
  let batch: Promise<unknown>[] = [];
  for (const [index, append] of appends.entries()) {
    if (messages[index]?.erase) {
      await Promise.all(batch);
      batch = [];
      await append();
    } else batch.push(append());
  }
  await Promise.all(batch);
}
