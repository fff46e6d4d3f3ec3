import { copyFile } from "node:fs/promises";
import Database from "better-sqlite3";
import type { LeafFields } from "../../src/evidence/leaf.ts";
import { createUser } from "../../src/index.ts";
import { sqliteStore } from "../../src/sqlite.ts";
import type { EntryKey } from "../../src/store/topic-store.ts";
import { deliver, draftOf, newKey, newTopic, say } from "../../src/testing/store-entries.ts";
import { newFolder } from "./sqlite-files.ts";

/**
 * A record in one file: two topics with messages, one of them erased and the first delivered, two authors, one of whom may log
 * in. The second topic, "Asset Deal", is regulated: it has members, questions, an answer that was revealed (7) and a sealed one (8).
 */
export async function newRecord(messages = 4) {
  const folder = await newFolder();
  const store = sqliteStore(folder.file);
  await store.open();
  await createUser(store.users, { name: "anna", password: "correct horse battery", admin: true });
  const topic = await newTopic(store, "Share Deal");
  const other = await newTopic(store, "Asset Deal", true);
  await store.prepared.replace(topic.id, [
    { kind: "question", title: "Provisions", text: "How high are they on {date}?" },
  ]);
  for (const name of ["archivist", "answers"]) {
    const key = { topicId: topic.id, person: "anna-id", name };
    const { epoch } = await store.cursors.claim(key);
    await store.cursors.save(key, { epoch, number: 1, value: '{"seq":7}' });
    if (name === "archivist") await store.cursors.drop(key);
  }
  const anna = await store.pseudonym(topic.id, { id: "anna-id", name: "anna" });
  const bernd = await store.pseudonym(topic.id, { id: "bernd-id", name: "Bernd" });
  const carla = await store.pseudonym(other.id, { id: "carla-id", name: "Carla" });
  const emil = await store.pseudonym(other.id, { id: "emil-id", name: "Emil" });
  await say(store, other.id, "Something else", newKey(carla));
  await deliver(store, other.id, { to: [emil], first: 1, last: 1 }, newKey(carla));
  const exchange: readonly (readonly [by: string, text: string, fields: Partial<LeafFields>])[] = [
    [carla, "interviewer", { kind: "membership", to: [carla] }],
    [carla, "interviewee", { kind: "membership", to: [emil] }],
    [carla, "How much?", { kind: "question", asked: [emil] }],
    [emil, "And you?", { kind: "question", asked: [carla] }],
    [emil, "A lot", { kind: "answer", to: [carla], re: 5 }],
    [carla, "Less", { kind: "answer", to: [emil], re: 6 }],
    [carla, "", { kind: "reveal", to: [carla, emil], re: 7 }],
    [carla, "Why?", { kind: "question", asked: [emil] }],
  ];
  for (const [by, text, fields] of exchange) {
    const key = newKey(by);
    await store.append(other.id, key, (head) => [draftOf(other.id, key, head, text, fields)]);
  }
  // Some alone, some together: a head for each, and a head for many.
  for (let n = 1; n <= 3; n += 1) await say(store, topic.id, `Message ${n}`, newKey(n % 2 ? anna : bernd));
  const many = Array.from({ length: messages - 3 }, (_, n) => say(store, topic.id, `Message ${n + 4}`, newKey(anna)));
  await Promise.all(many);
  const erasing: EntryKey = newKey(anna);
  await store.erase(topic.id, 2, erasing, (head) => [
    draftOf(topic.id, erasing, head, "a court order", { kind: "erasure", re: 2 }),
  ]);
  const checkpoint = (await store.checkpoint(topic.id)) ?? "";
  await store.close();
  return {
    file: folder.file,
    folder: folder.path,
    topic,
    other,
    anna,
    bernd,
    /** Of "Share Deal", as an earlier export or a client has it. */
    checkpoint,
    /** The number of its entries. */
    size: messages + 1,
    /** What somebody does who has the file and knows SQL. */
    attack(sql: string | ((database: Database.Database) => void)): void {
      const database = new Database(folder.file);
      database.pragma("foreign_keys = OFF");
      if (typeof sql === "string") database.exec(sql);
      else sql(database);
      database.close();
    },
    /** The same, after the triggers have been dropped, which are put back as they were. */
    attackBehindTriggers(sql: string | ((database: Database.Database) => void)): void {
      this.attack((database) => {
        const rows = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
        const triggers = rows as { readonly name: string; readonly sql: string }[];
        for (const { name } of triggers) database.exec(`DROP TRIGGER ${name}`);
        if (typeof sql === "string") database.exec(sql);
        else sql(database);
        for (const trigger of triggers) database.exec(trigger.sql);
      });
    },
    async copy(name: string): Promise<string> {
      await copyFile(folder.file, `${folder.path}/${name}`);
      return `${folder.path}/${name}`;
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const TABLES = [
  "topics",
  "entries",
  "contents",
  "log_keys",
  "checkpoints",
  "people",
  "pseudonyms",
  "received",
  "memberships",
  "question_states",
  "sealed_answers",
  "users",
  "prepared",
];

/** Every row of every table: more than any export shows. */
export function rowsOf(file: Buffer): string {
  const bytes = Buffer.from(file);
  bytes.fill(1, 18, 20); // a file in memory has no write-ahead log
  const database = new Database(bytes);
  try {
    const hex = (_: string, value: unknown) =>
      (value as { type?: string } | null)?.type === "Buffer" ? Buffer.from(value as never).toString("hex") : value;
    return TABLES.map((table) => JSON.stringify(database.prepare(`SELECT * FROM ${table}`).raw().all(), hex)).join(
      "\n",
    );
  } finally {
    database.close();
  }
}
