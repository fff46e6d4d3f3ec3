import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePrepared } from "../src/prepared-file.ts";
import { temporaryFolder } from "./command.ts";
import { runHere } from "./run-here.ts";

const FILE = `# Our questions

## question: Provisions
How high are the provisions on {date}?

They count {{all}}.
##Antwort
We will answer by {date}, {name}.

### A heading of its own
## NOTE:
A note: with a colon`;

const MESSAGES = [
  { kind: "question", title: "Provisions", text: "How high are the provisions on {date}?\n\nThey count {{all}}." },
  { kind: "answer", text: "We will answer by {date}, {name}.\n\n### A heading of its own" },
  { kind: "note", text: "A note: with a colon" },
];

describe("a file of prepared messages", () => {
  it("has a heading and a text for each, also as Windows writes it", () => {
    expect(parsePrepared(FILE)).toEqual(MESSAGES);
    expect(parsePrepared(`\ufeff${FILE.replaceAll("\n", "\r\n")}\r\n\r\n`)).toEqual(MESSAGES);
  });

  it.each([
    ["", "line 1: there is no message"],
    ["# Title\n\nHow high?\n", "line 3: it stands before the first message"],
    ["## question\nHow?\n\n## Frgae: x\nHow?", 'line 4: "Frgae" is no kind of message; write one of question, '],
    ["## constructor\nHow?", '"constructor" is no kind'],
    ["## question\n\n## note\nHow?", "line 1: the message has no text"],
    ["## question\nHow\nmuch on {date?", "line 3: at character 9, the brace { is not closed"],
    ["## question\nHow\u0007?", "line 2: it has the control character U+0007"],
    [`## question: ${"x".repeat(101)}\nHow?`, "line 1: the title has 101 characters"],
    [`## question\n${"ü".repeat(40_000)}`, "line 1: the text has 80000 bytes, at most 65536"],
    ["## note\nx\n".repeat(1_001), "line 2001: there are more than 1000 messages"],
  ])("that is wrong names the line: %#", (file, reason) => {
    expect(() => parsePrepared(file)).toThrow(
      expect.objectContaining({ code: "TEXT_INVALID", message: expect.stringContaining(reason) }),
    );
  });
});

describe("redroom-server prepared", () => {
  let home: Awaited<ReturnType<typeof temporaryFolder>>;
  let folder: string;
  let file: string;
  const prepared = (...args: readonly string[]) => runHere("prepared", ...args, "--data", folder);
  const listed = async (...args: readonly string[]) => {
    const { stdout } = await prepared("list", "--json", ...args);
    return stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };

  beforeAll(async () => {
    home = await temporaryFolder();
    folder = join(home.path, "room");
    file = join(home.path, "messages.md");
    await runHere("init", "--data", folder, "--json");
    for (const title of ["Share Deal", "Asset Deal", "Käufer"])
      await runHere("topic", "create", title, "--data", folder);
    await writeFile(file, FILE);
  });
  afterAll(() => home[Symbol.asyncDispose]());

  it("imports for all topics and for one, lists, replaces and clears", async () => {
    expect(await prepared("import", file)).toEqual({
      code: 0,
      stdout: "Imported 3 prepared messages for all topics.\n",
      stderr: "",
    });
    const one = join(home.path, "one.md");
    await writeFile(one, "## Frage\nWer unterschreibt?\n");
    const imported = await prepared("import", one, "--topic", "Share Deal", "--json");
    const { topic } = JSON.parse(imported.stdout);
    expect(JSON.parse(imported.stdout)).toEqual({ topic: expect.any(String), messages: 1 });

    const own = { id: expect.any(String), topic, kind: "question", text: "Wer unterschreibt?", placeholders: [] };
    const all = await listed();
    expect(all).toMatchObject([...MESSAGES, own]);
    expect(all[1].placeholders).toEqual(["date", "name"]);
    expect(await listed("--topic", "Share Deal")).toEqual(all);
    expect(await listed("--topic", "Asset Deal")).toEqual(all.slice(0, 3));
    expect((await prepared("list")).stdout.split("\n")).toEqual([
      "question  (all topics)  Provisions  How high are the provisions on {date}? They count {{all}}.",
      "answer    (all topics)  We will answer by {date}, {name}. ### A heading of its own",
      "note      (all topics)  A note: with a colon",
      'question  "Share Deal"  Wer unterschreibt?',
      "",
    ]);

    await prepared("import", one);
    expect((await listed()).map(({ text }) => text)).toEqual(["Wer unterschreibt?", "Wer unterschreibt?"]);
    expect((await prepared("clear", "--topic", topic)).stdout).toBe('Removed the messages of "Share Deal".\n');
    expect((await listed()).map(({ topic }) => topic)).toEqual([undefined]);
  });

  it("finds a topic by its title, however its umlauts are encoded", async () => {
    const { stdout } = await prepared("clear", "--topic", "Käufer".normalize("NFD"));
    expect(stdout).toBe('Removed the messages of "Käufer".\n');
  });

  it("changes nothing when the file, the topic or the text is wrong, and says why in one line", async () => {
    await prepared("import", file);
    const before = await listed();
    const wrong = join(home.path, "wrong.md");
    await writeFile(wrong, "## question\nGood\n## question\nBad {");
    expect(await prepared("import", wrong)).toMatchObject({ code: 9, stderr: expect.stringContaining("line 4: ") });
    await writeFile(wrong, Buffer.from([0x23, 0x23, 0xff]));
    expect(await prepared("import", wrong)).toMatchObject({ code: 2, stderr: expect.stringContaining("not UTF-8") });
    expect(await prepared("import", join(home.path, "none.md"))).toMatchObject({ code: 2 });
    const unknown = await prepared("import", file, "--topic", "Other");
    expect(unknown).toMatchObject({ code: 9, stderr: expect.stringContaining('none called "Other"') });
    expect(await listed()).toEqual(before);
  });
});
