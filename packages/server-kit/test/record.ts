import { randomBytes } from "node:crypto";
import { type EntryKind, randomId } from "@redroom/sdk";
import { commit, encodeContent, encodeLeaf, SALT_BYTES } from "@redroom/sdk/evidence";
import type { TopicStore } from "@redroom/sdk/store";

export interface Said {
  readonly by: string;
  readonly text: string;
  readonly kind?: EntryKind;
  readonly re?: number;
  /** The receivers of a delivery, by name. */
  readonly to?: readonly string[];
  /** Takes the text of entry `re` away. */
  readonly erase?: boolean;
}

/** Puts messages on record in their order, as a server does. */
export async function record(store: TopicStore, topicId: string, messages: readonly Said[]): Promise<void> {
  const pseudonyms = new Map<string, string>();
  for (const name of new Set(messages.flatMap(({ by, to = [] }) => [by, ...to]))) {
    pseudonyms.set(name, await store.pseudonym(topicId, { id: name, name }));
  }
  const appends = messages.map(({ by, text, kind = "note", re, to, erase }) => {
    const [id, salt, content] = [randomId(), randomBytes(SALT_BYTES), encodeContent(text)];
    const author = pseudonyms.get(by) ?? "";
    const receivers = to?.map((name) => pseudonyms.get(name) ?? "");
    const build = ({ seq }: { readonly seq: number }) => {
      const fields = { topic: topicId, seq: seq + 1, id, kind, by: author, at: Date.now(), to: receivers, re };
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
