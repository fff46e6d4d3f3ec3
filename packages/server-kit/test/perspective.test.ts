import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { randomId } from "@redroom/sdk";
import { verifyExport } from "@redroom/sdk/evidence";
import { memoryStore, type TopicSummary } from "@redroom/sdk/store";
import { afterEach, describe, expect, it } from "vitest";
import { recordExport } from "../src/export/record-export.ts";
import { writeExport } from "../src/export/write-export.ts";
import { temporaryFolder } from "./command.ts";
import { record, type Said } from "./record.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = `${privateKey.export({ type: "pkcs8", format: "pem" })}`;

const MEMBERS: readonly Said[] = [
  { by: "operator", kind: "membership", to: ["anna"], text: "interviewer interviewee" },
  { by: "operator", kind: "membership", to: ["bernd"], text: "interviewer interviewee" },
  { by: "operator", kind: "membership", to: ["legal"], text: "legal" },
  { by: "operator", kind: "membership", to: ["emil"], text: "interviewer" },
];

const folders: Awaited<ReturnType<typeof temporaryFolder>>[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await folder[Symbol.asyncDispose]();
});

/** Exports a topic in which this was said, and reads what came out. */
async function exported(
  said: readonly Said[],
  { as, admin = false, regulated = false }: { as?: string; admin?: boolean; regulated?: boolean } = {},
) {
  const folder = await temporaryFolder();
  folders.push(folder);
  const store = memoryStore();
  await store.open();
  const id = randomId();
  await store.createTopic({ id, title: "Share Deal", createdAt: 1, regulated });
  await record(store, id, [...MEMBERS, ...said]);
  const checkpoint = await recordExport(store, id, as);
  const topic = (await store.findTopic({ id })) as TopicSummary;
  const viewer = as === undefined ? undefined : { id: as, name: as, admin };
  await writeExport(folder.path, { store, topic, checkpoint, as: viewer, address: "", privateKey: pem });
  const file = (name: string): Promise<Buffer> => readFile(join(folder.path, name));
  const [keys, note, directory, entries, receipts] = [
    await file("keys.json"),
    await file("checkpoint"),
    await file("directory.json"),
    await file("entries.jsonl"),
    await file("receipts.jsonl"),
  ];
  const texts: (string | undefined)[] = [];
  const verdict = await verifyExport(
    { keys, checkpoint: note, directory, entries: [entries], receipts: [receipts] },
    { onEntry: ({ text }) => void texts.push(text) },
  );
  return { verdict, texts: texts.slice(MEMBERS.length, -1), page: `${await file("index.html")}` };
}

describe("an export as somebody sees it", () => {
  const said: readonly Said[] = [
    { by: "anna", kind: "question", text: "für Bernd", to: ["bernd"] },
    { by: "bernd", kind: "answer", text: "für Anna", to: ["anna"], re: 5 },
    { by: "legal", text: "für alle" },
  ];

  it.each([
    ["anna", ["für Bernd", "für Anna", "für alle"]],
    ["emil", [undefined, undefined, "für alle"]],
    ["legal", ["für Bernd", "für Anna", "für alle"]],
  ])("holds what %s may see, and verifies", async (as, expected) => {
    const { verdict, texts } = await exported(said, { as });
    expect(texts).toEqual(expected);
    const withheld = expected.filter((text) => text === undefined).length;
    expect(verdict).toMatchObject({ valid: true, withheld, erased: 0 });
  });

  it("withholds a sealed answer from its asker until it is revealed, and from nobody else who may see it", async () => {
    const sealed: readonly Said[] = [
      { by: "anna", kind: "question", text: "Wie hoch?", to: ["bernd"], asked: ["bernd"] },
      { by: "bernd", kind: "answer", text: "€ 25.000", to: ["anna"], re: 5 },
    ];
    const reveal: Said = { by: "server", kind: "reveal", text: "", to: ["anna", "bernd"], re: 6 };
    expect((await exported(sealed, { as: "anna", regulated: true })).texts).toEqual(["Wie hoch?", undefined]);
    expect((await exported(sealed, { as: "bernd", regulated: true })).texts).toEqual(["Wie hoch?", "€ 25.000"]);
    const revealed = await exported([...sealed, reveal], { as: "anna", regulated: true });
    expect(revealed.texts).toEqual(["Wie hoch?", "€ 25.000", ""]);
  });

  it("says on the page that a text is withheld, and shows nothing of it", async () => {
    const { page } = await exported(said, { as: "emil" });
    expect(page).not.toContain("für Bernd");
    expect(page).toContain("[withheld from this perspective]");
  });

  it.each([
    ["an administrator, whatever role the topic gives", "legal", true],
    ["somebody who is no member", "stranger", false],
  ])("is refused to %s", async (_, as, admin) => {
    await expect(exported(said, { as, admin })).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });

  it("is refused to somebody whose last role was taken", async () => {
    const removed: Said = { by: "operator", kind: "membership", to: ["emil"], text: "" };
    await expect(exported([removed], { as: "emil" })).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });
});

describe("the page of an export", () => {
  it("shows for whom a question is, how soon and until when it wants an answer, and from whom", async () => {
    const due = Date.UTC(2026, 0, 31, 12);
    const question: Said = { by: "anna", kind: "question", text: "?", to: ["bernd"], priority: "high", due };
    const { page } = await exported([{ ...question, asked: ["bernd"] }], { regulated: true });
    const [, facts = ""] = /<p class="facts">(.*)<\/p>/.exec(page) ?? [];
    expect(facts).toContain('<span lang="de">an</span> <bdi>bernd</bdi>');
    expect(facts).toContain('<span lang="en">high priority</span><span lang="de">hohe Priorität</span>');
    expect(facts).toContain('<span lang="de">erbeten bis</span> <time datetime="2026-01-31T12:00:00.000Z">');
    expect(facts).toContain(
      '<span lang="en">to be answered by</span><span lang="de">zu beantworten von</span> <bdi>bernd</bdi>',
    );
  });

  it("shows memberships as names and roles, also roles of an application's own", async () => {
    const { page } = await exported([
      { by: "operator", kind: "membership", to: ["emil"], text: "legal <b>guest" },
      { by: "operator", kind: "membership", to: ["emil"], text: "" },
    ]);
    expect(page).toContain('<p><bdi>anna</bdi>: <span lang="en">interviewer</span>');
    expect(page).toContain('<span lang="de">Rechtsvertretung</span>, <bdi>&lt;b&gt;guest</bdi></p>');
    expect(page).toContain('<bdi>emil</bdi>: <span lang="en">no member any more</span>');
  });

  it("names what was done to a message, in both languages", async () => {
    const { page } = await exported([
      { by: "anna", kind: "question", text: "?" },
      { by: "anna", kind: "correction", text: "??", re: 5 },
      { by: "anna", kind: "withdrawal", text: "", re: 5 },
    ]);
    expect(page).toContain('<span lang="en">Correction</span><span lang="de">Berichtigung</span></em> <a href="#n5">');
    expect(page).toContain('<span lang="en">Withdrawal</span><span lang="de">Rücknahme</span>');
  });
});
