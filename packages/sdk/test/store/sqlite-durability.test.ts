import { readFile } from "node:fs/promises";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openDatabase } from "../../src/store/sqlite/open-database.ts";
import { WorkerLink } from "../../src/store/sqlite/worker-link.ts";
import { newKey, newTopic, say, textsOf } from "../../src/testing/store-entries.ts";
import { childOf, programArgs, runProgram } from "./child.ts";
import { newFolder, openStore } from "./sqlite-files.ts";

describe("the SQLite store on a disk", () => {
  it("has every connection sync each commit", async () => {
    await using world = await openStore();
    for (const readonly of [false, true]) {
      const database = openDatabase({ file: world.file, readonly, busyTimeoutMs: 100 });
      const pragma = (name: string) => database.pragma(name, { simple: true });
      expect(pragma("journal_mode")).toBe("wal");
      expect(pragma("synchronous")).toBe(2);
      expect(pragma("fullfsync")).toBe(1);
      expect(pragma("foreign_keys")).toBe(1);
      expect(pragma("secure_delete")).toBe(1);
      expect(pragma("trusted_schema")).toBe(0);
      expect(pragma("busy_timeout")).toBe(100);
      database.close();
    }
  });

  it("shares one commit among the appends of a turn", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await say(world.store, topic.id, "the head is known now");
    const before = await countCommits(world.file);
    await Promise.all(Array.from({ length: 64 }, (_, index) => say(world.store, topic.id, `message ${index}`)));
    expect((await countCommits(world.file)) - before).toBe(1);
  });

  it("gathers what is appended during a commit for the next one", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    const before = await countCommits(world.file);
    const callers = Array.from({ length: 16 }, async (_, caller) => {
      for (let index = 0; index < 10; index++) await say(world.store, topic.id, `${caller} ${index}`);
    });
    await Promise.all(callers);
    expect((await countCommits(world.file)) - before).toBeLessThanOrEqual(20);
    expect(await textsOf(world.store, topic.id)).toHaveLength(160);
  });

  it("shares commits among the saves of many cursors", async () => {
    await using world = await openStore();
    const { cursors } = world.store;
    const { id } = await newTopic(world.store);
    const keys = Array.from({ length: 64 }, (_, index) => ({ topicId: id, person: `person ${index}`, name: "place" }));
    for (const key of keys) await cursors.claim(key);
    const before = await countCommits(world.file);
    await Promise.all(keys.map((key) => cursors.save(key, { epoch: 1, number: 1, value: "7" })));
    expect((await countCommits(world.file)) - before).toBeLessThanOrEqual(2);
  });

  it("has kept a cursor that was saved right before kill -9, and none of it by halves", async () => {
    await using world = await openStore();
    const { id } = await newTopic(world.store);
    for (const round of [1, 2, 3]) {
      await using child = runProgram("save", [world.file, id]);
      const line = await child.line();
      await child.kill();
      const { epoch, value } = await world.store.cursors.claim({ topicId: id, person: "a-person", name: "place" });
      expect(epoch).toBe(2 * round);
      const numbers = new Set(value.trim().split(" "));
      expect(numbers.size).toBe(1);
      expect(Number([...numbers][0])).toBeGreaterThanOrEqual(line?.seq ?? Number.POSITIVE_INFINITY);
      expect(value.length).toBe(`${[...numbers][0]} `.length * 5_000);
    }
  });

  it("has kept a message that was stored right before kill -9", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    for (const round of [1, 2, 3]) {
      await using child = runProgram("append", [world.file, topic.id, `round ${round}`, "1000000"]);
      const line = await child.line();
      await child.kill();
      const stored = Number(line?.seq);
      const [entry] = await world.store.read(topic.id, { from: stored, limit: 1 });
      expect(entry?.content).toBe(`{"text":"round ${round} 1"}`);
    }
  });

  it.skipIf(process.platform === "win32")("fails closed on a full disk, and recovers when there is space", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await world.store.close();
    // Files of at most 200 KiB stand for the full disk: the limit of the system works for root, too.
    const limited = ["-c", 'ulimit -S -f 400; exec "$0" "$@"', process.execPath];
    const args = [world.file, topic.id, "x".repeat(10_000), "60"];
    await using child = childOf("sh", [...limited, ...programArgs("append", args)]);
    const lines = await child.rest();
    const stored = lines.filter((line) => "seq" in line);
    const failed = lines.filter((line) => "code" in line);
    expect(stored.length).toBeGreaterThan(0);
    expect(failed.length).toBe(60 - stored.length);
    expect(failed.length).toBeGreaterThan(0);
    for (const line of failed) expect(line).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    expect(Number(lines.at(-1)?.readable)).toBeGreaterThanOrEqual(stored.length);
    const store = await world.another();
    const texts = await textsOf(store, topic.id);
    expect(texts.length).toBeGreaterThanOrEqual(stored.length);
    expect((await say(store, topic.id, "there is space")).entries[0]?.seq).toBe(texts.length + 1);
  });

  it("rejects while somebody else keeps the file locked, and goes on afterwards", async () => {
    await using world = await openStore({ busyTimeoutMs: 50 });
    const topic = await newTopic(world.store);
    await say(world.store, topic.id, "before");
    const other = new Database(world.file);
    other.exec("BEGIN IMMEDIATE");
    const key = newKey();
    const [one, two] = await Promise.allSettled([
      say(world.store, topic.id, "while locked", key),
      say(world.store, topic.id, "while locked too"),
    ]);
    for (const result of [one, two]) {
      expect(result).toMatchObject({ reason: { code: "STORE_UNAVAILABLE", retryable: true } });
    }
    expect(await textsOf(world.store, topic.id)).toEqual(["before"]);
    other.exec("COMMIT");
    other.close();
    expect(await say(world.store, topic.id, "while locked", key)).toMatchObject({ duplicate: false });
    expect(await textsOf(world.store, topic.id)).toEqual(["before", "while locked"]);
  });

  it("fails the calls under way when a thread dies, and starts another for the next", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    const link = new WorkerLink({ file: world.file, readonly: false, busyTimeoutMs: 1_000 });
    await link.call("log", "findTopic", topic);
    // It waits for the lock, and cannot have answered before it ends.
    const locking = new Database(world.file);
    locking.exec("BEGIN IMMEDIATE");
    const another = { id: "A".repeat(22), title: "another", createdAt: 1, regulated: false };
    const underWay = [link.call("log", "createTopic", another), link.call("users", "listUsers")];
    await link.terminate();
    locking.close();
    for (const result of await Promise.allSettled(underWay)) {
      expect(result).toMatchObject({ reason: { code: "STORE_UNAVAILABLE", retryable: true } });
    }
    expect(await link.call("log", "heads", [topic.id])).toMatchObject([{ seq: 0 }]);
    await link.close();
  });

  it("never makes a new file in the place of one that vanished", async () => {
    await using folder = await newFolder();
    const link = new WorkerLink({ file: folder.file, readonly: false, busyTimeoutMs: 100 });
    await expect(link.call("users", "listUsers")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await link.terminate();
    await expect(readFile(folder.file)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("lets the process end while it is open and idle", async () => {
    await using folder = await newFolder();
    const source = `
      import { sqliteStore } from "@redroom/sdk/sqlite";
      const store = sqliteStore(${JSON.stringify(folder.file)});
      await store.open();
      await store.createTopic({ id: "AAAAAAAAAAAAAAAAAAAAAA", title: "t", createdAt: 1, regulated: false });
      console.log("{}");`;
    const args = ["--conditions=@redroom/source", "--import", "tsx", "--input-type=module", "--eval", source];
    await using child = childOf(process.execPath, args);
    expect(await child.rest()).toEqual([{}]);
    await using again = runProgram("open", [folder.file]);
    expect(await again.rest()).toEqual([{ opened: true }]);
  });
});

/** Frames of the write-ahead log that end a transaction (sqlite.org/fileformat2.html#walformat). */
async function countCommits(file: string): Promise<number> {
  const wal = await readFile(`${file}-wal`);
  const pageSize = wal.readUInt32BE(8);
  let commits = 0;
  for (let offset = 32; offset + 24 + pageSize <= wal.length; offset += 24 + pageSize) {
    if (wal.readUInt32BE(offset + 4) !== 0) commits++;
  }
  return commits;
}
