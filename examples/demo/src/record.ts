import { parseContent, parseLeaf } from "@redroom/sdk/evidence";
import { sqliteStore } from "@redroom/sdk/sqlite";
import type { Heard } from "./report.ts";

/** Reads every message of every topic, without what the server and the operator have noted, from the file, without a server. */
export async function readRecord(file: string): Promise<Heard[]> {
  const store = sqliteStore(file);
  await store.open();
  try {
    const record: Heard[] = [];
    for (const { id, title, head } of await store.listTopics({ limit: 100 })) {
      const people = await store.people(id);
      for (let from = 1; from <= head.seq; ) {
        const page = await store.read(id, { from, limit: 100 });
        if (page.length === 0) throw new Error(`unable to read ${title}; entry ${from} of ${head.seq} is not there`);
        from += page.length;
        for (const { leaf, content = "" } of page) {
          const [fields, text] = [parseLeaf(leaf), parseContent(content)];
          if (fields === undefined || text === undefined)
            throw new Error(`unable to read ${title}; bad entry: ${leaf}`);
          const { seq, kind, by, at, re } = fields;
          if (kind === "delivery" || kind === "membership") continue;
          const author = people.get(by)?.name ?? by;
          record.push({ topic: title, seq, author, kind, at: new Date(at).toISOString(), text, ...(re && { re }) });
        }
      }
    }
    return record;
  } finally {
    await store.close();
  }
}
