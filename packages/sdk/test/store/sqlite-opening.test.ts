import { chmod, chown, copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite.ts";
import { APPLICATION_ID, MIGRATIONS } from "../../src/store/sqlite/schema.ts";
import { newTopic, say, textsOf } from "../../src/testing/store-entries.ts";
import { runProgram } from "./child.ts";
import { newFolder, openStore } from "./sqlite-files.ts";

describe("opening the SQLite store", () => {
  it.skipIf(process.platform === "win32")("makes files that only their owner can read", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await say(world.store, topic.id, "secret");
    const files = await readdir(world.folder);
    expect(files.sort()).toEqual(["room.db", "room.db-shm", "room.db-wal"]);
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
    if (nobody !== undefined) for (const path of [world.folder, world.file]) await chown(path, nobody, nobody);
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
    expect(await readdir(world.folder)).toEqual(["room.db"]);
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
    await Promise.all(stores.map((store) => store.close()));
    expect(await readdir(folder.path)).toEqual(["room.db"]);
  });

  it("leaves one file behind that, copied alone, is the whole store", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await Promise.all(Array.from({ length: 100 }, (_, index) => say(world.store, topic.id, `message ${index}`)));
    await world.store.close();
    expect(await readdir(world.folder)).toEqual(["room.db"]);
    await using folder = await newFolder();
    await copyFile(world.file, folder.file);
    const store = sqliteStore(folder.file);
    await store.open();
    expect(await textsOf(store, topic.id)).toHaveLength(100);
    await store.close();
  });
});

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
