import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { randomId } from "../../src/base/id.ts";
import { sqliteStore, verifyStore } from "../../src/sqlite.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/store/sqlite/schema.ts";
import { SEARCH_STEP } from "../../src/store/sqlite/search-index.ts";
import { SqliteSearch } from "../../src/store/sqlite/sqlite-search.ts";
import { deliver, draftOf, newKey, newTopic, say } from "../../src/testing/store-entries.ts";
import { queryPlans } from "./query-plans.ts";
import { newFolder, openStore } from "./sqlite-files.ts";

it("finds what was written before there was an index", async () => {
  await using folder = await newFolder();
  const before = new Database(folder.file);
  const steps = MIGRATIONS.slice(0, MIGRATIONS.indexOf(SEARCH_STEP));
  for (const sql of steps) before.exec(sql);
  before.pragma(`application_id = ${APPLICATION_ID}`);
  before.pragma(`user_version = ${steps.length}`);
  before.exec("INSERT INTO topics (id, title, created_at) VALUES ('a', 'Old', 1), ('b', 'Other', 1)");
  const key = newKey();
  for (const [seq, text, kind] of [[1, "Rückstellungen", "note"] as const, [2, "1", "delivery"] as const]) {
    const fields = kind === "delivery" ? { kind, to: ["anna"], re: 1 } : { kind };
    const { leaf, content, salt } = draftOf("b", { ...key, id: `${seq}` }, { seq: seq - 1 }, text, fields);
    before
      .prepare("INSERT INTO entries (topic, seq, leaf, nodes) VALUES (2, ?, ?, zeroblob(?))")
      .run(seq, leaf, seq === 2 ? 32 : 0);
    before.prepare("INSERT INTO contents (topic, seq, content, salt) VALUES (2, ?, ?, ?)").run(seq, content, salt);
  }
  before.close();

  const store = sqliteStore(folder.file);
  await store.open();
  const found = async (topicId: string, text: string) =>
    (await store.search(topicId, { text, limit: 9 })).entries.map(({ seq }) => seq);
  expect(await found("b", "ruck")).toEqual([1]);
  expect(await found("b", "1")).toEqual([]);
  expect(await found("a", "ruck")).toEqual([]);
  await store.close();
});

it("searches in a thread of its own, which starts with the first search: nobody who reads waits for it", async () => {
  await using world = await openStore();
  const topic = await newTopic(world.store);
  const author = randomId();
  const keys = Array.from({ length: 5_000 }, () => newKey(author));
  await world.store.append(topic.id, keys[0] ?? newKey(), ({ seq }) =>
    keys.map((key, n) => draftOf(topic.id, key, { seq: seq + n }, `word${n}`)),
  );
  const { entries } = await world.store.search(topic.id, { text: "word1", authors: [author], limit: 2_000 });
  expect(entries).toHaveLength(1_111);
  const ended: string[] = [];
  const searching = Array.from({ length: 20 }, () =>
    world.store.search(topic.id, { recipients: [author], limit: 1 }).then(() => ended.push("search")),
  );
  await world.store.read(topic.id, { from: 1, limit: 1 }).then(() => ended.push("read"));
  await Promise.all(searching);
  expect(ended).toHaveLength(21);
  expect(ended.at(-1)).toBe("search");
});

it("uses an index for words, references, authors, kinds and times, and sorts nothing", async () => {
  await using world = await openStore();
  const topic = await newTopic(world.store);
  await say(world.store, topic.id, "one");
  const plans = queryPlans(world.file, (database) => new SqliteSearch(database));
  expect(plans.filter((plan) => plan.includes("TEMP B-TREE"))).toEqual([]);
  const indexes = ["entries_by_reference", "entries_by_author", "entries_by_kind", "entries_by_time"];
  for (const index of indexes) expect(plans.join("\n")).toContain(index);
});

it("keeps the index in the transaction of the contents, and verifies with it", async () => {
  await using world = await openStore();
  const topic = await newTopic(world.store);
  const author = await world.store.pseudonym(topic.id, { id: "anna-id", name: "anna" });
  await say(world.store, topic.id, "one two", newKey(author));
  await deliver(world.store, topic.id, { to: [author], first: 1, last: 1 }, newKey(author));
  const database = new Database(world.file, { readonly: true });
  expect(database.prepare("SELECT id FROM search_docsize").pluck().all()).toEqual([2 ** 32 + 1]);
  database.close();
  expect((await verifyStore(world.file)).faults).toEqual([]);
});
