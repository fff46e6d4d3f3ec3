import { chmod, chown, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { formatLogKey, makeLogKey } from "../../src/evidence/log-key.ts";
import { sqliteStore, verifyStore } from "../../src/sqlite.ts";
import { openSigner } from "../../src/store/sqlite/log-key-file.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/store/sqlite/schema.ts";
import { addSearchWords } from "../../src/store/sqlite/search-index.ts";
import { newKey, newTopic, rejectsWith, say, textsOf } from "../../src/testing/store-entries.ts";
import { runProgram } from "./child.ts";
import { newFolder, openStore } from "./sqlite-files.ts";

describe("opening the SQLite store", () => {
  it.skipIf(process.platform === "win32")("makes files that only their owner can read", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await say(world.store, topic.id, "secret");
    const files = await readdir(world.folder);
    expect(files.sort()).toEqual(["room.db", "room.db-shm", "room.db-wal", "room.db.log-key"]);
    for (const file of files) expect((await stat(join(world.folder, file))).mode & 0o777).toBe(0o600);
  });

  it("names its files as Red Room's from their first byte on", async () => {
    await using world = await openStore();
    const header = (await readFile(world.file)).subarray(0, 100);
    expect(header.toString("latin1", 0, 15)).toBe("SQLite format 3");
    expect(header.toString("latin1", 68, 72)).toBe("RedR");
    expect(header.readUInt32BE(60)).toBe(MIGRATIONS.length);
  });

  const foreign: Readonly<Record<string, (file: string) => void | Promise<void>>> = {
    "a text": (file) => writeFile(file, "Dear diary, this is no database.".repeat(10)),
    "a file of one byte": (file) => writeFile(file, "x"),
    "a database of another program": (file) => withDatabase(file, "PRAGMA application_id = 42; CREATE TABLE t (a)"),
    "a database without an application id": (file) =>
      withDatabase(file, "CREATE TABLE t (a); INSERT INTO t VALUES (1)"),
    "an empty database": (file) => withDatabase(file, "VACUUM"),
    "a database of another program that it left in WAL mode": async (file) => {
      const database = new Database(`${file}-other`);
      database.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
      for (const suffix of ["", "-wal"]) await copyFile(`${file}-other${suffix}`, `${file}${suffix}`);
      database.close();
    },
  };
  for (const [what, make] of Object.entries(foreign)) {
    it(`refuses ${what}, and leaves it as it is, byte for byte`, async () => {
      await using folder = await newFolder();
      await make(folder.file);
      const before = await contentsOf(folder.path);
      await expect(sqliteStore(folder.file).open()).rejects.toMatchObject({
        code: "STORE_FOREIGN",
        message: expect.stringContaining(folder.file),
        remedy: expect.any(String),
      });
      expect(await contentsOf(folder.path)).toEqual(before);
    });
  }

  it("refuses a newer version, naming both, and leaves it as it is", async () => {
    await using folder = await newFolder();
    withDatabase(
      folder.file,
      `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 999; CREATE TABLE t (a)`,
    );
    const before = await contentsOf(folder.path);
    await expect(sqliteStore(folder.file).open()).rejects.toMatchObject({
      code: "STORE_TOO_NEW",
      message: expect.stringMatching(new RegExp(`999.* ${MIGRATIONS.length}$`)),
    });
    expect(await contentsOf(folder.path)).toEqual(before);
  });

  it("refuses a folder that is missing, and a file that is a folder", async () => {
    await using folder = await newFolder();
    const missing = join(folder.path, "no", "room.db");
    await expect(sqliteStore(missing).open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(`${missing}; the file or its folder does not exist`),
    });
    await mkdir(folder.file);
    await expect(sqliteStore(folder.file).open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/it is (a folder|not a file)/),
    });
  });

  it.skipIf(process.platform === "win32")("refuses what it may not write, and says so", async () => {
    const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
    const reopened = async (file: string) => {
      await using child = runProgram("open", [file], nobody === undefined ? {} : { uid: nobody, gid: nobody });
      return (await child.rest())[0];
    };
    await using world = await openStore();
    await world.store.close();
    const key = `${world.file}.log-key`;
    if (nobody !== undefined) for (const path of [world.folder, world.file, key]) await chown(path, nobody, nobody);
    expect(await reopened(world.file)).toEqual({ opened: true });
    const denied = { code: "STORE_UNAVAILABLE", message: `unable to open the store ${world.file}; access is denied` };
    await chmod(world.file, 0o400);
    expect(await reopened(world.file)).toEqual(denied);
    await chmod(world.file, 0o600);
    await chmod(world.folder, 0o500);
    expect(await reopened(world.file)).toEqual(denied);
    const other = join(world.folder, "other.db");
    expect(await reopened(other)).toMatchObject({ code: "STORE_UNAVAILABLE" });
    await chmod(world.folder, 0o700);
    await chmod(key, 0o000);
    expect(await reopened(world.file)).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining(`unable to open the log key ${key}; EACCES`),
    });
    expect((await readdir(world.folder)).sort()).toEqual(["room.db", "room.db.log-key"]);
  });

  it("can be tried again after it has failed", async () => {
    await using folder = await newFolder();
    const store = sqliteStore(join(folder.path, "later", "room.db"));
    await expect(store.open()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await mkdir(join(folder.path, "later"));
    await store.open();
    await newTopic(store);
    await store.close();
  });

  it("survives that many processes make the file at the same time", async () => {
    await using folder = await newFolder();
    const stores = Array.from({ length: 4 }, () => sqliteStore(folder.file));
    await Promise.all(stores.map((store) => store.open()));
    const topics = await Promise.all(stores.map((store) => newTopic(store)));
    for (const store of stores) expect(await store.listTopics({ limit: 10 })).toHaveLength(topics.length);
    const keys = await Promise.all(stores.map((store) => store.logKey()));
    for (const key of keys) expect(key).toEqual(keys[0]);
    await Promise.all(stores.map((store) => store.close()));
    expect((await readdir(folder.path)).sort()).toEqual(["room.db", "room.db.log-key"]);
    expect(registeredKeys(folder.file)).toEqual([Buffer.from(keys[0] ?? [])]);
  });

  it("makes a log key only while it alone may write, and whole before it has its name", async () => {
    await using folder = await newFolder();
    const file = `${folder.file}.log-key`;
    await writeFile(`${file}.new`, "-----BEGIN PRIV"); // a crash while it was written
    const [first, second] = [new Database(folder.file), new Database(folder.file, { timeout: 0 })];
    try {
      addSearchWords(first);
      for (const sql of MIGRATIONS) first.exec(sql);
      first.exec("BEGIN IMMEDIATE");
      expect(() => openSigner(file, second)).toThrow("database is locked");
      await expect(readFile(file)).rejects.toMatchObject({ code: "ENOENT" });
      first.exec("COMMIT");
      const { publicKey } = openSigner(file, second);
      first.exec("BEGIN IMMEDIATE"); // what is there is read without the lock
      expect(openSigner(file, second).publicKey).toEqual(publicKey);
    } finally {
      for (const database of [first, second]) database.close();
    }
    expect((await readdir(folder.path)).sort()).toEqual(["room.db", "room.db.log-key"]);
  });

  it("lets the key that is there take over the record of another store, and nothing that nobody has signed", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    const author = await world.store.pseudonym(topic.id, { id: "anna-id", name: "anna" });
    await say(world.store, topic.id, "one", newKey(author));
    await world.store.close();
    const theirs = await readFile(world.file);
    await writeFile(`${world.file}.log-key`, formatLogKey(makeLogKey()));
    const database = new Database(world.file);
    database.exec("DROP TRIGGER checkpoints_delete; DELETE FROM checkpoints");
    database.close();
    const unsigned = await readFile(world.file);

    await expect(world.store.open()).rejects.toMatchObject({
      code: "RECORD_DAMAGED",
      message: expect.stringContaining("nor one before it has signed"),
      remedy: expect.stringContaining("remove the key's file"),
    });
    expect(registeredKeys(world.file)).toHaveLength(1);
    expect((await readFile(world.file)).equals(unsigned)).toBe(true);

    await writeFile(world.file, theirs);
    await world.store.open();
    await say(world.store, topic.id, "two", newKey(author));
    await world.store.close();
    expect(registeredKeys(world.file)).toHaveLength(2);
    expect(await verifyStore(world.file)).toMatchObject({ faults: [] });
  });

  it("lets a new log key take over only what the one before has really signed", async () => {
    await using world = await openStore();
    const [signed, forged] = [await newTopic(world.store), await newTopic(world.store)];
    for (const { id } of [signed, forged]) await say(world.store, id, "one");
    await world.store.close();
    const database = new Database(world.file);
    database.exec("DROP TRIGGER checkpoints_update");
    database
      .prepare("UPDATE checkpoints SET note = replace(note, '\n— ', '\n— x') WHERE note LIKE ?")
      .run(`redroom/${forged.id}%`);
    database.close();
    await rm(`${world.file}.log-key`);

    await world.store.open();
    await say(world.store, signed.id, "two");
    await rejectsWith("RECORD_DAMAGED", say(world.store, forged.id, "two"));
  });

  it("leaves one file behind that is the whole record, and its key, with which the copy is the same store", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    const author = await world.store.pseudonym(topic.id, { id: "anna-id", name: "anna" });
    const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    await Promise.all(texts.map((text) => say(world.store, topic.id, text, newKey(author))));
    await world.store.close();
    expect((await readdir(world.folder)).sort()).toEqual(["room.db", "room.db.log-key"]);
    for (const suffixes of [["", ".log-key"], [""]]) {
      await using folder = await newFolder();
      for (const suffix of suffixes) await copyFile(world.file + suffix, folder.file + suffix);
      const store = sqliteStore(folder.file);
      await store.open();
      expect(await textsOf(store, topic.id)).toHaveLength(100);
      const key = await store.logKey();
      // Without the old one, a new key takes over and signs what it finds.
      expect(registeredKeys(folder.file)).toHaveLength(suffixes.length === 2 ? 1 : 2);
      expect(registeredKeys(folder.file).at(-1)).toEqual(Buffer.from(key));
      await say(store, topic.id, "and on", newKey(author));
      await store.close();
      expect(await verifyStore(folder.file)).toMatchObject({ faults: [] });
    }
  });
});

function registeredKeys(file: string): unknown[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare("SELECT public_key FROM log_keys ORDER BY log_key").pluck().all();
  } finally {
    database.close();
  }
}

function withDatabase(file: string, sql: string): void {
  const database = new Database(file);
  database.exec(sql);
  database.close();
}

async function contentsOf(folder: string): Promise<Record<string, string>> {
  const files = (await readdir(folder)).filter((name) => name.startsWith("room.db")).sort();
  const contents = await Promise.all(files.map((name) => readFile(join(folder, name), "hex")));
  return Object.fromEntries(files.map((name, index) => [name, contents[index] ?? ""]));
}
