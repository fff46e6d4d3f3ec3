import { randomBytes } from "node:crypto";
import { randomId } from "@redroom/sdk";
import { type Checkpoint, commit, encodeContent, encodeLeaf, readCheckpoint, SALT_BYTES } from "@redroom/sdk/evidence";
import type { TopicStore } from "@redroom/sdk/store";

const OPERATOR = { id: "operator", name: "operator" };

/**
 * Puts on record that the topic is exported, before it is: nobody takes a copy unseen. The entry is part of the export.
 *
 * @param as Whose perspective it is; `undefined` for the operator's own.
 * @returns The signed checkpoint that covers it, which is what the export is of.
 */
export async function recordExport(
  store: TopicStore,
  topicId: string,
  as: string | undefined,
): Promise<Checkpoint & { readonly note: string }> {
  const by = await store.pseudonym(topicId, OPERATOR);
  const [id, salt, at] = [randomId(), randomBytes(SALT_BYTES), Date.now()];
  const behalf = as === undefined ? "" : ` on behalf of ${as}`;
  const { checkpoint: note } = await store.append(topicId, { author: by, id }, (head) => {
    const seq = head.seq + 1;
    const content = encodeContent(`Export of entries 1 to ${seq} by the operator${behalf}`);
    const leaf = encodeLeaf({ topic: topicId, seq, id, kind: "export", by, at, commitment: commit(salt, content) });
    return [{ leaf, content, salt }];
  });
  const checkpoint = readCheckpoint(note);
  if (checkpoint === undefined) throw new Error(`the store has given a checkpoint that cannot be read: ${note}`);
  return { ...checkpoint, note };
}
