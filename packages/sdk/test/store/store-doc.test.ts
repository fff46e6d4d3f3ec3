import { execFile } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite.ts";
import { deliver, draftOf, newKey, newTopic, textsOf } from "../../src/testing/store-entries.ts";
import { openStore } from "./sqlite-files.ts";

const run = promisify(execFile);
const page = await readFile(new URL("../../../../docs/store.md", import.meta.url), "utf8");
const queries = [...page.matchAll(/```sql\n(.*?)```/gs)].map(([, sql = ""]) => sql.trim());
const reading = queries.filter((sql) => sql.startsWith("SELECT"));
const version = await run("sqlite3", ["--version"]).then(
  ({ stdout }) => stdout.split(" ")[0],
  () => undefined,
);

/** Debian 12 has an SQLite that cannot read the index of words. */
const readsIndex = Number(version?.split(".")[1]) >= 43;

let world: Awaited<ReturnType<typeof openStore>>;
let topicId: string;

beforeAll(async () => {
  world = await openStore();
  const { store } = world;
  const { id } = await newTopic(store, "Share Deal");
  topicId = id;
  await newTopic(store, "Asset Deal");
  const anna = {
    id: "anna-id",
    name: "anna",
    admin: true,
    passwordHash: "$argon2id$",
    createdAt: Date.UTC(2026, 0, 1),
  };
  await store.users.createUser(anna);
  const [asks, answers] = [
    await store.pseudonym(id, anna),
    await store.pseudonym(id, { id: "bernd-id", name: "bernd" }),
  ];
  const at = Date.UTC(2026, 0, 1, 9, 30, 0, 7);
  const messages = [
    [asks, "Wie hoch sind die Rückstellungen?", { kind: "question", at }],
    [answers, "5 Mio. € 🏦", { kind: "answer", re: 1, at: at + 1 }],
  ] as const;
  for (const [author, text, fields] of messages) {
    const key = newKey(author);
    await store.append(id, key, (head) => [draftOf(id, key, head, text, fields)]);
  }
  await deliver(store, id, { to: [asks], first: 1, last: 2 });
  const later = [
    ["interviewer", { kind: "membership", to: [asks], at: at + 2 }],
    ["Wann?", { kind: "question", priority: "high", due: at + 60_000, at: at + 3 }],
  ] as const;
  for (const [text, fields] of later) {
    const key = newKey(asks);
    await store.append(id, key, (head) => [draftOf(id, key, head, text, fields)]);
  }
});

afterAll(() => world[Symbol.asyncDispose]());

describe("docs/store.md", () => {
  it("names every table and view with all its columns, and no other", () => {
    const database = new Database(world.file, { readonly: true });
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1")
      .pluck()
      .all() as string[];
    const rows = [...page.matchAll(/^\| `(\w+)` \| (?:a|what|who|somebody) [^|]*\| (.*) \|$/gm)];
    expect(rows.map(([, name]) => name).sort()).toEqual(tables);
    for (const [, name = "", columns = ""] of rows) {
      const named = columns.replaceAll(/\([^)]*\)/g, "").match(/`\w+`/g) ?? [];
      const actual = database.prepare("SELECT name FROM pragma_table_xinfo(?)").pluck().all(name) as string[];
      expect(named).toEqual(actual.map((column) => `\`${column}\``));
    }
    database.close();
  });

  for (const sql of reading) {
    it(`has a query that finds something: ${sql.split("\n")[0]}`, () => {
      const database = new Database(world.file, { readonly: true });
      expect(database.prepare(sql).all().length).toBeGreaterThan(0);
      database.close();
    });

    const readable = version !== undefined && (readsIndex || !sql.includes("FROM search"));
    it.skipIf(!readable)(`has a query for the sqlite3 command: ${sql.split("\n")[0]}`, async () => {
      const { stdout } = await run("sqlite3", ["-readonly", "-bail", world.file, sql]);
      expect(stdout).not.toBe("");
    });
  }

  it("shows what the queries for topics and messages give", () => {
    const database = new Database(world.file, { readonly: true });
    expect(database.prepare(reading[0] ?? "").all()).toEqual([
      { title: "Share Deal", messages: 3, first: "2026-01-01T09:30:00.007Z", last: "2026-01-01T09:30:00.010Z" },
      { title: "Asset Deal", messages: 0, first: null, last: null },
    ]);
    expect(database.prepare(reading[1] ?? "").all()).toEqual([
      {
        seq: 1,
        at: "2026-01-01T09:30:00.007Z",
        author: "anna",
        kind: "question",
        re: null,
        text: "Wie hoch sind die Rückstellungen?",
      },
      { seq: 2, at: "2026-01-01T09:30:00.008Z", author: "bernd", kind: "answer", re: 1, text: "5 Mio. € 🏦" },
      { seq: 5, at: "2026-01-01T09:30:00.010Z", author: "anna", kind: "question", re: null, text: "Wann?" },
    ]);
    database.close();
  });

  it("shows who belongs to a topic, and which questions are open", () => {
    const database = new Database(world.file, { readonly: true });
    const find = (view: string) =>
      database.prepare(reading.find((sql) => sql.includes(`FROM ${view} WHERE`)) ?? "").all();
    expect(find("members")).toEqual([{ member: "anna", roles: "interviewer", since: "2026-01-01T09:30:00.009Z" }]);
    expect(find("questions")).toEqual([
      { seq: 5, author: "anna", text: "Wann?", priority: "high", due: "2026-01-01T09:31:00.007Z" },
    ]);
    database.close();
  });

  it.skipIf(version === undefined)("has checks that find the file sound, with the sqlite3 command", async () => {
    const checks = queries.find((sql) => sql.includes("integrity_check")) ?? "";
    expect((await run("sqlite3", ["-readonly", world.file, checks])).stdout.trim()).toBe("ok");
  });

  const whole = async (backup: string) => {
    const store = sqliteStore(backup);
    await store.open();
    expect(await textsOf(store, topicId)).toEqual(await textsOf(world.store, topicId));
    expect(await store.users.findUser("anna")).toMatchObject({ admin: true });
    await store.close();
  };

  it("has a backup of a running server that is a whole store", async () => {
    const backup = join(world.folder, "room-backup.db");
    const sql = queries.find((query) => query.startsWith("VACUUM INTO")) ?? "";
    const database = new Database(world.file);
    database.exec(sql.replace("room-backup.db", backup));
    database.close();
    await whole(backup);
  });

  it.skipIf(version === undefined)("has a backup by the sqlite3 command that is a whole store", async () => {
    const backup = join(world.folder, "room-backup-2.db");
    await run("sqlite3", [world.file, `.backup '${backup}'`]);
    await whole(backup);
  });

  it("is right that a copy of a running server's file alone lacks messages", async () => {
    const copy = join(world.folder, "torn.db");
    await copyFile(world.file, copy);
    const store = sqliteStore(copy);
    await store.open();
    expect(await store.findTopic({ id: topicId })).toBeUndefined();
    await store.close();
  });
});
