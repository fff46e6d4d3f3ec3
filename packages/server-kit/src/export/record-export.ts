import { type Checkpoint, readCheckpoint } from "@redroom/sdk/evidence";
import type { TopicStore } from "@redroom/sdk/store";
import { operatorEntry } from "../operator-entry.ts";

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
  const behalf = as === undefined ? "" : ` on behalf of ${as}`;
  const text = (seq: number): string => `Export of entries 1 to ${seq} by the operator${behalf}`;
  const entry = await operatorEntry(store, topicId, { kind: "export", text });
  const { checkpoint: note } = await store.append(topicId, ...entry);
  const checkpoint = readCheckpoint(note);
  if (checkpoint === undefined) throw new Error(`the store has given a checkpoint that cannot be read: ${note}`);
  return { ...checkpoint, note };
}
