import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomId } from "@redroom/sdk";
import { type LeafFields, verifyExport } from "@redroom/sdk/evidence";
import { memoryStore, type TopicSummary } from "@redroom/sdk/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordExport } from "../src/export/record-export.ts";
import { writeExport } from "../src/export/write-export.ts";
import { temporaryFolder } from "./command.ts";
import { record } from "./record.ts";

const python = process.platform === "win32" ? "python" : "python3";
const hasPython = spawnSync(python, ["--version"]).status === 0 && spawnSync("openssl", ["version"]).status === 0;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let good: string[];
const path = (name: string): string => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const store = memoryStore();
  await store.open();
  const id = randomId();
  await store.createTopic({ id, title: "Share Deal", createdAt: 1, regulated: true });
  await record(store, id, [
    { by: "operator", kind: "membership", to: ["bernd"], text: "interviewee" },
    { by: "anna", kind: "question", text: "?", to: ["bernd"], priority: "high", due: 9, asked: ["bernd"] },
    { by: "bernd", kind: "answer", text: "!", to: ["anna"], re: 2 },
    { by: "server", kind: "reveal", text: "", to: ["anna", "bernd"], re: 3 },
  ]);
  const checkpoint = await recordExport(store, id, undefined);
  const topic = (await store.findTopic({ id })) as TopicSummary;
  const pem = `${privateKey.export({ type: "pkcs8", format: "pem" })}`;
  await writeExport(folder.path, { store, topic, checkpoint, as: undefined, address: "", privateKey: pem });
  good = `${await readFile(path("entries.jsonl"))}`.trimEnd().split("\n");
});
afterAll(() => folder[Symbol.asyncDispose]());

/** What both programs find first, with the leaf of an entry changed. */
async function faults(seq: number, change: (leaf: LeafFields & { v: number }) => object) {
  const entries = good.map((line, index) => {
    const row = JSON.parse(line) as { leaf: string };
    return index === seq - 1 ? JSON.stringify({ ...row, leaf: JSON.stringify(change(JSON.parse(row.leaf))) }) : line;
  });
  await writeFile(path("entries.jsonl"), entries.map((line) => `${line}\n`).join(""));
  const [keys, checkpoint, directory, lines, receipts] = [
    await readFile(path("keys.json")),
    await readFile(path("checkpoint")),
    await readFile(path("directory.json")),
    await readFile(path("entries.jsonl")),
    await readFile(path("receipts.jsonl")),
  ];
  const verdict = await verifyExport({ keys, checkpoint, directory, entries: [lines], receipts: [receipts] });
  const ours = verdict.valid ? "" : [verdict.check, verdict.seq].filter((part) => part !== undefined).join(" ");
  if (!hasPython) return { ours, theirs: ours };
  const { stderr } = spawnSync(python, [path("verify.py"), folder.path], { encoding: "utf8" });
  return { ours, theirs: /^FAULT (\w+(?: \d+)?): /.exec(stderr)?.[1] ?? stderr };
}

describe("both verifiers read the same of a leaf:", () => {
  it.each<[string, number, (leaf: LeafFields & { v: number }) => object, string]>([
    ["what was written", 2, (leaf) => leaf, ""],
    ["another priority that there is", 2, (leaf) => ({ ...leaf, priority: "low" }), "root"],
    ["the priority that is left out", 2, (leaf) => ({ ...leaf, priority: "normal" }), "entry 2"],
    ["a priority that is a number", 2, (leaf) => ({ ...leaf, priority: 1 }), "entry 2"],
    ["another deadline", 2, (leaf) => ({ ...leaf, due: 8 }), "root"],
    ["a deadline at 0", 2, (leaf) => ({ ...leaf, due: 0 }), "entry 2"],
    ["nobody asked", 2, (leaf) => ({ ...leaf, asked: [] }), "root"],
    ["somebody asked twice", 2, (leaf) => ({ ...leaf, asked: [leaf.by, leaf.by] }), "entry 2"],
    ["members in another order", 2, ({ priority, ...leaf }) => ({ ...leaf, priority }), "entry 2"],
    ["a note with a deadline", 2, (leaf) => ({ ...leaf, kind: "note" }), "entry 2"],
    ["a membership of nobody", 1, (leaf) => ({ ...leaf, to: [] }), "entry 1"],
    ["a membership of two", 1, (leaf) => ({ ...leaf, to: [...(leaf.to ?? []), leaf.by] }), "entry 1"],
    ["a reveal of itself", 4, (leaf) => ({ ...leaf, re: 4 }), "entry 4"],
    ["a reveal to one twice", 4, (leaf) => ({ ...leaf, to: [leaf.by, leaf.by] }), "entry 4"],
    ["a reveal of another entry", 4, (leaf) => ({ ...leaf, re: 2 }), "root"],
  ])("%s", async (_, seq, change, fault) => {
    const { ours, theirs } = await faults(seq, change);
    expect(ours).toBe(fault);
    expect(theirs).toBe(fault);
  });
});
