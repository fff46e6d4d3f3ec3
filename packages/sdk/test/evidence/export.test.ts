import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { originOf, signCheckpoint } from "../../src/evidence/checkpoint.ts";
import { formatExportDirectory, formatExportEntry } from "../../src/evidence/export-format.ts";
import { type ExportExpectations, type VerifiedEntry, verifyExport } from "../../src/evidence/export-verifier.ts";
import { encodeLeaf, parseContent, parseLeaf } from "../../src/evidence/leaf.ts";
import { makeLogKey } from "../../src/evidence/log-key.ts";
import { appendLeaf, EMPTY_FRONTIER, EMPTY_ROOT, hashLeaf, rootOf } from "../../src/evidence/merkle.ts";
import { formatVerifier } from "../../src/evidence/note.ts";
import * as example from "./worked-example.ts";

const page = await readFile(new URL("../../../../docs/evidence.md", import.meta.url), "utf8");
const { origin, logKey, entries } = example;
const [question, answer] = entries;
const otherKey = makeLogKey();
const utf8 = (text: string): Uint8Array => Buffer.from(text);

/** The worked example, with some of its files replaced. */
function verify(
  files: Partial<Record<"keys" | "checkpoint" | "directory" | "lines" | "receipts", string>> = {},
  expected = {},
) {
  const { keys, checkpoint, directory, lines, receipts } = { ...example, receipts: "", ...files };
  const parts = {
    keys: utf8(keys),
    checkpoint: utf8(checkpoint),
    directory: utf8(directory),
    entries: [utf8(lines)],
    receipts: [utf8(receipts)],
  };
  return verifyExport(parts, expected satisfies ExportExpectations);
}

/** What the log key signs over these leaves. */
function checkpointOf(leaves: readonly string[], key = logKey): string {
  const tree = leaves.reduce((frontier, leaf) => appendLeaf(frontier, hashLeaf(leaf)).frontier, EMPTY_FRONTIER);
  return signCheckpoint({ origin, size: tree.size, root: rootOf(tree) }, key);
}

describe("the worked example", () => {
  it("is in docs/evidence.md, byte by byte", () => {
    const [, shown] = /<!-- worked example -->\n([\s\S]*)<!-- \/worked example -->/.exec(page) ?? [];
    expect(shown).toBe(example.workedExample);
  });

  it("verifies, against the pin of its address too", async () => {
    const seen: VerifiedEntry[] = [];
    const onEntry = (entry: VerifiedEntry) => void seen.push(entry);
    expect(await verify({}, { pin: example.server.pin, onEntry })).toMatchObject({
      valid: true,
      title: "Share Deal",
      checkpoint: { origin, size: 3 },
      visible: 3,
      erased: 0,
      withheld: 0,
      earlier: undefined,
    });
    expect(seen.map(({ leaf, text }) => [leaf.seq, leaf.re, text])).toEqual([
      [1, undefined, "Wie hoch sind die Rückstellungen?"],
      [2, 1, "€ 25.000"],
      [3, undefined, "Export of entries 1 to 3 by the operator"],
    ]);
  });

  it("verifies whatever the pieces are in which its entries come", async () => {
    const lines = utf8(example.lines);
    for (const size of [1, 7, 100, lines.length]) {
      const pieces = Array.from({ length: Math.ceil(lines.length / size) }, (_, at) =>
        lines.subarray(at * size, (at + 1) * size),
      );
      const { keys, checkpoint, directory } = example;
      const parts = {
        keys: utf8(keys),
        checkpoint: utf8(checkpoint),
        directory: utf8(directory),
        entries: pieces,
        receipts: [],
      };
      expect(await verifyExport(parts)).toMatchObject({ valid: true });
    }
  });
});

describe("an export in which a text is missing", () => {
  const without = (seq: number, kept: readonly { readonly leaf: string }[] = entries): string =>
    kept.map((one, index) => `${formatExportEntry(index + 1 === seq ? { leaf: one.leaf } : one)}\n`).join("");

  it("verifies, and counts it as withheld", async () => {
    expect(await verify({ lines: without(2) })).toMatchObject({ valid: true, visible: 2, withheld: 1, erased: 0 });
  });

  it("counts it as erased when an entry says so", async () => {
    const fields = parseLeaf(entries[2].leaf);
    if (fields === undefined) throw new Error("no leaf");
    const leaf = encodeLeaf({ ...fields, kind: "erasure", re: 2 });
    const all = [question, answer, { ...entries[2], leaf }];
    const checkpoint = checkpointOf(all.map((one) => one.leaf));

    const verdict = await verify({ lines: without(2, all), checkpoint });

    expect(verdict).toMatchObject({ valid: true, visible: 2, withheld: 0, erased: 1 });
  });
});

describe("verifyExport names the first check that fails:", () => {
  const swapped = [answer, question, entries[2]].map((one) => `${formatExportEntry(one)}\n`).join("");
  const leaves = entries.map(({ leaf }) => leaf);

  it.each([
    ["keys.json is not JSON", { keys: "{" }, "keys", undefined],
    ["keys.json is of another version", { keys: example.keys.replace('"v": 1', '"v": 2') }, "keys", undefined],
    [
      "the log key does not fit its line",
      { keys: example.keys.replace("+13d0ee2e+", "+13d0ee2f+") },
      "keys",
      undefined,
    ],
    ["the certificate is of another log key", { keys: withKey() }, "logKey", undefined],
    ["another key signed the checkpoint", { checkpoint: checkpointOf(leaves, otherKey) }, "checkpoint", undefined],
    ["a line was added to the checkpoint", { checkpoint: `${example.checkpoint}\n` }, "checkpoint", undefined],
    ["the directory names somebody who does not occur", { directory: directoryWith("zoe") }, "directory", undefined],
    ["the directory lacks somebody", { directory: directoryWith() }, "directory", undefined],
    ["two entries are swapped", { lines: swapped }, "entry", 1],
    ["a line is no object", { lines: example.lines.replace(/^.*\n/, "[]\n") }, "entry", 1],
    ["an entry has content without salt", { lines: example.lines.replace(/,"salt":"[^"]*"/, "") }, "entry", 1],
    ["a text was changed", { lines: example.lines.replace("25.000", "52.000") }, "commitment", 2],
    ["a salt was changed", { lines: example.lines.replace("gIGC", "gIGD") }, "commitment", 1],
    ["the tail was cut", { lines: example.lines.replace(/.*\n$/, "") }, "size", undefined],
    ["an entry was added", { lines: example.lines + added() }, "size", undefined],
    ["a leaf was changed", { lines: example.lines.replace("1767225661500", "1767225661501") }, "root", undefined],
  ] as const)("%s", async (_what, files, check, seq) => {
    expect(await verify(files)).toEqual({ valid: false, check, seq });
  });

  it("the address has another pin", async () => {
    expect(await verify({}, { pin: new Uint8Array(32) })).toMatchObject({ valid: false, check: "pin" });
  });

  function withKey(): string {
    const parts = JSON.parse(example.keys) as Record<string, string>;
    const logKeyLine = formatVerifier({ name: origin, publicKey: otherKey.publicKey });
    return `${JSON.stringify({ ...parts, logKey: logKeyLine }, null, 2)}\n`;
  }
  function directoryWith(name?: string): string {
    const { title, people } = JSON.parse(example.directory) as { title: string; people: Record<string, string> };
    const [, ...others] = Object.entries(people);
    const all = name === undefined ? others : [...Object.entries(people), ["AAAAAAAAAAAAAAAAAAAAAA", name] as const];
    return formatExportDirectory({ title, people: new Map(all) });
  }
  function added(): string {
    const fields = parseLeaf(entries[2].leaf);
    if (fields === undefined) throw new Error("no leaf");
    return `${formatExportEntry({ leaf: encodeLeaf({ ...fields, seq: 4 }) })}\n`;
  }
});

describe("an earlier checkpoint", () => {
  const leaves = entries.map(({ leaf }) => leaf);
  const against = (note: string) => verify({}, { earlier: utf8(note) });

  it.each([1, 2, 3])("of %i entries is continued", async (size) => {
    expect(await against(checkpointOf(leaves.slice(0, size)))).toMatchObject({
      valid: true,
      earlier: { size, signed: true },
    });
  });

  it("that another key signed is held against the entries all the same, and said to be so", async () => {
    expect(await against(checkpointOf(leaves.slice(0, 2), otherKey))).toMatchObject({
      valid: true,
      earlier: { size: 2, signed: false },
    });
  });

  it.each([
    ["of other entries", checkpointOf([question.leaf, question.leaf])],
    ["of more entries than there are", checkpointOf([...leaves, question.leaf])],
    ["of nothing, with a root", signCheckpoint({ origin, size: 0, root: new Uint8Array(32) }, logKey)],
    [
      "of another topic",
      signCheckpoint({ origin: originOf("AAAAAAAAAAAAAAAAAAAAAA"), size: 0, root: EMPTY_ROOT }, logKey),
    ],
    ["that is none", "checkpoint\n"],
  ])("%s is a fault", async (_what, note) => {
    expect(await against(note)).toMatchObject({ valid: false, check: "earlier" });
  });
});

describe("a leaf or content line", () => {
  const fields = { topic: "t", seq: 1, id: "i", kind: "note", by: "b", at: 1, commitment: "c" } as const;

  it("is refused when programs in other languages would read it otherwise", () => {
    expect(parseLeaf(encodeLeaf(fields))).toEqual(fields);
    expect(parseLeaf(encodeLeaf({ ...fields, id: "\ud800" }))).toBeUndefined();
    expect(parseLeaf(encodeLeaf({ ...fields, to: "ab" as unknown as string[] }))).toBeUndefined();
    expect(parseLeaf(encodeLeaf({ ...fields, re: null as unknown as number }))).toBeUndefined();
    expect(parseContent('{"text":"\\ud800"}')).toBeUndefined();
  });
});
