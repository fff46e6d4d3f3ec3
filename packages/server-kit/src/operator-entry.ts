import { randomBytes } from "node:crypto";
import { randomId } from "@redroom/sdk";
import { commit, encodeContent, encodeLeaf, SALT_BYTES } from "@redroom/sdk/evidence";
import type { EntryDraft, EntryKey, Head, Person, TopicStore } from "@redroom/sdk/store";

/** In whose name the commands write. */
export const OPERATOR: Person = { id: "operator", name: "operator" };

/** An entry that says what the operator does to the record, for `append` or `erase`. */
export async function operatorEntry(
  store: TopicStore,
  topicId: string,
  entry: {
    readonly kind: "erasure" | "export";
    /** @param seq The entry's own. */
    readonly text: (seq: number) => string;
    readonly re?: number;
  },
): Promise<[key: EntryKey, build: (head: Head) => readonly EntryDraft[]]> {
  const { kind, re } = entry;
  const by = await store.pseudonym(topicId, OPERATOR);
  const [id, salt, at] = [randomId(), randomBytes(SALT_BYTES), Date.now()];
  const build = (head: Head) => {
    const seq = head.seq + 1;
    const content = encodeContent(entry.text(seq));
    const leaf = encodeLeaf({ topic: topicId, seq, id, kind, by, at, re, commitment: commit(salt, content) });
    return [{ leaf, content, salt }];
  };
  return [{ author: by, id }, build];
}
