import { parseContent, parseLeaf } from "@redroom/sdk/evidence";
import { sqliteStore } from "@redroom/sdk/sqlite";

/** An entry as the file holds it. */
export interface RecordedEntry {
  readonly seq: number;
  /** As its author named it. */
  readonly id: string;
  readonly author: string;
  readonly kind: string;
  readonly text: string;
  /** The seq of what it refers to. */
  readonly re?: number | undefined;
}

/** Every entry of every topic, by title, in the order of the file. */
export type WholeRecord = ReadonlyMap<string, readonly RecordedEntry[]>;

/** Reads the file without a server. @throws {Error} When an entry is missing, erased, or not well formed. */
export async function readRecord(database: string): Promise<WholeRecord> {
  const store = sqliteStore(database);
  await store.open();
  try {
    const record = new Map<string, RecordedEntry[]>();
    for (const { id, title, head } of await store.listTopics({ limit: 100 })) {
      const people = await store.people(id);
      const entries: RecordedEntry[] = [];
      while (entries.length < head.seq) {
        const page = await store.read(id, { from: entries.length + 1, limit: 1_000 });
        if (page.length === 0) throw new Error(`${title} has ${head.seq} entries, but not ${entries.length + 1}`);
        for (const { seq, leaf, content = "" } of page) {
          const [fields, text] = [parseLeaf(leaf), parseContent(content)];
          if (fields === undefined || text === undefined)
            throw new Error(`${title}, ${seq} is not well formed: ${leaf}`);
          const author = people.get(fields.by)?.name ?? fields.by;
          entries.push({ seq, id: fields.id, author, kind: fields.kind, text, re: fields.re });
        }
      }
      record.set(title, entries);
    }
    return record;
  } finally {
    await store.close();
  }
}
