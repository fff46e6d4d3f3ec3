import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { RedRoomClient, type TopicMessage } from "@redroom/sdk";
import { openCheckpoint, originOf, verifyLogProof } from "@redroom/sdk/evidence";
import type { StoredEntry } from "@redroom/sdk/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withStore } from "../src/data-folder.ts";
import { command, type Started, startServer, temporaryFolder } from "./command.ts";
import { record, type Said } from "./record.ts";
import { runHere } from "./run-here.ts";

const TITLE = "Share Deal";
const REASON = "Order of the court";

let home: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => home[Symbol.asyncDispose]());

/** An initialised data folder with one topic. */
async function newRoom(name: string): Promise<{ folder: string; topicId: string }> {
  const folder = join(home.path, name);
  await runHere("init", "--data", folder);
  const { stdout } = await runHere("topic", "create", TITLE, "--json", "--data", folder);
  return { folder, topicId: JSON.parse(stdout).id };
}

const erase = (folder: string, seq: number, ...more: readonly string[]) =>
  runHere("erase", "--data", folder, "--topic", TITLE, "--seq", String(seq), "--reason", REASON, ...more);

const entryOf = (folder: string, topicId: string, seq: number): Promise<StoredEntry | undefined> =>
  withStore(folder, async (store) => (await store.read(topicId, { from: seq, limit: 1 }))[0]);

/** The files of a folder in which some bytes occur. */
async function filesWith(folder: string, bytes: Buffer): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const found: string[] = [];
  for (const { parentPath, name } of names) {
    if ((await readFile(join(parentPath, name))).includes(bytes)) found.push(name);
  }
  return found;
}

/** Long enough for overflow pages, and no part of it like another. */
const longText = (name: string): string => Array.from({ length: 3_000 }, (_, at) => `${name}-${at}`).join(" ");
/** Bytes of which each must be gone: of the beginning, of every page in the middle, and of the end. */
const tracesOf = (name: string): Buffer[] =>
  [0, 250, 777, 1_500, 2_222, 2_999].map((at) => Buffer.from(`${name}-${at}`));

describe("erase", () => {
  it("leaves neither text nor salt in any file, after much was written, moved and erased", async () => {
    const { folder, topicId } = await newRoom("moved");
    const messages: Said[] = Array.from({ length: 240 }, (_, at) => ({
      by: "anna",
      text: at % 4 === 1 ? longText(`secret${at}x`) : `message ${at} ${"y".repeat((at * 37) % 900)}`,
    }));
    const gone = [1, 57, 233];
    const salts = await withStore(folder, async (store) => {
      // In pieces, so that pages are split and moved.
      for (let from = 0; from < messages.length; from += 60) {
        await record(store, topicId, messages.slice(from, from + 60));
      }
      const entries = await store.read(topicId, { from: 1, limit: 240, maxBytes: 2 ** 30 });
      return gone.map((at) => Buffer.from(entries[at]?.salt ?? []));
    });
    for (const [index, at] of gone.entries()) {
      const traces = [...tracesOf(`secret${at}x`), salts[index] ?? Buffer.alloc(0)];
      expect(traces.at(-1)?.byteLength).toBe(32);
      for (const trace of traces) expect(await filesWith(folder, trace)).toEqual(["room.db"]);
      expect(await erase(folder, at + 1)).toMatchObject({ code: 0, stderr: "" });
      for (const trace of traces) expect(await filesWith(folder, trace)).toEqual([]);
    }
    expect(await filesWith(folder, Buffer.from("secret9x-1500 "))).toEqual(["room.db"]);
    expect(await runHere("verify", "--data", folder)).toMatchObject({ code: 0 });
  });

  it("says what it did, for people and for scripts, and what it did before", async () => {
    const { folder, topicId } = await newRoom("words");
    await withStore(folder, (store) =>
      record(store, topicId, [
        { by: "anna", text: "one" },
        { by: "anna", text: "two" },
      ]),
    );
    expect((await erase(folder, 1)).stdout).toMatch(/^Erased #1 of "Share Deal"; #3 says so\. .*\n$/);
    expect((await erase(folder, 1)).stdout).toMatch(/^#1 was erased before, see #3\. .*\n$/);
    const again = JSON.parse((await erase(folder, 2, "--json")).stdout);
    expect(again).toEqual({ topic: topicId, seq: 2, erasure: 4, duplicate: false });
    expect(JSON.parse((await erase(folder, 2, "--json")).stdout)).toEqual({ ...again, duplicate: true });
    expect(await entryOf(folder, topicId, 4)).toMatchObject({ content: JSON.stringify({ text: REASON }) });
  });

  it("refuses what it cannot or must not erase, and changes nothing", async () => {
    const { folder, topicId } = await newRoom("refused");
    await withStore(folder, (store) => record(store, topicId, [{ by: "anna", text: "one" }]));
    await erase(folder, 1);
    expect(await erase(folder, 2)).toMatchObject({ code: 9, stderr: expect.stringContaining("of the kind erasure") });
    expect(await erase(folder, 3)).toMatchObject({ code: 9, stderr: expect.stringContaining("no such entry") });
    const of = (topic: string, seq: string, reason: string) =>
      runHere("erase", "--data", folder, "--topic", topic, "--seq", seq, "--reason", reason);
    expect(await of("Nowhere", "1", REASON)).toMatchObject({ code: 9, stderr: expect.stringContaining("topic list") });
    for (const seq of ["0", "-1", "1.5", "all"]) expect(await of(TITLE, seq, REASON)).toMatchObject({ code: 2 });
    for (const reason of ["", "  ", "x".repeat(1_001), "two\nlines"]) {
      expect(await of(TITLE, "1", reason)).toMatchObject({ code: 2, stderr: expect.stringContaining("the reason") });
    }
    expect(await runHere("erase", "--data", folder, "--topic", TITLE, "--seq", "1")).toMatchObject({ code: 2 });
    expect(await withStore(folder, (store) => store.findTopic({ id: topicId }))).toMatchObject({ head: { seq: 2 } });
  });

  it("takes a reason of 1,000 characters, whatever they are", async () => {
    const { folder, topicId } = await newRoom("reason");
    await withStore(folder, (store) => record(store, topicId, [{ by: "anna", text: "one" }]));
    const reason = "§👩‍⚖️".repeat(200);
    const { code } = await runHere("erase", "--data", folder, "--topic", topicId, "--seq", "1", "--reason", reason);
    expect(code).toBe(0);
    expect(JSON.parse((await entryOf(folder, topicId, 2))?.content ?? "")).toEqual({ text: reason });
  });
});

describe("erase beside a running server", () => {
  let server: Started;
  let folder: string;
  let password: string;
  beforeAll(async () => {
    folder = join(home.path, "running");
    server = await startServer(folder);
    const words = ["user", "add", "anna", "--generate", "--json", "--data", folder];
    ({ password } = JSON.parse((await runHere(...words)).stdout));
    await runHere("topic", "create", TITLE, "--member", "anna:superuser", "--data", folder);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const connect = () => RedRoomClient.connect(server.address, { auth: { name: "anna", password } });

  it("reaches live readers, is not served any more, and leaves every proof as it was", async () => {
    await using writer = await connect();
    const topic = await writer.topic(TITLE).open();
    for (const text of ["one", longText("live"), "three"]) await topic.send(text);
    const [key, note] = [await withStore(folder, (store) => store.logKey()), (await topic.checkpoint()) ?? ""];
    const proof = await topic.proof(3);
    const leaf = (await entryOf(folder, topic.id ?? "", 3))?.leaf ?? "";
    const arrived = new Promise<TopicMessage>((resolve) => {
      writer.on("message", ({ message }) => message.kind === "erasure" && resolve(message));
    });

    // A process of its own, as it is in life.
    const args = ["erase", "--data", folder, "--topic", TITLE, "--seq", "3", "--reason", REASON];
    expect(await command(args)).toMatchObject({ code: 0, stderr: "" });

    expect(await arrived).toMatchObject({ seq: 5, re: 3, author: "operator", text: REASON });
    for (const trace of tracesOf("live")) expect(await filesWith(folder, trace)).toEqual([]);
    await using reader = await connect();
    const seen: number[] = [];
    for await (const { seq } of reader.topic(TITLE).messages({ from: "start" })) if (seen.push(seq) === 3) break;
    expect(seen).toEqual([2, 4, 5]);
    expect((await reader.topic(TITLE).history()).map(({ seq }) => seq)).toEqual([2, 4, 5]);

    await reader.topic(TITLE).confirm(note);
    const log = { origin: originOf(topic.id ?? ""), publicKey: key };
    expect(openCheckpoint(note, log)).toMatchObject({ size: 4 });
    expect(verifyLogProof(proof, leaf, log)).toMatchObject({ size: 4 });
    expect(verifyLogProof(await reader.topic(TITLE).proof(3), leaf, log)).toMatchObject({ size: 5 });
    expect(await topic.send("it goes on")).toMatchObject({ seq: 6 });
    expect(await runHere("verify", "--data", folder)).toMatchObject({ code: 0 });
  });
});
