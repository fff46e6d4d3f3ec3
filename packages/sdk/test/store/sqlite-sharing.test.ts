import { execFile } from "node:child_process";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { draftOf, newKey, newTopic, say, textsOf } from "../../src/testing/store-entries.ts";
import { runProgram } from "./child.ts";
import { openStore } from "./sqlite-files.ts";

const run = promisify(execFile);
const noCommand = await run("sqlite3", ["--version"]).then(
  () => false,
  () => true,
);

describe("two processes with one SQLite store", () => {
  it("append to the same topic: dense, nothing lost, nothing twice", async () => {
    // Whoever finds the file locked waits at random: on a slow disk one of two may be unlucky for long.
    await using world = await openStore({ busyTimeoutMs: 60_000 });
    const topic = await newTopic(world.store);
    const texts = (who: string) => Array.from({ length: 200 }, (_, index) => `${who} ${index + 1}`);
    await using child = runProgram("append", [world.file, topic.id, "theirs", "200"]);
    await child.line(); // it has begun
    for (const text of texts("ours")) await say(world.store, topic.id, text);
    const lines = await child.rest();
    expect(lines.filter(({ code }) => code !== undefined)).toEqual([]);
    const all = await textsOf(world.store, topic.id);
    expect(all).toHaveLength(400);
    for (const who of ["ours", "theirs"]) expect(all.filter((text) => text.startsWith(who))).toEqual(texts(who));
  });

  it("see at once what the other has added", async () => {
    await using world = await openStore();
    const other = await world.another();
    const topic = await newTopic(other, "Share Deal");
    expect(await world.store.findTopic({ title: "Share Deal" })).toMatchObject(topic);
    const rights = { admin: false, disabled: false, consent: undefined, legalHold: false };
    const anna = { id: "an-id", name: "anna", passwordHash: "$argon2id$", createdAt: 1, ...rights };
    await world.store.users.createUser(anna);
    expect(await other.users.findUser("Anna")).toEqual(anna);
    await expect(other.users.createUser({ ...anna, id: "other" })).rejects.toMatchObject({ code: "NAME_TAKEN" });
    await expect(newTopic(world.store, "Share Deal")).rejects.toMatchObject({ code: "TOPIC_EXISTS" });
    expect(await other.pseudonym(topic.id, anna)).toBe(await world.store.pseudonym(topic.id, anna));
  });

  it("store a key once, whoever is asked, and build again on the head of the other", async () => {
    await using world = await openStore();
    const other = await world.another();
    const topic = await newTopic(world.store);
    const key = newKey();
    await say(world.store, topic.id, "first");
    await say(other, topic.id, "second");
    const added = await say(world.store, topic.id, "third", key);
    expect(added).toMatchObject({ duplicate: false, entries: [{ seq: 3 }] });
    const [again, next] = await Promise.all([say(other, topic.id, "third again", key), say(other, topic.id, "fourth")]);
    expect(again).toMatchObject({ duplicate: true, entries: [{ seq: 3, content: '{"text":"third"}' }] });
    expect(next).toMatchObject({ duplicate: false, entries: [{ seq: 4 }] });
  });

  it("refuse nobody by what the other has changed since", async () => {
    await using world = await openStore();
    const other = await world.another();
    const topic = await newTopic(world.store);
    await say(world.store, topic.id, "first");
    await say(other, topic.id, "second");
    const onlyBehind = (seq: number, key = newKey()) =>
      world.store.append(topic.id, key, (head) => {
        if (head.seq < seq) throw new RangeError(`${head.seq} < ${seq}`);
        return [draftOf(topic.id, key, head, `behind ${seq}`)];
      });

    const [allowed, refused] = [onlyBehind(2), onlyBehind(5)];
    const last = say(world.store, topic.id, "last");

    await expect(refused).rejects.toThrow(new RangeError("3 < 5"));
    expect(await allowed).toMatchObject({ entries: [{ seq: 3 }] });
    expect(await last).toMatchObject({ entries: [{ seq: 4 }] });
  });

  it("keep the write-ahead log of the one that stays when the other closes", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    const other = await world.another();
    await say(other, topic.id, "of the other");
    await other.close();
    await using child = runProgram("append", [world.file, topic.id, "of another process"]);
    expect(await child.rest()).toMatchObject([{ seq: 2 }, { readable: 2 }]);
    await say(world.store, topic.id, "after both");
    await using last = runProgram("append", [world.file, topic.id, "of a third process"]);
    expect(await last.rest()).toMatchObject([{ seq: 4 }, { readable: 4 }]);
    expect(await textsOf(world.store, topic.id)).toHaveLength(4);
  });

  it.skipIf(noCommand)("keep the write-ahead log when an older SQLite closes the file", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await world.another(); // must not cost the first one its locks
    await run("sqlite3", [world.file, "SELECT * FROM messages"]);
    await say(world.store, topic.id, "after it");
    await using child = runProgram("append", [world.file, topic.id, "of another process"]);
    expect(await child.rest()).toMatchObject([{ seq: 2 }, { readable: 2 }]);
  });

  it("read while a reader of long standing holds the file, and while another writes", async () => {
    await using world = await openStore();
    const topic = await newTopic(world.store);
    await say(world.store, topic.id, "before");
    const reader = new Database(world.file, { readonly: true });
    reader.exec("BEGIN");
    expect(reader.prepare("SELECT count(*) FROM messages").pluck().get()).toBe(1);
    await say(world.store, topic.id, "after");
    expect(reader.prepare("SELECT count(*) FROM messages").pluck().get()).toBe(1);
    reader.exec("COMMIT");
    expect(reader.prepare("SELECT text FROM messages").pluck().all()).toEqual(["before", "after"]);
    reader.close();
  });
});
