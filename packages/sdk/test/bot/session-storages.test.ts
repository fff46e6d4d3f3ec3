import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fileSessions } from "../../src/bot/sessions/file-sessions.ts";
import { memorySessions } from "../../src/bot/sessions/memory-sessions.ts";
import type { SessionStorage } from "../../src/bot/sessions/session-storage.ts";
import { SharedWrites } from "../../src/bot/sessions/shared-writes.ts";

async function newFolder() {
  const path = await mkdtemp(join(tmpdir(), "redroom-sessions-"));
  return {
    path,
    file: join(path, "bot.json"),
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** A bot that remembers in a process of its own, which ends with the scope. */
function remembering(file: string) {
  const program = fileURLToPath(new URL("./programs/remember.ts", import.meta.url));
  const args = ["--conditions=@redroom/source", "--import", "tsx", program, file];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /** The count of the next line. */
    async next(): Promise<number> {
      const { value } = await lines.next();
      return (JSON.parse(value) as { readonly count: number }).count;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

describe.each(["memory", "file"])("sessions in the %s", (kind) => {
  async function openSessions(): Promise<AsyncDisposable & { readonly storage: SessionStorage }> {
    const folder = await newFolder();
    const storage = kind === "memory" ? memorySessions() : fileSessions(folder.file);
    return {
      storage,
      async [Symbol.asyncDispose]() {
        await storage.close?.();
        await folder[Symbol.asyncDispose]();
      },
    };
  }

  it("give back what was written last under a key, and nothing where nothing is", async () => {
    await using world = await openSessions();
    const { storage } = world;
    expect(await storage.read("anna")).toBeUndefined();
    await storage.write("anna", "1");
    await storage.write("anna", "2");
    await storage.write("bernd", "");
    expect(await storage.read("anna")).toBe("2");
    expect(await storage.read("bernd")).toBe("");
    await storage.write("anna", undefined);
    await storage.write("nobody", undefined);
    expect(await storage.read("anna")).toBeUndefined();
    expect(await storage.read("bernd")).toBe("");
  });

  it("keep the last of several writes at the same time, in call order", async () => {
    await using world = await openSessions();
    const { storage } = world;
    await Promise.all(Array.from({ length: 100 }, (_, index) => storage.write(`key ${index % 3}`, `${index}`)));
    expect(await Promise.all([0, 1, 2].map((index) => storage.read(`key ${index}`)))).toEqual(["99", "97", "98"]);
  });

  it.each(["__proto__", "constructor", "toString", "", "ä 🏦\n\u0000", "\ud83c"])(
    "take the key %j as any other",
    async (key) => {
      await using world = await openSessions();
      const { storage } = world;
      expect(await storage.read(key)).toBeUndefined();
      await storage.write(key, key);
      expect(await storage.read(key)).toBe(key);
    },
  );
});

describe("sessions in a file", () => {
  it("are there when they are opened again, whatever they are called, readable for their owner only", async () => {
    await using folder = await newFolder();
    const names = ["__proto__", "constructor", "", "ä 🏦\n\u0000", "\ud83c"];
    const first = fileSessions(folder.file);
    for (const name of names) await first.write(name, `of ${name}`);
    await first.close();
    await first.close();
    expect(await readdir(folder.path)).toEqual(["bot.json", "bot.json.lock"]);
    if (process.platform !== "win32") expect((await stat(folder.file)).mode & 0o777).toBe(0o600);
    const second = fileSessions(folder.file);
    for (const name of names) expect(await second.read(name)).toBe(`of ${name}`);
    await second.close();
  });

  it("make no file until something is written", async () => {
    await using folder = await newFolder();
    const sessions = fileSessions(folder.file);
    await sessions.read("anna");
    await sessions.close();
    expect(await readdir(folder.path)).not.toContain("bot.json");
  });

  it("are whole whenever somebody reads the file, also while it is written", async () => {
    await using folder = await newFolder();
    const sessions = fileSessions(folder.file);
    const text = "x".repeat(4 * 1024 * 1024);
    await sessions.write("anna", text);
    let writing = true;
    const writes = (async () => {
      for (let count = 0; count < 10; count += 1) await sessions.write("bernd", `${count}`);
      writing = false;
    })();
    let reads = 0;
    for (; writing; reads += 1) {
      const { sessions: read } = JSON.parse(await readFile(folder.file, "utf8"));
      expect(read.anna?.length).toBe(text.length);
    }
    await writes;
    expect(reads).toBeGreaterThan(1);
    await sessions.close();
  });

  it("survive kill -9 in the middle of writing: all that was written is there, and nothing by halves", async () => {
    await using folder = await newFolder();
    for (const rounds of [1, 5, 20]) {
      let written = 0;
      {
        await using bot = remembering(folder.file);
        for (let line = 0; line < rounds; line += 1) written = await bot.next();
      }
      const sessions = fileSessions(folder.file);
      const [anna, bernd, filler = ""] = await Promise.all(
        ["anna", "bernd", "filler"].map((key) => sessions.read(key)),
      );
      await sessions.close();
      expect(Number(anna)).toBeGreaterThanOrEqual(written);
      // They are written together or one by one, but never one behind what was acknowledged.
      expect(Number(bernd)).toBeGreaterThanOrEqual(written);
      expect(new Set(filler.trim().split(" ")).size).toBe(1);
      expect(filler.trim().split(" ").length).toBe(20_000);
    }
  });

  it("belong to one process at a time, and to the next as soon as it is gone", async () => {
    await using folder = await newFolder();
    {
      await using bot = remembering(folder.file);
      await bot.next();
      const second = fileSessions(folder.file);
      const refused = {
        code: "FOLDER_IN_USE",
        message: expect.stringContaining(folder.file),
        remedy: expect.any(String),
      };
      await expect(second.read("anna")).rejects.toMatchObject(refused);
      await expect(second.write("anna", "mine")).rejects.toMatchObject(refused);
      expect(await bot.next()).toBeGreaterThan(1);
    }
    const third = fileSessions(folder.file);
    expect(Number(await third.read("anna"))).toBeGreaterThan(1);
    const sameProcess = fileSessions(folder.file);
    await expect(sameProcess.read("anna")).rejects.toMatchObject({ code: "FOLDER_IN_USE" });
    await third.close();
    expect(Number(await sameProcess.read("anna"))).toBeGreaterThan(1);
    await sameProcess.close();
  });

  it.each([
    ["nothing", ""],
    ["a part of it", '{"v":1,"sessions":{"anna":'],
    ["another program's", '["anna"]'],
    ["no object", "null"],
    ["no sessions", '{"v":1}'],
    ["a list of them", '{"v":1,"sessions":[]}'],
    ["no version", '{"sessions":{}}'],
    ["something else than texts", '{"v":1,"sessions":{"anna":{"asked":1}}}'],
  ])("that hold %s are refused and left as they are, and go on once they are repaired", async (_what, content) => {
    await using folder = await newFolder();
    await writeFile(folder.file, content);
    const sessions = fileSessions(folder.file);
    await expect(sessions.read("anna")).rejects.toMatchObject({
      code: "STORE_FOREIGN",
      message: expect.stringContaining(`${folder.file}; it is damaged or another program's`),
    });
    await expect(sessions.write("anna", "1")).rejects.toMatchObject({ code: "STORE_FOREIGN" });
    expect(await readFile(folder.file, "utf8")).toBe(content);
    await writeFile(folder.file, '{"v":1,"sessions":{"anna":"7"}}');
    expect(await sessions.read("anna")).toBe("7");
    await sessions.close();
  });

  it("of a newer version are refused and left as they are", async () => {
    await using folder = await newFolder();
    await writeFile(folder.file, '{"v":2,"sessions":{"anna":1}}');
    await expect(fileSessions(folder.file).read("anna")).rejects.toMatchObject({ code: "STORE_TOO_NEW" });
    expect(await readFile(folder.file, "utf8")).toBe('{"v":2,"sessions":{"anna":1}}');
  });

  it("say so when their folder is not there, or the file is none", async () => {
    await using folder = await newFolder();
    const nowhere = fileSessions(join(folder.path, "none", "bot.json"));
    await expect(nowhere.read("anna")).rejects.toMatchObject({ code: "FOLDER_UNUSABLE", remedy: expect.any(String) });
    await mkdir(folder.file);
    await expect(fileSessions(folder.file).read("anna")).rejects.toMatchObject({ code: "FOLDER_UNUSABLE" });
  });

  it("fail as long as they cannot be written, and go on by themselves", async () => {
    await using folder = await newFolder();
    const place = join(folder.path, "place");
    await mkdir(place);
    const sessions = fileSessions(join(place, "bot.json"));
    await sessions.write("anna", "1");
    await rename(place, `${place}-moved`);
    await expect(sessions.write("anna", "2")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    expect(await readFile(join(`${place}-moved`, "bot.json"), "utf8")).toContain('"anna": "1"');
    await rename(`${place}-moved`, place);
    await sessions.write("anna", "3");
    expect(await readFile(join(place, "bot.json"), "utf8")).toContain('"anna": "3"');
    await sessions.close();
  });

  it("take 64 MiB in all; what is too much leaves all others as they are", async () => {
    await using folder = await newFolder();
    const sessions = fileSessions(folder.file);
    await sessions.write("anna", "1");
    await expect(sessions.write("bernd", "x".repeat(64 * 1024 * 1024))).rejects.toMatchObject({
      code: "TEXT_TOO_LARGE",
    });
    expect(await sessions.read("bernd")).toBeUndefined();
    await sessions.write("anna", "2");
    expect(await readFile(folder.file, "utf8")).not.toContain("bernd");
    expect(await readFile(folder.file, "utf8")).toContain('"anna": "2"');
    await sessions.close();
  });

  it("finish what was written before they were closed, and take nothing more", async () => {
    await using folder = await newFolder();
    const sessions = fileSessions(folder.file);
    const writing = sessions.write("anna", "1");
    await sessions.close();
    expect(await readFile(folder.file, "utf8")).toContain('"anna": "1"');
    await writing;
    await expect(sessions.write("anna", "2")).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await expect(sessions.read("anna")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});

describe("writes that are shared", () => {
  /** Each ends when the test says so. */
  function heldWrites() {
    const ends: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
    const writes = new SharedWrites(() => new Promise((resolve, reject) => void ends.push({ resolve, reject })));
    return { ends, writes };
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it("are one for all of a turn, and one more for all who ask while it is under way", async () => {
    const { ends, writes } = heldWrites();
    const done: string[] = [];
    const ask = (who: string) => void writes.request().then(() => done.push(who));
    for (const who of ["a", "b", "c"]) ask(who);
    await turn();
    for (const who of ["d", "e"]) ask(who);
    await turn();
    expect(ends).toHaveLength(1);
    ends[0]?.resolve();
    await turn();
    expect(done).toEqual(["a", "b", "c"]);
    expect(ends).toHaveLength(2);
    ends[1]?.resolve();
    await writes.idle();
    expect(done).toEqual(["a", "b", "c", "d", "e"]);
    expect(ends).toHaveLength(2);
  });

  it("that fail do so for those who asked, and for nobody after them", async () => {
    const { ends, writes } = heldWrites();
    const failing = expect(writes.request()).rejects.toThrow("no space");
    await turn();
    const next = writes.request();
    ends[0]?.reject(new Error("no space"));
    await failing;
    await turn();
    ends[1]?.resolve();
    await next;
    const later = writes.request();
    await turn();
    ends[2]?.resolve();
    await later;
  });
});
