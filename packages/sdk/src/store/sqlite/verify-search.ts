import type Database from "better-sqlite3";
import { SEARCH_ROW } from "./search-index.ts";
import type { StoreFault } from "./verification.ts";

interface Row {
  readonly title: string | null;
  readonly seq: number;
}

/**
 * Holds the rows of the index of words against the contents: what is missing there is not found, what is there too many could be
 * of an erased text. Whether the index is sound in itself, SQLite's own check says.
 */
export function verifySearch(database: Database.Database): StoreFault[] {
  const missing = database.prepare(
    `SELECT title, seq FROM entries JOIN contents USING (topic, seq) JOIN topics USING (topic)
     WHERE kind <> 'delivery' AND NOT EXISTS (SELECT 1 FROM search_docsize WHERE id = (${SEARCH_ROW})) LIMIT 1`,
  );
  const unknown = database.prepare(
    `SELECT title, row.seq FROM (SELECT id >> 32 AS topic, id & 4294967295 AS seq FROM search_docsize) AS row
     LEFT JOIN topics USING (topic)
     WHERE NOT EXISTS (SELECT 1 FROM contents WHERE contents.topic = row.topic AND contents.seq = row.seq) LIMIT 1`,
  );
  return [
    ...missing.all().map((row) => faultOf(row as Row, "the index of words has nothing of it")),
    ...unknown.all().map((row) => faultOf(row as Row, "the index of words has something of it, and it has no content")),
  ];
}

const faultOf = ({ title, seq }: Row, message: string): StoreFault => ({
  topic: title ?? undefined,
  seq,
  kind: "search",
  message,
});
