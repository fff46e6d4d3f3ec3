import { copyFile, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { sqliteStore, verifyStore } from "../../src/sqlite.ts";
import { newKey, rejectsWith, say } from "../../src/testing/store-entries.ts";
import { newFolder } from "./sqlite-files.ts";
import { newRecord } from "./verify-world.ts";

const HOLDS = { faults: [], topics: 2, entries: 615 };

it("verifies every entry of every topic, and tells how far it is", async () => {
  await using record = await newRecord(604);
  const seen: number[] = [];
  const onProgress = ({ done, total }: { done: number; total: number }) => seen.push(done / total);

  expect(await verifyStore(record.file, { onProgress, checkpoints: [record.checkpoint] })).toEqual(HOLDS);
  expect(seen.length).toBeGreaterThan(2);
  expect(seen.at(-1)).toBe(1);
  expect(await verifyStore(record.file, { topic: "Asset Deal" })).toEqual({ faults: [], topics: 1, entries: 10 });
  expect(await verifyStore(record.file, { topic: record.topic.id })).toMatchObject({ topics: 1, entries: 605 });
  await rejectsWith("TOPIC_UNKNOWN", verifyStore(record.file, { topic: "Other" }));
  await rejectsWith("OPTIONS_INVALID", verifyStore(record.file, { checkpoints: ["nothing"] }));
});

it("verifies a file that is in use, and a copy of it with its write-ahead log, which stay as they are", async () => {
  await using record = await newRecord();
  const store = sqliteStore(record.file);
  await store.open();
  await say(store, record.topic.id, "one more", newKey(record.anna));
  const checkpoint = (await store.checkpoint(record.topic.id)) ?? "";

  expect(await verifyStore(record.file, { checkpoints: [checkpoint] })).toMatchObject({ faults: [], entries: 16 });
  const copy = join(record.folder, "copy.db");
  for (const end of ["", "-wal"]) await copyFile(record.file + end, copy + end);
  await store.close();

  const before = [await readFile(copy), await readFile(`${copy}-wal`)];
  expect(await verifyStore(copy, { checkpoints: [checkpoint] })).toMatchObject({ faults: [], entries: 16 });
  expect([await readFile(copy), await readFile(`${copy}-wal`)]).toEqual(before);
});

it("finds a person who is missing, and a pseudonym that is", async () => {
  await using record = await newRecord();
  record.attackBehindTriggers("DELETE FROM people WHERE id = 'bernd-id'");
  expect((await verifyStore(record.file)).faults[0]).toMatchObject({ topic: "Share Deal", seq: 2, kind: "author" });
  record.attackBehindTriggers("DELETE FROM pseudonyms WHERE person = 'anna-id'");
  expect((await verifyStore(record.file)).faults[0]).toMatchObject({ topic: "Share Deal", seq: 1, kind: "author" });
});

it.each([
  ["changed", `UPDATE received SET ranges = '[[1,9]]'`],
  ["given another delivery", "UPDATE received SET delivery = 1"],
  ["removed", "DELETE FROM received"],
  ["invented", "INSERT INTO received SELECT topic, author, '[[1,1]]', 2 FROM entries WHERE kind = 'delivery'"],
])("finds that what somebody has received was %s", async (_how, sql) => {
  await using record = await newRecord();
  record.attackBehindTriggers(sql);
  expect((await verifyStore(record.file)).faults).toMatchObject([{ topic: "Asset Deal", kind: "received" }]);
});

it("says when the log key beside the file is another, or none; without one, any key in the file will do", async () => {
  await using record = await newRecord();
  await using other = await newRecord();
  await copyFile(`${other.file}.log-key`, `${record.file}.log-key`);
  expect((await verifyStore(record.file)).faults).toMatchObject([{ kind: "key" }]);
  await writeFile(`${record.file}.log-key`, "no key");
  expect((await verifyStore(record.file)).faults).toMatchObject([{ kind: "key" }]);
  await rm(`${record.file}.log-key`);
  expect((await verifyStore(record.file)).faults).toEqual([]);
});

it("finds an id that an author used twice, even where rule and index were put back as they were", async () => {
  await using record = await newRecord();
  record.attackBehindTriggers((database) => {
    database.unsafeMode();
    const change = (sql: string, ...values: unknown[]) => {
      database.pragma("writable_schema = ON");
      database.prepare(sql).run(...values);
      database.pragma("writable_schema = RESET");
    };
    const schema = database.prepare("SELECT * FROM sqlite_schema WHERE name = ?");
    const table = schema.get("entries") as { readonly sql: string };
    const index = schema.get("sqlite_autoindex_entries_2") as object;
    const other = table.sql.replace(/,\s*UNIQUE \(topic, author, id\)/, "");
    change("DELETE FROM sqlite_schema WHERE name = 'sqlite_autoindex_entries_2'");
    change("UPDATE sqlite_schema SET sql = ? WHERE name = 'entries'", other);
    database.exec(
      "UPDATE entries SET leaf = json_set(leaf, '$.id', (SELECT id FROM entries AS one WHERE one.topic = 1 AND one.seq = 1)) WHERE topic = 1 AND seq = 3",
    );
    change("UPDATE sqlite_schema SET sql = ? WHERE name = 'entries'", table.sql);
    change("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", ...Object.values(index));
  });

  const { faults } = await verifyStore(record.file);

  expect(faults.map(({ kind }) => kind)).not.toContain("schema");
  expect(faults[0]).toMatchObject({ topic: "Share Deal", seq: 3 });
  expect(faults.at(-1)).toMatchObject({ kind: "database", message: expect.stringMatching(/autoindex_entries_2/) });
});

it("reports a file that is damaged, foreign or empty as a fault, and refuses one that is not there", async () => {
  await using folder = await newFolder();
  await using record = await newRecord();
  await rejectsWith("STORE_UNAVAILABLE", verifyStore(folder.file));
  expect(await readdir(dirname(folder.file))).toEqual([]);

  await writeFile(folder.file, "");
  expect((await verifyStore(folder.file)).faults[0]).toMatchObject({ kind: "schema" });
  await writeFile(folder.file, "Dear diary, today I learnt about databases. ".repeat(100));
  expect((await verifyStore(folder.file)).faults[0]).toMatchObject({ kind: "database" });
  new Database(join(record.folder, "foreign.db")).exec("CREATE TABLE entries (text)").close();
  expect((await verifyStore(join(record.folder, "foreign.db"))).faults[0]).toMatchObject({ kind: "schema" });

  await rename(record.file, folder.file);
  await truncate(folder.file, 40_000);
  expect((await verifyStore(folder.file)).faults[0]).toMatchObject({ kind: expect.stringMatching(/database|schema/) });
});

it("finds a text that searching would miss, and words of a text that is not there", async () => {
  await using record = await newRecord();
  record.attack("DELETE FROM search WHERE rowid = (1 << 32) | 3");
  expect((await verifyStore(record.file)).faults).toMatchObject([{ topic: "Share Deal", seq: 3, kind: "search" }]);
  record.attack("INSERT INTO search (rowid, words) VALUES ((1 << 32) | 3, 'message 3'), ((1 << 32) | 2, 'message 2')");
  expect((await verifyStore(record.file)).faults).toMatchObject([{ topic: "Share Deal", seq: 2, kind: "search" }]);
  record.attack((database) => {
    database.unsafeMode(); // lets it write to the tables of the index themselves
    database.exec("DELETE FROM search WHERE rowid = (1 << 32) | 2; DELETE FROM search_data WHERE id > 100");
  });
  expect((await verifyStore(record.file)).faults).toMatchObject([{ kind: "database" }]);
});
