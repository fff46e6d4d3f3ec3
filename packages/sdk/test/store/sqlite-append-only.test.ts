import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LeafFields } from "../../src/evidence/leaf.ts";
import type { Head } from "../../src/store/topic-store.ts";
import { deliver, draftOf, newKey, newTopic, say } from "../../src/testing/store-entries.ts";
import { openStore } from "./sqlite-files.ts";

let world: Awaited<ReturnType<typeof openStore>>;
let database: Database.Database;
let topicId: string;
let leafOf: (seq: number, change?: object) => string;

/** Everything on record, to compare before and after. */
const record = () => Object.keys(TABLES).map((table) => database.prepare(`SELECT * FROM ${table}`).all());

beforeAll(async () => {
  world = await openStore();
  const { id } = await newTopic(world.store, "Share Deal");
  topicId = id;
  await newTopic(world.store, "Asset Deal");
  const author = await world.store.pseudonym(id, { id: "a-person", name: "anna" });
  const key = newKey(author);
  await say(world.store, id, "first", key);
  await say(world.store, id, "second", newKey(author));
  await deliver(world.store, id, { to: [author], first: 1, last: 2 }, newKey(author));
  const regulated = (await newTopic(world.store, "Regulated", true)).id;
  for (const fields of [
    { kind: "membership", to: [author] },
    { kind: "question", asked: ["another"] },
    { kind: "answer", to: ["another"], re: 2 },
  ] satisfies Partial<LeafFields>[]) {
    const own = newKey(author);
    await world.store.append(regulated, own, (head) => [draftOf(regulated, own, head, "legal", fields)]);
  }
  leafOf = (seq, change = {}) => draftOf(id, newKey(author), { seq: seq - 1 }, "inserted", change).leaf;
  database = new Database(world.file);
  database.prepare("SELECT leaf FROM entries WHERE seq = 1").get();
});

afterAll(async () => {
  database.close();
  await world[Symbol.asyncDispose]();
});

const TABLES: Readonly<Record<string, readonly string[]>> = {
  topics: ["topic", "id", "title", "created_at", "regulated"],
  entries: ["topic", "seq", "leaf", "nodes"],
  contents: ["topic", "seq", "content", "salt", "rowid"],
  checkpoints: ["topic", "size", "log_key", "note"],
  log_keys: ["log_key", "public_key"],
  pseudonyms: ["topic", "pseudonym", "person"],
  received: ["topic", "pseudonym", "ranges", "delivery"],
  memberships: ["topic", "pseudonym", "roles", "entry"],
  question_states: ["topic", "seq", "state", "asked", "entry"],
  sealed_answers: ["topic", "seq", "reader", "since", "revealed"],
  people: ["id"],
};

describe("the tables of the record", () => {
  for (const [table, columns] of Object.entries(TABLES)) {
    it(`${table}: refuse to remove a row`, () => {
      const before = record();
      expect(() => database.exec(`DELETE FROM ${table}`)).toThrow(/never removed|only removed by an erasure/);
      expect(record()).toEqual(before);
    });

    for (const column of columns) {
      for (const verb of ["UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"]) {
        it(`${table}: refuse ${verb} of ${column}`, () => {
          const before = record();
          expect(() => database.exec(`${verb} ${table} SET ${column} = ${column}`)).toThrow(
            /never changed|keep their ids/,
          );
          expect(record()).toEqual(before);
        });
      }
    }

    for (const verb of ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT"]) {
      it(`${table}: refuse ${verb} of a row that is there`, () => {
        const before = record();
        const list = columns.join(", ");
        expect(() => database.exec(`${verb} INTO ${table} (${list}) SELECT ${list} FROM ${table}`)).toThrow(
          /once|without gaps|of the head/,
        );
        expect(record()).toEqual(before);
      });
    }
  }

  const replacing: Readonly<Record<string, () => string>> = {
    "an entry under another number by its key": () =>
      `INSERT OR REPLACE INTO entries (topic, seq, leaf, nodes) SELECT topic, 4, replace(leaf, '"seq":1,', '"seq":4,'), nodes FROM entries WHERE seq = 1`,
    "a topic by its id": () => `REPLACE INTO topics (id, title, created_at) VALUES ('${topicId}', 'Other', 1)`,
    "a topic by its title": () => "REPLACE INTO topics (id, title, created_at) VALUES ('other', 'Share Deal', 1)",
    "a topic by its number": () => "REPLACE INTO topics (topic, id, title, created_at) VALUES (1, 'other', 'Other', 1)",
    "a content by its row": () =>
      "REPLACE INTO contents (rowid, topic, seq, content, salt) VALUES (1, 1, 4, '{}', zeroblob(32))",
    "a pseudonym by its person": () =>
      "REPLACE INTO pseudonyms (topic, pseudonym, person) VALUES (1, 'new', 'a-person')",
    "a pseudonym by itself": () =>
      "REPLACE INTO pseudonyms (topic, pseudonym, person) SELECT topic, pseudonym, 'another' FROM pseudonyms",
    "a person by an id": () => "REPLACE INTO people (id, name) VALUES ('a-person', 'Bernd')",
    "an entry by a conflict clause": () =>
      "INSERT INTO entries (topic, seq, leaf, nodes) SELECT topic, seq, leaf, nodes FROM entries WHERE true ON CONFLICT DO UPDATE SET leaf = leaf",
    "a checkpoint of the head": () =>
      "REPLACE INTO checkpoints (topic, size, log_key, note) SELECT topic, size, log_key, 'other' FROM checkpoints WHERE size = 3",
    "what somebody has received, by its receiver": () =>
      "REPLACE INTO received (topic, pseudonym, ranges, delivery) SELECT topic, pseudonym, '[[1,9]]', delivery FROM received",
    "a member by itself": () =>
      "REPLACE INTO memberships (topic, pseudonym, roles, entry) SELECT topic, pseudonym, 'superuser', entry FROM memberships",
    "what became of a question": () =>
      "REPLACE INTO question_states (topic, seq, state, entry) SELECT topic, seq, 'answered', entry FROM question_states",
    "a sealed answer": () =>
      "REPLACE INTO sealed_answers (topic, seq, reader, since, revealed) SELECT topic, seq, reader, since, seq FROM sealed_answers",
    "a key by its number": () => "REPLACE INTO log_keys (log_key, public_key) VALUES (1, zeroblob(32))",
    "a key by itself": () => "REPLACE INTO log_keys (log_key, public_key) SELECT 2, public_key FROM log_keys",
  };
  for (const [what, sql] of Object.entries(replacing)) {
    it(`refuse to replace ${what}`, () => {
      const before = record();
      expect(() => database.exec(sql())).toThrow(/once|never changed|without gaps/);
      expect(record()).toEqual(before);
    });
  }

  it("refuse entries out of their order, or whose columns would contradict the leaf", () => {
    const before = record();
    const insert = database.prepare("INSERT INTO entries (topic, seq, leaf, nodes) VALUES (?, ?, ?, x'')");
    expect(() => insert.run(1, 5, leafOf(5))).toThrow("without gaps");
    expect(() => insert.run(1, 0, leafOf(0))).toThrow("without gaps");
    expect(() => insert.run(1, 4, leafOf(5))).toThrow("CHECK");
    expect(() => insert.run(1, 4, leafOf(4, { topic: "another" }))).toThrow("topic that its leaf names");
    expect(() => insert.run(2, 1, leafOf(1))).toThrow("topic that its leaf names");
    expect(() => insert.run(99, 1, leafOf(1))).toThrow();
    expect(() => insert.run(1, 4, "not JSON")).toThrow("malformed JSON");
    expect(() => insert.run(1, 4, leafOf(4, { by: undefined as unknown as string }))).toThrow("NOT NULL");
    expect(() => database.exec("UPDATE entries SET id = 'other'")).toThrow("generated column");
    expect(record()).toEqual(before);
  });

  it("refuse what no delivery on record says", () => {
    const insert = database.prepare(
      "INSERT INTO received (topic, pseudonym, ranges, delivery) VALUES (1, ?, '[[1,2]]', ?)",
    );
    expect(() => insert.run("nobody", 3)).toThrow("what a delivery on record says");
    expect(() => insert.run("nobody", 2)).toThrow("what a delivery on record says");
    const grow = database.prepare("UPDATE received SET ranges = '[[1,9]]', delivery = ?");
    expect(() => grow.run(3)).toThrow("never changed");
    expect(() => grow.run(4)).toThrow("what a delivery on record says");
  });

  it("refuse a checkpoint of anything but the head", () => {
    const insert = database.prepare("INSERT INTO checkpoints (topic, size, log_key, note) VALUES (1, ?, 1, 'note')");
    expect(() => insert.run(2)).toThrow("of the head");
    expect(() => insert.run(4)).toThrow("of the head");
  });

  it("let a content go only with an erasure of it on record, and never what the operator wrote", async () => {
    const { id } = await newTopic(world.store, "Erasures");
    for (const text of ["one", "two", "three"]) await say(world.store, id, text);
    const key = newKey();
    const erasure = (head: Head) => [draftOf(id, key, head, "by court order", { kind: "erasure", re: 2 })];
    await world.store.erase(id, 2, key, erasure);
    const remove = (seq: number) =>
      database.exec(
        `DELETE FROM contents WHERE topic = (SELECT topic FROM topics WHERE id = '${id}') AND seq = ${seq}`,
      );
    for (const seq of [1, 3, 4]) expect(() => remove(seq)).toThrow("only removed by an erasure on record");
    const texts = (await world.store.read(id, { from: 1, limit: 9 })).map(({ content }) => content);
    expect(texts).toEqual(['{"text":"one"}', undefined, '{"text":"three"}', '{"text":"by court order"}']);
    // Not even an erasure of an erasure, were one written by hand.
    const again = newKey();
    await world.store.append(id, again, (head) => [draftOf(id, again, head, "hide", { kind: "erasure", re: 4 })]);
    expect(() => remove(4)).toThrow("only removed by an erasure on record");
  });

  it("refuse content without an entry, and a salt of another length", () => {
    const insert = database.prepare("INSERT INTO contents (topic, seq, content, salt) VALUES (?, ?, ?, ?)");
    database.pragma("foreign_keys = ON");
    expect(() => insert.run(1, 4, "{}", Buffer.alloc(32))).toThrow("FOREIGN KEY");
    expect(() => insert.run(1, 4, "{}", Buffer.alloc(31))).toThrow("CHECK");
    expect(() => insert.run(1, 4, "no JSON", Buffer.alloc(32))).toThrow("CHECK");
  });

  it("keep who was erased nameless, and no user", () => {
    database.exec("INSERT INTO people (id, name, erased) VALUES ('gone', 'erased person', 1)");
    expect(() => database.exec("UPDATE people SET name = 'carla' WHERE id = 'gone'")).toThrow("gets no name again");
    expect(() => database.exec("UPDATE people SET erased = 0 WHERE id = 'gone'")).toThrow("gets no name again");
    const insert = "INSERT INTO users (person, login, password_hash, admin, created_at) VALUES";
    expect(() => database.exec(`${insert} ('gone', 'carla', '', 0, 1)`)).toThrow("no user again");
  });

  it("keep a user the same person, and one under a legal hold at all", () => {
    const insert = "INSERT INTO users (person, login, password_hash, admin, created_at, legal_hold) VALUES";
    database.exec(`${insert} ('a-person', 'anna', '', 0, 1, 1)`);
    expect(() => database.exec("UPDATE users SET person = 'gone'")).toThrow("stays the same person");
    expect(() => database.exec(`REPLACE INTO users SELECT * FROM users`)).toThrow("added once");
    expect(() => database.exec("DELETE FROM users")).toThrow("legal hold");
    database.exec("UPDATE users SET legal_hold = 0; DELETE FROM users");
  });

  it("let a cursor only go on, from claim to claim and from save to save", () => {
    const insert = "INSERT INTO cursors (person, topic, name, epoch, save, value) VALUES";
    database.exec(`${insert} ('a-person', 1, 'place', 2, 5, 'here')`);
    for (const column of ["person = 'other'", "topic = 2", "name = 'other'", "epoch = 1", "save = 5", "save = 4"]) {
      expect(() => database.exec(`UPDATE cursors SET ${column}`), column).toThrow("only goes on");
      expect(() => database.exec(`UPDATE OR REPLACE cursors SET ${column}`), column).toThrow("only goes on");
    }
    expect(() => database.exec("UPDATE cursors SET value = 'elsewhere'")).toThrow("only goes on");
    expect(() => database.exec("REPLACE INTO cursors SELECT * FROM cursors")).toThrow("made once");
    expect(() => database.exec(`UPDATE cursors SET save = 6, value = '${"x".repeat(65_537)}'`)).toThrow("CHECK");
    database.exec("UPDATE cursors SET save = 6, value = 'there'; UPDATE cursors SET epoch = 3, save = 0");
    database.exec("DELETE FROM cursors; INSERT INTO dropped_cursors (person, topic, epoch) VALUES ('a-person', 1, 3)");
    expect(() => database.exec(`${insert} ('a-person', 1, 'place', 3, 0, '')`)).toThrow("newer than what was dropped");
    expect(() => database.exec(`${insert} ('gone', 1, 'place', 1, 0, '')`)).toThrow("has no cursor again");
    database.exec(`${insert} ('a-person', 1, 'place', 4, 0, '')`);
  });

  it("let a person take another name", () => {
    database.exec("UPDATE people SET name = 'Anna B.' WHERE id = 'a-person'");
    expect(database.prepare("SELECT DISTINCT author FROM messages WHERE topic = 'Share Deal'").pluck().all()).toEqual([
      "Anna B.",
    ]);
  });
});
