import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { randomId } from "@redroom/sdk";
import {
  appendLeaf,
  commit,
  EMPTY_FRONTIER,
  encodeContent,
  encodeLeaf,
  formatExportEntry,
  formatExportKeys,
  formatVerifier,
  hashLeaf,
  logKeyStatement,
  makeLogKey,
  originOf,
  parseVerifier,
  rootOf,
  SALT_BYTES,
  signCheckpoint,
} from "@redroom/sdk/evidence";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandFailure } from "../src/failure.ts";
import { Output } from "../src/output.ts";
import { redroomProgram } from "../src/program.ts";
import { textsIn } from "../src/texts/texts.ts";
import { exportOf, hasOpenssl, verifyWithPython } from "./exported.ts";
import { redroom } from "./processes.ts";
import { PythonVerifier } from "./python-verifier.ts";

const SAID = [
  { by: "anna", text: "Wie hoch sind die Rückstellungen?", kind: "question" },
  { by: "bernd", text: "€ 25.000 🧾\nzweite Zeile \u2028 \u007f \u0001 \\ud800", kind: "answer", re: 1 },
  { by: "anna", text: "streng geheim" },
  { by: "anna", text: "שלום" },
  { by: "bernd", text: '"Zitat" <b>' },
  { by: "server", text: "2", kind: "delivery", to: ["anna", "bernd"], re: 4 },
  { by: "operator", text: "Art. 17 DSGVO", kind: "erasure", re: 3 },
] as const;

type Files = Readonly<
  Record<"keys.json" | "checkpoint" | "directory.json" | "entries.jsonl" | "receipts.jsonl", Buffer>
>;
const NAMES = ["keys.json", "checkpoint", "directory.json", "entries.jsonl", "receipts.jsonl"] as const;

let home: string;
let good: string;
let files: Files;
let program: string;
let python: PythonVerifier;
let address: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "redroom-verify-"));
  good = await exportOf("Share Deal", SAID, home);
  program = join(good, "verify.py");
  python = new PythonVerifier(program);
  files = Object.fromEntries(
    await Promise.all(NAMES.map(async (name) => [name, await readFile(join(good, name))])),
  ) as Files;
  address = JSON.parse(`${files["keys.json"]}`).address;
});
afterAll(async () => {
  python?.close();
  await rm(home, { recursive: true, force: true });
});

/** `redroom verify --json` within this process. */
async function verifyHere(...args: readonly string[]): Promise<object> {
  const stream = new PassThrough();
  const output = new Output(stream);
  try {
    await redroomProgram({ texts: textsIn("en"), output, warn: () => {} }).parseAsync(["verify", "--json", ...args], {
      from: "user",
    });
  } catch (thrown) {
    if (!(thrown instanceof CommandFailure)) throw thrown;
    expect(thrown.exitCode).toBe(13);
  }
  return JSON.parse(stream.read().toString()) as object;
}

let spoiled = 0;

/** What both programs find in an export with some files replaced; where there is no openssl, what ours finds. */
async function findings(replaced: Partial<Files>, ...args: readonly string[]) {
  spoiled += 1;
  const folder = join(home, `spoiled-${spoiled}`);
  await mkdir(folder);
  for (const name of NAMES) await writeFile(join(folder, name), replaced[name] ?? files[name]);
  const [ours, theirs] = await Promise.all([
    verifyHere(folder, ...args),
    hasOpenssl ? python.verify(folder, ...args) : undefined,
  ]);
  await rm(folder, { recursive: true });
  return { ours, python: theirs ?? ("check" in ours ? ours : { valid: true }) };
}

const edit = (name: keyof Files, change: (text: string) => string): Partial<Files> => {
  const text = change(`${files[name]}`);
  expect(text).not.toBe(`${files[name]}`);
  return { [name]: Buffer.from(text) };
};
const lines = (change: (all: string[]) => string[]): Partial<Files> =>
  edit("entries.jsonl", (text) =>
    change(text.trimEnd().split("\n"))
      .map((line) => `${line}\n`)
      .join(""),
  );
/** Changes the leaf of an entry as such. */
const leaf = (seq: number, change: (leaf: string) => string): Partial<Files> =>
  lines((all) =>
    all.map((line, index) => {
      if (index !== seq - 1) return line;
      const row = JSON.parse(line);
      return JSON.stringify({ ...row, leaf: change(row.leaf) });
    }),
  );
const row = (seq: number, change: (row: Record<string, string>) => object): Partial<Files> =>
  lines((all) => all.map((line, index) => (index === seq - 1 ? JSON.stringify(change(JSON.parse(line))) : line)));

/** An export with one message from each of these pseudonyms, signed from the server's key to the text by somebody who made it up. */
function signedBy(authors: readonly string[]): Files {
  const [topic, key] = [randomId(), makeLogKey()];
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  let tree = EMPTY_FRONTIER;
  const rows = authors.map((by, index) => {
    const [salt, content] = [Buffer.alloc(SALT_BYTES), encodeContent("x")];
    const fields = { topic, seq: index + 1, id: "x", kind: "note", by, at: 1 } as const;
    const line = encodeLeaf({ ...fields, commitment: commit(salt, content) });
    tree = appendLeaf(tree, hashLeaf(line)).frontier;
    return `${formatExportEntry({ leaf: line, content, salt })}\n`;
  });
  const keys = {
    address: "",
    serverKey: server.publicKey.export({ type: "spki", format: "der" }),
    logKey: { name: originOf(topic), publicKey: key.publicKey },
    logKeyCertificate: sign("sha256", logKeyStatement(key.publicKey), server.privateKey),
  };
  const people = authors.map((by) => `    ${JSON.stringify(by)}: "x"`).join(",\n");
  return {
    "keys.json": Buffer.from(formatExportKeys(keys)),
    checkpoint: Buffer.from(signCheckpoint({ origin: originOf(topic), size: tree.size, root: rootOf(tree) }, key)),
    "directory.json": Buffer.from(`{\n  "title": "x",\n  "people": {\n${people}\n  }\n}\n`),
    "entries.jsonl": Buffer.from(rows.join("")),
    "receipts.jsonl": Buffer.alloc(0),
  };
}

describe("redroom verify and the Python program agree that an export is good", () => {
  it("against its address, and against its own checkpoint", async () => {
    const args = ["--address", address, "--checkpoint", join(good, "checkpoint")];
    expect(await verifyHere(good, ...args)).toMatchObject({
      valid: true,
      title: "Share Deal",
      entries: 8,
      visible: 7,
      erased: 1,
      withheld: 0,
      addressChecked: true,
      earlier: { size: 8, signed: true },
    });
    if (hasOpenssl) expect(await verifyWithPython(program, good, ...args)).toEqual({ valid: true });
  });

  it.each([
    ["a text is withheld", () => row(4, ({ leaf }) => ({ leaf }))],
    [
      "a delivery is withheld, and its receipt with it",
      () => ({ ...row(6, ({ leaf }) => ({ leaf })), "receipts.jsonl": Buffer.alloc(0) }),
    ],
    ["the last receipt has no end", () => edit("receipts.jsonl", (text) => text.trimEnd())],
    ["the last line has no end", () => edit("entries.jsonl", (text) => text.trimEnd())],
    ["somebody has another name", () => edit("directory.json", (text) => text.replace('"anna"', '"Anna Ω"'))],
  ])("also when %s", async (_what, replaced) => {
    const { ours, python } = await findings(replaced());
    expect(ours).toMatchObject({ valid: true });
    expect(python).toEqual({ valid: true });
  });
});

describe("redroom verify and the Python program find the same fault:", () => {
  const json = (change: (value: Record<string, unknown>) => object) => (text: string) =>
    `${JSON.stringify(change(JSON.parse(text)), null, 2)}\n`;
  const long = "9".repeat(400);

  it.each<[string, () => Partial<Files>, string, number?]>([
    ["no keys", () => ({ "keys.json": Buffer.alloc(0) }), "keys"],
    [
      "keys of another version",
      () =>
        edit(
          "keys.json",
          json((keys) => ({ ...keys, v: 2 })),
        ),
      "keys",
    ],
    ["keys with the version 1.0", () => edit("keys.json", (text) => text.replace('"v": 1', '"v": 1.0')), "keys"],
    [
      "a member more",
      () =>
        edit(
          "keys.json",
          json((keys) => ({ ...keys, x: 1 })),
        ),
      "keys",
    ],
    ["base64 that is not canonical", () => edit("keys.json", (text) => text.replace(/=="/, '="')), "keys"],
    [
      "another server's key",
      () =>
        edit(
          "keys.json",
          json((keys) => ({ ...keys, serverKey: "MAAA" })),
        ),
      "logKey",
    ],
    [
      "a log key of a name that no log has",
      () =>
        edit(
          "keys.json",
          json((keys) => ({ ...keys, logKey: renamed(String(keys["logKey"]), "redroom/a b") })),
        ),
      "keys",
    ],
    ["a signature without its name", () => edit("checkpoint", (text) => text.replace(/— \S+ /, "")), "checkpoint"],
    [
      "no certificate",
      () =>
        edit(
          "keys.json",
          json((keys) => ({ ...keys, logKeyCertificate: "" })),
        ),
      "logKey",
    ],
    ["a checkpoint of more entries", () => edit("checkpoint", (text) => text.replace("\n8\n", "\n9\n")), "checkpoint"],
    [
      "a number with a zero before it",
      () => edit("checkpoint", (text) => text.replace("\n8\n", "\n08\n")),
      "checkpoint",
    ],
    ["no signature", () => edit("checkpoint", (text) => text.replace(/—.*\n/, "")), "checkpoint"],
    ["two signatures", () => edit("checkpoint", (text) => `${text}${text.slice(text.indexOf("—"))}`), "checkpoint"],
    ["a byte order mark", () => edit("checkpoint", (text) => `\ufeff${text}`), "checkpoint"],
    ["somebody missing", () => edit("directory.json", (text) => text.replace(/\n.*"anna",/, "")), "directory"],
    [
      "somebody too many",
      () => edit("directory.json", (text) => text.replace('"people": {', '"people": {\n    "x": "x",')),
      "directory",
    ],
    ["a name that is a number", () => edit("directory.json", (text) => text.replace('"anna"', "1")), "directory"],
    ["half a character", () => edit("directory.json", (text) => text.replace('"anna"', '"\\ud800"')), "directory"],
    ["no entries", () => ({ "entries.jsonl": Buffer.alloc(0) }), "size"],
    ["the tail cut", () => lines((all) => all.slice(0, -1)), "size"],
    ["an entry cut out", () => lines((all) => all.toSpliced(3, 1)), "entry", 4],
    ["an entry twice", () => lines((all) => all.toSpliced(2, 0, all[1] ?? "")), "entry", 3],
    ["two swapped", () => lines(([one = "", two = "", ...rest]) => [two, one, ...rest]), "entry", 1],
    ["an empty line", () => lines((all) => [...all, ""]), "entry", 9],
    ["carriage returns", () => edit("entries.jsonl", (text) => text.replaceAll("\n", "\r\n")), "entry", 1],
    ["spaces", () => edit("entries.jsonl", (text) => text.replace('{"leaf":', '{ "leaf": ')), "entry", 1],
    ["a line that is a list", () => lines(([, ...rest]) => ["[]", ...rest]), "entry", 1],
    ["a line that is null", () => lines(([, ...rest]) => ["null", ...rest]), "entry", 1],
    ["not a number", () => lines(([one = "", ...rest]) => [one.replace(/}$/, ',"x":NaN}'), ...rest]), "entry", 1],
    [
      "bytes that are not UTF-8",
      () => ({ "entries.jsonl": Buffer.concat([Buffer.of(0xff), files["entries.jsonl"]]) }),
      "entry",
      1,
    ],
    ["content without salt", () => row(2, ({ leaf, content }) => ({ leaf, content })), "entry", 2],
    ["a leaf that is no string", () => row(2, (all) => ({ ...all, leaf: 1 })), "entry", 2],
    ["a leaf with a space", () => leaf(2, (line) => line.replace(":", ": ")), "entry", 2],
    ["a leaf with a member twice", () => leaf(2, (line) => line.replace('"v":1', '"v":1,"v":1')), "entry", 2],
    ["a leaf with a member more", () => leaf(2, (line) => line.replace(/}$/, ',"x":1}')), "entry", 2],
    [
      "members in another order",
      () => leaf(2, (line) => line.replace(/("kind":"\w+"),("by":"[^"]+")/, "$2,$1")),
      "entry",
      2,
    ],
    ["a leaf of version 2", () => leaf(2, (line) => line.replace('"v":1', '"v":2')), "entry", 2],
    ["a version that is true", () => leaf(2, (line) => line.replace('"v":1', '"v":true')), "entry", 2],
    ["an unknown kind", () => leaf(2, (line) => line.replace('"answer"', '"rumour"')), "entry", 2],
    ["a time with a fraction", () => leaf(2, (line) => line.replace(/"at":(\d+)/, '"at":$1.0')), "entry", 2],
    ["a time in exponents", () => leaf(2, (line) => line.replace(/"at":\d+/, '"at":1e3')), "entry", 2],
    ["a time beyond all bounds", () => leaf(2, (line) => line.replace(/"at":\d+/, `"at":${long}`)), "entry", 2],
    ["a reference to nothing", () => leaf(2, (line) => line.replace('"re":1', '"re":null')), "entry", 2],
    ["recipients that are a text", () => leaf(2, (line) => line.replace('"re":1', '"to":"ab","re":1')), "entry", 2],
    ["another topic", () => leaf(2, (line) => line.replace('"topic":"', '"topic":"x')), "entry", 2],
    ["half a character in a leaf", () => leaf(2, (line) => line.replace('"id":"', '"id":"\\ud800')), "entry", 2],
    ["a text changed", () => edit("entries.jsonl", (text) => text.replace("25.000", "52.000")), "commitment", 2],
    [
      "a text put for an erased one",
      () => row(3, ({ leaf }) => ({ leaf, content: '{"text":"x"}', salt: "AAAA" })),
      "commitment",
      3,
    ],
    ["another salt", () => row(2, (all) => ({ ...all, salt: Buffer.alloc(32).toString("base64") })), "commitment", 2],
    ["a salt that is not base64", () => row(2, (all) => ({ ...all, salt: "????" })), "entry", 2],
    ["a content with a space", () => row(2, ({ content, ...all }) => ({ ...all, content: ` ${content}` })), "entry", 2],
    ["another content that fits", () => fitting('{"text":"x","y":1}'), "commitment", 2],
    ["half a character that fits", () => fitting('{"text":"\\ud800"}'), "commitment", 2],
    ["a short salt that fits", () => fitting('{"text":"x"}', 31), "commitment", 2],
    ["a delivery to nobody", () => leaf(6, (line) => line.replace(/"to":\[[^\]]*\]/, '"to":[]')), "entry", 6],
    ["a delivery without receivers", () => leaf(6, (line) => line.replace(/"to":\[[^\]]*\],/, "")), "entry", 6],
    [
      "a delivery twice to one",
      () => leaf(6, (line) => line.replace(/"to":\[("[^"]+"),[^\]]*/, '"to":[$1,$1')),
      "entry",
      6,
    ],
    ["a delivery of itself", () => leaf(6, (line) => line.replace('"re":4', '"re":6')), "entry", 6],
    ["a delivery of nothing in particular", () => leaf(6, (line) => line.replace('"re":4,', "")), "entry", 6],
    ["a delivery that ends before it begins", () => fitting('{"text":"5"}', 32, 6), "delivery", 6],
    ["a delivery from 0", () => fitting('{"text":"0"}', 32, 6), "delivery", 6],
    ["a delivery from 02", () => fitting('{"text":"02"}', 32, 6), "delivery", 6],
    ["a delivery from a word", () => fitting('{"text":"NaN"}', 32, 6), "delivery", 6],
    ["a delivery from beyond all numbers", () => fitting(`{"text":"${long}"}`, 32, 6), "delivery", 6],
    ["no receipts", () => ({ "receipts.jsonl": Buffer.alloc(0) }), "receipts", 6],
    [
      "a receipt of more",
      () => edit("receipts.jsonl", (text) => text.replace('"first":2', '"first":1')),
      "receipts",
      6,
    ],
    ["a receipt twice", () => edit("receipts.jsonl", (text) => text + text), "receipts"],
    ["an empty line of receipts", () => edit("receipts.jsonl", (text) => `${text}\n`), "receipts"],
    ["a receipt of a delivery that is withheld", () => row(6, ({ leaf }) => ({ leaf })), "receipts"],
    ["a time changed", () => leaf(2, (line) => line.replace(/"at":(\d)/, '"at":2$1')), "root"],
    ["another author", () => leaf(4, (line) => line.replace(/"by":"[^"]+"/, byOf(2))), "root"],
    ["another reference", () => leaf(2, (line) => line.replace('"re":1', '"re":2')), "root"],
    ["an erasure turned to another entry", () => leaf(7, (line) => line.replace('"re":3', '"re":4')), "root"],
  ])("%s", async (_what, replaced, check, seq) => {
    const fault = { valid: false, check, ...(seq !== undefined && { seq }) };
    expect(await findings(replaced())).toEqual({ ours: fault, python: fault });
  });

  /** The line of the same key under another name. */
  const renamed = (verifier: string, name: string): string =>
    formatVerifier({ name, publicKey: parseVerifier(verifier)?.publicKey ?? new Uint8Array(32) });
  const byOf = (seq: number): string => /"by":"[^"]+"/.exec(parsed(seq).leaf)?.[0] ?? "";
  const parsed = (seq: number): { leaf: string } => JSON.parse(`${files["entries.jsonl"]}`.split("\n")[seq - 1] ?? "");
  /** A leaf that commits to this content. */
  const fitting = (content: string, saltBytes = 32, seq = 2): Partial<Files> =>
    row(seq, ({ leaf = "" }) => {
      const salt = Buffer.alloc(saltBytes, 7);
      const commitment = createHash("sha256").update(salt).update(content).digest("base64url");
      return {
        leaf: leaf.replace(/"commitment":"[^"]+"/, `"commitment":"${commitment}"`),
        content,
        salt: salt.toString("base64"),
      };
    });

  it("the address of another server", async () => {
    const other = address.replace(/#sha256-.*/, `#sha256-${"A".repeat(43)}`);
    const fault = { valid: false, check: "pin" };
    expect(await findings({}, "--address", other)).toEqual({ ours: fault, python: fault });
  });

  it("pseudonyms that are numbers, although all is signed: JavaScript would put them in another order", async () => {
    const fault = { valid: false, check: "directory" };
    expect(await findings(signedBy(["2", "1"]))).toEqual({ ours: fault, python: fault });
    expect(await findings(signedBy([randomId(), randomId()]))).toMatchObject({
      ours: { valid: true },
      python: { valid: true },
    });
  });

  it("an earlier checkpoint with another root, or of another log", async () => {
    const fault = { valid: false, check: "earlier" };
    const checkpoint = `${files.checkpoint}`;
    const [, , root = ""] = checkpoint.split("\n");
    for (const earlier of [
      checkpoint.replace("\n8\n", "\n6\n"),
      checkpoint.replace("\n8\n", "\n9\n"),
      checkpoint.replace(root, Buffer.alloc(32).toString("base64")),
      checkpoint.replaceAll("redroom/", "redroom/x"),
    ]) {
      const file = join(home, "earlier");
      await writeFile(file, earlier);
      expect(await findings({}, "--checkpoint", file)).toEqual({ ours: fault, python: fault });
    }
  });

  it("any byte changed by chance", { timeout: 300_000 }, async () => {
    let state = 20_260_101;
    const chance = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
      return Math.floor((state / 2 ** 31) * below);
    };
    for (let round = 0; round < 60; round += 1) {
      const name = NAMES[round % NAMES.length] ?? "checkpoint";
      const bytes = Buffer.from(files[name]);
      const at = chance(bytes.length);
      bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << chance(8)), at);
      const { ours, python } = await findings({ [name]: bytes });
      expect({ name, at, ...python }).toEqual({ name, at, ...("check" in ours ? ours : { valid: true }) });
      // What the directory says, and what the server believes its address to be, is not signed.
      if (name === "checkpoint" || name === "entries.jsonl" || name === "receipts.jsonl")
        expect(ours, `${name} ${at}`).toMatchObject({ valid: false });
    }
  });
});

describe("the command", () => {
  it("says in the person's language what was found, and ends with 0 or 13", async () => {
    const bad = join(home, "bad");
    await mkdir(bad);
    for (const name of NAMES) await writeFile(join(bad, name), files[name]);
    await writeFile(join(bad, "entries.jsonl"), `${files["entries.jsonl"]}`.replace("25.000", "52.000"));

    await using fine = redroom(["verify", good, "--address", address, "--lang", "de"]);
    await using wrong = redroom(["verify", bad, "--lang", "en"]);

    expect(await fine.exit).toBe(0);
    expect(fine.stdout).toMatch(
      /^Bestätigt: 8 Einträge von „Share Deal“ \(redroom\/[^)]+\), vollständig und unverändert/,
    );
    expect(fine.stdout).toContain("Mit Text: 7. Gelöscht: 1. Zurückgehalten: 0.");
    expect(fine.stdout).toContain("Das Log ist das des Servers der Adresse");
    expect(await wrong.exit).toBe(13);
    expect(wrong.stderr).toBe("redroom: NOT VERIFIED: the text of entry 2 is not the one on record\n");
    expect(wrong.stdout).toBe("");
  });

  it("ends with 2 when files are missing, or the address has no pin", async () => {
    await using none = redroom(["verify", join(home, "nowhere")]);
    await using pinless = redroom(["verify", good, "--address", "redroom://room.example:4433/"]);
    expect([await none.exit, await pinless.exit]).toEqual([2, 2]);
    expect(none.stderr).toContain("keys.json cannot be read (ENOENT)");
    expect(pinless.stderr).toContain("has no pin");
  });

  it("leaves the folder as it was", async () => {
    expect((await readdir(good)).length).toBe(8);
  });
});
