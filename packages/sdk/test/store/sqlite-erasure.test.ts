import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { verifyStore } from "../../src/sqlite.ts";
import type { Appended, TopicStore } from "../../src/store/topic-store.ts";
import { draftOf, newKey, newTopic, say } from "../../src/testing/store-entries.ts";
import { runProgram } from "./child.ts";
import { openStore } from "./sqlite-files.ts";

function erase(store: TopicStore, topic: string, seq: number): Promise<Appended> {
  const key = newKey();
  return store.erase(topic, seq, key, (head) => [draftOf(topic, key, head, "gone", { kind: "erasure", re: seq })]);
}

/** All bytes of all files in the folder of a store. */
async function bytesOf(folder: string): Promise<Buffer> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  return Buffer.concat(await Promise.all(files.map(({ name }) => readFile(join(folder, name)))));
}

/** Unlike every other: in the index a word may stand without what it has in common with the one before it. */
const wordOf = (step: number): string => createHash("sha256").update(`${step}`).digest("hex");

const SEEDS = [2, 6, 10];

describe("what was erased", () => {
  // Without the rewriting of the file, SQLite leaves copies of what it has moved: with these seeds, some survive.
  it.each(SEEDS)("is nowhere in the files, however messages come, are moved and go (seed %i)", async (seed) => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    let state = seed;
    const random = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor(state / 256) % below;
    };
    const seqs = new Map<number, number>();
    const there: number[] = [];
    const erased: number[] = [];
    for (let step = 0; step < 400; step += 1) {
      if (random(10) < 6 || there.length < 20) {
        const text = `secret-${step}- ${wordOf(step)} `.repeat(1 + random(random(4) === 0 ? 80 : 12));
        const { entries } = await say(world.store, topic.id, text);
        there.push(step);
        seqs.set(step, entries[0]?.seq ?? 0);
      } else {
        const [step = 0] = there.splice(random(random(2) === 0 ? Math.min(10, there.length) : there.length), 1);
        await erase(world.store, topic.id, seqs.get(step) ?? 0);
        erased.push(step);
      }
    }
    const bytes = await bytesOf(world.folder);
    expect(erased.filter((step) => bytes.includes(`secret-${step}-`))).toEqual([]);
    expect(erased.filter((step) => bytes.includes(wordOf(step).slice(4)))).toEqual([]);
    expect(there.filter((step) => !bytes.includes(`secret-${step}-`))).toEqual([]);
    const left = await world.store.read(topic.id, { from: 1, limit: 1_000, maxBytes: 2 ** 30 });
    expect(left.filter(({ content }) => content === undefined)).toHaveLength(erased.length);
    const found = await Promise.all(
      erased.map((step) => world.store.search(topic.id, { text: wordOf(step), limit: 1 })),
    );
    expect(found.flatMap(({ entries }) => entries)).toEqual([]);
    const { faults } = await verifyStore(world.file);
    expect(faults.filter(({ kind }) => kind === "search" || kind === "database")).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")("is not copied out of the folder meanwhile", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await Promise.all(Array.from({ length: 500 }, () => say(world.store, topic.id, "x".repeat(60_000))));
    await world.store.close();
    const elsewhere = join(world.folder, "elsewhere");
    await mkdir(elsewhere);
    const seen: unknown[] = [];
    const watching = watch(elsewhere, (_, name) => seen.push(name));
    const env = { ...process.env, SQLITE_TMPDIR: elsewhere, TMPDIR: elsewhere };
    await using child = runProgram("erase", [world.file, topic.id, "7"], { env });
    expect(await child.rest()).toEqual([{ erasure: 501 }]);
    watching.close();
    // What the loader of this test's sources keeps there has a name of its own.
    expect(seen.filter((name) => !String(name).startsWith("tsx-"))).toEqual([]);
  });

  it("may be left in the files while another process reads them, which is said, and is gone when erased again", async () => {
    await using world = await openStore({ busyTimeoutMs: 50 });
    const topic = await newTopic(world.store);
    await say(world.store, topic.id, `secret ${"x".repeat(20_000)} end of it`);
    await say(world.store, topic.id, "another");
    const reader = new Database(world.file);
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM contents").get();

    const failure = expect.objectContaining({
      code: "STORE_UNAVAILABLE",
      retryable: true,
      message: expect.stringContaining("unable to remove every copy of what was erased"),
      remedy: expect.stringContaining("erase the entry again"),
    });
    await expect(erase(world.store, topic.id, 1)).rejects.toEqual(failure);
    expect((await bytesOf(world.folder)).includes("end of it")).toBe(true);
    expect((await world.store.read(topic.id, { from: 1, limit: 1 }))[0]).toMatchObject({ content: undefined });
    await expect(erase(world.store, topic.id, 1)).rejects.toEqual(failure);
    expect(await say(world.store, topic.id, "and others write")).toMatchObject({ duplicate: false });

    reader.exec("COMMIT");
    const done = await erase(world.store, topic.id, 1);
    expect([done.duplicate, done.entries[0]?.seq]).toEqual([true, 3]);
    expect((await bytesOf(world.folder)).includes("end of it")).toBe(false);
    reader.close();
  });
});
