import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTopic } from "@redroom/sdk";
import { commit, encodeContent, encodeLeaf } from "@redroom/sdk/evidence";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { showProgress } from "../src/commands/progress.ts";
import { withStore } from "../src/data-folder.ts";
import { temporaryFolder } from "./command.ts";
import { runHere } from "./run-here.ts";

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
let checkpoint: string;

beforeAll(async () => {
  home = await temporaryFolder();
  folder = join(home.path, "room");
  checkpoint = join(home.path, "checkpoint");
  await runHere("init", "--data", folder);
  await withStore(folder, async (store) => {
    await createTopic(store, "Asset Deal");
    const { id: topic } = await createTopic(store, "Share Deal");
    const by = await store.pseudonym(topic, { id: "anna-id", name: "anna" });
    for (const text of ["one", "two", "three"]) {
      const content = encodeContent(text);
      const salt = new Uint8Array(32).fill(7);
      const fields = { topic, id: text, kind: "note", by, at: 1, commitment: commit(salt, content) } as const;
      await store.append(topic, { author: by, id: text }, ({ seq }) => [
        { leaf: encodeLeaf({ ...fields, seq: seq + 1 }), content, salt },
      ]);
    }
    await writeFile(checkpoint, (await store.checkpoint(topic)) ?? "");
  });
});
afterAll(() => home[Symbol.asyncDispose]());

const verify = (...args: readonly string[]) => runHere("verify", "--data", folder, ...args);

it("says that everything holds", async () => {
  const holds = { code: 0, stdout: "Verified 2 topics with 3 entries: everything holds.\n", stderr: "" };
  expect(await verify()).toEqual(holds);
  expect(await verify("--checkpoint", checkpoint)).toEqual(holds);
  expect((await verify("--topic", "Share Deal")).stdout).toContain("1 topic with 3 entries");
  expect(JSON.parse((await verify("--json")).stdout)).toEqual({ topics: 2, entries: 3, faults: [] });
});

it("works beside a store that is open", async () => {
  await withStore(folder, async () => {
    expect(await verify()).toMatchObject({ code: 0 });
  });
});

it("refuses a topic that is not there with 9, and what is not a checkpoint of it with 2", async () => {
  expect(await verify("--topic", "Other Deal")).toMatchObject({ code: 9, stdout: "" });
  expect(await verify("--checkpoint", join(home.path, "nowhere"))).toMatchObject({ code: 2, stdout: "" });
  expect(await verify("--checkpoint", join(folder, "config.json"))).toMatchObject({ code: 2, stdout: "" });
  expect(await verify("--topic", "Asset Deal", "--checkpoint", checkpoint)).toMatchObject({ code: 2, stdout: "" });
});

it("ends with 11 and names topic, entry and kind of what does not hold", async () => {
  const database = new Database(join(folder, "room.db"));
  database.exec(`DROP TRIGGER contents_update; UPDATE contents SET content = '{"text":"zwei"}' WHERE seq = 2`);
  database.close();

  const { code, stdout, stderr } = await verify("--topic", "Share Deal");
  expect([code, stdout]).toEqual([11, ""]);
  expect(stderr).toMatch(
    /^redroom-server: unable to vouch for the record; schema: the trigger contents_update is missing/,
  );
  expect(stderr).toContain("(and 1 fault more: --json)");

  const found = await verify("--json");
  expect(found.code).toBe(11);
  expect(JSON.parse(found.stdout).faults[1]).toEqual({
    topic: "Share Deal",
    seq: 2,
    kind: "content",
    message: "content and salt are not what the leaf commits to",
  });
});

it("shows a bar on a terminal, not too often, and takes it away", () => {
  vi.useFakeTimers();
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  const bar = showProgress({ isTTY: true, write: write as never });
  for (let done = 1; done <= 1_000; done += 1) {
    vi.advanceTimersByTime(1);
    bar.show({ done: done * 100, total: 100_000 });
  }
  bar.clear();
  vi.useRealTimers();

  expect(written.length).toBeLessThan(15);
  expect(written[5]).toMatch(/^\r█+░+ 50 % {2}50,\d+ of 100,000 entries$/);
  expect(written.at(-1)).toBe("\r\u001b[K");
  showProgress({ isTTY: false, write: () => expect.unreachable() }).show({ done: 1, total: 1 });
});
