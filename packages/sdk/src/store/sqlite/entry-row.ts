import type { StoredEntry } from "../topic-store.ts";

/** An entry as its tables have it: `NULL` is what was erased. */
export function entryOf(row: unknown): StoredEntry {
  const { seq, leaf, content, salt } = row as Omit<StoredEntry, "content" | "salt"> & {
    readonly content: string | null;
    readonly salt: Uint8Array | null;
  };
  return { seq, leaf, content: content ?? undefined, salt: salt ?? undefined };
}
