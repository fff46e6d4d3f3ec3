import { execFileSync } from "node:child_process";
import { appendFile, chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type SqliteStore, sqliteStore, verifyStore } from "../../src/sqlite.ts";
import { newKey, newTopic, rejectsWith, say, textsOf } from "../../src/testing/store-entries.ts";
import { runProgram } from "./child.ts";
import { newFolder, openStore } from "./sqlite-files.ts";

/** A store with one message in it, and one more when it works. */
async function openRoom(file?: string) {
  const world = file === undefined ? await openStore() : await storeAt(file);
  const { store } = world;
  const { id } = await newTopic(store, "Share Deal");
  const author = await store.pseudonym(id, { id: "anna-id", name: "anna" });
  let stored = 0;
  const send = async (): Promise<void> => {
    await say(store, id, `message ${stored + 1}`, newKey(author));
    stored += 1;
  };
  await send();
  return {
    ...world,
    topic: id,
    send,
    /** The store is out of order: it says why, and keeps to it. */
    async expectDown(reason: RegExp, { reads = false } = {}): Promise<void> {
      const calls: (() => Promise<unknown>)[] = [() => store.probe(), () => say(store, id, "lost", newKey(author))];
      if (!reads) calls.push(() => store.read(id, { from: 1, limit: 9 }));
      for (const call of [...calls, ...calls]) {
        const started = performance.now();
        await expect(call()).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
          retryable: true,
          message: expect.stringMatching(reason),
          remedy: expect.any(String),
        });
        report(`${reason.source}: rejected`, started);
      }
    },
    /** The same store object works again, and nothing is lost, nor there that nobody was told of. */
    async expectUp(): Promise<void> {
      const started = performance.now();
      await store.probe();
      report("works again", started);
      await send();
      const texts = await textsOf(store, id);
      expect(texts.filter((text) => text !== "lost")).toEqual(
        Array.from({ length: stored }, (_, n) => `message ${n + 1}`),
      );
      expect((await verifyStore(world.file)).faults).toEqual([]);
    },
  };
}

async function storeAt(file: string) {
  const store = sqliteStore(file);
  await store.open();
  return { store, file, [Symbol.asyncDispose]: () => store.close() };
}

/** As the server does while its store is out of order. */
async function reopen(store: SqliteStore): Promise<void> {
  await store.close();
  await store.open();
}

const report = (what: string, started: number): void =>
  console.info(`${what} after ${(performance.now() - started).toFixed(0)} ms`);

const root = process.getuid?.() === 0;
const noMount = process.platform !== "linux" || !root ? "only root can mount a small disk on Linux" : undefined;
const readOnly = root ? /it is read-only|the file is read-only/ : /access is denied/;
/** Windows keeps others from moving what is open. */
const itWhereFilesMove = it.skipIf(process.platform === "win32");

describe("the SQLite store fails closed, and goes on by itself,", { timeout: 300_000 }, () => {
  it.skipIf(noMount !== undefined)(
    `when the disk is full${noMount === undefined ? "" : ` (skipped: ${noMount})`}`,
    async () => {
      await using folder = await newFolder();
      const disk = join(folder.path, "disk");
      await mkdir(disk);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
      try {
        await using room = await openRoom(join(disk, "room.db"));
        const filler = join(disk, "filler");
        await appendFile(filler, Buffer.alloc(2 ** 20)).catch(() => {}); // takes all that is left
        // What is left in the last page of the log takes a message or two.
        expect(await refusalOf(room.send)).toMatchObject({
          code: "STORE_UNAVAILABLE",
          message: expect.stringContaining("the disk is full"),
        });
        await room.expectDown(/the disk is full/, { reads: true });
        await rm(filler);
        await room.expectUp();
      } finally {
        execFileSync("umount", ["-l", disk]);
      }
    },
  );

  itWhereFilesMove("when the file is made read-only", async () => {
    await using room = await openRoom();
    await chmod(room.file, 0o400);
    await room.expectDown(readOnly);
    await rejectsWith("STORE_UNAVAILABLE", reopen(room.store));
    await chmod(room.file, 0o600);
    await room.store.open();
    await chmod(room.file, 0o400);
    await room.expectDown(readOnly);
    await chmod(room.file, 0o600);
    await room.expectUp();
  });

  itWhereFilesMove("when the folder is moved away and back", async () => {
    await using room = await openRoom();
    const [folder, away] = [join(room.file, ".."), `${join(room.file, "..")}-away`];
    for (const down of [
      () => room.expectDown(/does not exist/),
      () => rejectsWith("STORE_UNAVAILABLE", reopen(room.store)),
    ]) {
      await rename(folder, away);
      await down();
      await rename(away, folder);
      await room.store.open();
      await room.expectUp();
    }
  });

  itWhereFilesMove("when another file takes the place of its own, and makes none where its own is gone", async () => {
    await using room = await openRoom();
    await using other = await openRoom();
    await other.store.close();
    await rename(room.file, `${room.file}.old`);
    await rejectsWith("STORE_UNAVAILABLE", reopen(room.store));
    expect(await readdir(join(room.file, ".."))).not.toContain("room.db");
    await writeFile(room.file, await readFile(other.file));
    await rejectsWith("STORE_UNAVAILABLE", room.store.open());
    await rename(`${room.file}.old`, room.file);
    await room.store.open();
    await room.expectUp();

    await rename(room.file, `${room.file}.old`);
    await writeFile(room.file, await readFile(other.file));
    await room.expectDown(/another file has taken its place/);
    await rename(`${room.file}.old`, room.file);
    await room.expectUp();
  });

  it("when another process keeps the file locked", async () => {
    await using room = await openRoom();
    await using locking = runProgram("lock", [room.file]);
    expect(await locking.line()).toEqual({ locked: true });
    await room.expectDown(/another program keeps it locked/, { reads: true });
    await rejectsWith("STORE_UNAVAILABLE", newTopic(room.store, "Other"));
    await locking.kill();
    await room.expectUp();
  });

  it("when pages of the file are damaged, also when it is closed and opened meanwhile", async () => {
    await using room = await openRoom();
    await room.store.close();
    const whole = `${room.file}.whole`;
    await writeFile(whole, await readFile(room.file));
    await room.store.open();
    overwrite(room.file, "Buffer.alloc(fs.statSync(file).size - 4096, 0xa5)", 4096);
    await rejectsWith("STORE_UNAVAILABLE", room.store.read(room.topic, { from: 1, limit: 9 }));
    await room.expectDown(/the file is damaged/);
    await rejectsWith("STORE_UNAVAILABLE", reopen(room.store));
    overwrite(room.file, `fs.readFileSync(${JSON.stringify(whole)})`, 0);
    await room.store.open();
    await room.expectUp();
  });
});

/** The first of many calls that fails says why. */
async function refusalOf(call: () => Promise<void>): Promise<unknown> {
  for (;;) {
    try {
      await call();
    } catch (thrown) {
      return thrown;
    }
  }
}

/** In a process of its own: in ours, it would cost SQLite its locks. */
function overwrite(file: string, bytes: string, at: number): void {
  const program = `const file = ${JSON.stringify(file)}; const fd = fs.openSync(file, "r+");
    const bytes = ${bytes}; fs.writeSync(fd, bytes, 0, bytes.length, ${at});`;
  execFileSync(process.execPath, ["-e", program]);
}
