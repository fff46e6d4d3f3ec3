import Database from "better-sqlite3";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { addSearchWords } from "./search-index.ts";

/** What stands in the way of reading a file, or of trusting its rules. */
export interface SchemaFaults {
  readonly messages: readonly string[];
  /** Whether the tables are ours, so that it makes sense to read them. */
  readonly readable: boolean;
}

/** Compares a file's schema, text by text, with what the migrations make of an empty one. */
export function verifySchema(database: Database.Database): SchemaFaults {
  const applicationId = database.pragma("application_id", { simple: true });
  const version = database.pragma("user_version", { simple: true });
  const messages: string[] = [];
  if (applicationId !== APPLICATION_ID) messages.push("the header does not say that it is a file of Red Room");
  if (version !== MIGRATIONS.length) {
    messages.push(`the header says version ${version}, this program knows ${MIGRATIONS.length}`);
  }
  const there = objectsOf(database);
  const wanted = expectedObjects();
  let readable = true;
  for (const [name, text] of wanted) {
    if (there.get(name) === text) continue;
    messages.push(there.has(name) ? `the ${name} is not as it was made` : `the ${name} is missing`);
    if (name.startsWith("table ")) readable = false;
  }
  for (const name of there.keys()) if (!wanted.has(name)) messages.push(`the ${name} does not belong here`);
  return { messages, readable };
}

/** From "trigger entries_insert" to its table and text. */
function objectsOf(database: Database.Database): Map<string, string> {
  const rows = database.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema").raw().all() as unknown[][];
  return new Map(rows.map(([type, name, table, sql]) => [`${type} ${name}`, JSON.stringify([table, sql])]));
}

let expected: Map<string, string> | undefined;

function expectedObjects(): Map<string, string> {
  if (expected === undefined) {
    const fresh = new Database(":memory:");
    addSearchWords(fresh);
    for (const sql of MIGRATIONS) fresh.exec(sql);
    expected = objectsOf(fresh);
    fresh.close();
  }
  return expected;
}
