import { randomBytes } from "node:crypto";
import { type EntryKind, randomId } from "@redroom/sdk";
import { commit, encodeContent, encodeLeaf, type JsonObject, SALT_BYTES } from "@redroom/sdk/evidence";
import type { TopicStore } from "@redroom/sdk/store";

export interface Said {
  readonly by: string;
  readonly text: string;
  readonly kind?: EntryKind;
  readonly re?: number;
  /** By name: of a delivery, those who have received. */
  readonly to?: readonly string[];
  readonly priority?: "low" | "high";
  readonly due?: number;
  /** By name. */
  readonly asked?: readonly string[];
  readonly metadata?: JsonObject;
  readonly annotations?: JsonObject;
  /** Takes the text of entry `re` away. */
  readonly erase?: boolean;
}

/**
 * Puts messages on record in their order, as a server does.
 *
 * @param ids Of those who are users; others have their name as id.
 */
export async function record(
  store: TopicStore,
  topicId: string,
  messages: readonly Said[],
  ids: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pseudonyms = new Map<string, string>();
  for (const name of new Set(messages.flatMap(({ by, to = [], asked = [] }) => [by, ...to, ...asked]))) {
    pseudonyms.set(name, await store.pseudonym(topicId, { id: ids[name] ?? name, name }));
  }
  const appends = messages.map(({ by, text, kind = "note", re, to, asked, priority, due, erase, ...added }) => {
    const [id, salt, content] = [randomId(), randomBytes(SALT_BYTES), encodeContent(text, added)];
    const author = pseudonyms.get(by) ?? "";
    const named = (names?: readonly string[]) => names?.map((name) => pseudonyms.get(name) ?? "");
    const facts = { re, to: named(to), asked: named(asked), priority, due };
    const build = ({ seq }: { readonly seq: number }) => {
      const fields = { topic: topicId, seq: seq + 1, id, kind, by: author, at: Date.now(), ...facts };
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
