import type { StoredEntry } from "../topic-store.ts";

/** Of the tables `entries` and `contents`, joined. */
export const ENTRY_COLUMNS = "seq, leaf, content, salt";

/** An entry, as a row with these columns has it. */
export function entryOf(row: unknown): StoredEntry {
  const { seq, leaf, content, salt } = row as Omit<StoredEntry, "content" | "salt"> & {
    readonly content: string | null;
    readonly salt: Uint8Array | null;
  };
  return { seq, leaf, content: content ?? undefined, salt: salt ?? undefined };
}
