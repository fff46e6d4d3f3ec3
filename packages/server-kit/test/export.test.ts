import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTopic, RedRoomClient } from "@redroom/sdk";
import { ENTRY_KINDS, verifyExport } from "@redroom/sdk/evidence";
import type { TopicStore, TopicSummary } from "@redroom/sdk/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withStore } from "../src/data-folder.ts";
import { writeFolder } from "../src/export/output-folder.ts";
import { recordExport } from "../src/export/record-export.ts";
import { VERIFY_PROGRAM } from "../src/export/verify-program.ts";
import { writeExport } from "../src/export/write-export.ts";
import { startServer, temporaryFolder } from "./command.ts";
import { record, type Said } from "./record.ts";
import { runHere } from "./run-here.ts";

const NASTY = `<script>alert("1")</script> & 'x'\nzweite Zeile\r\n\u05e9\u05dc\u05d5\u05dd \u202e\u0000 Ende`;

const python = process.platform === "win32" ? "python" : "python3";
const hasPython = spawnSync(python, ["--version"]).status === 0 && spawnSync("openssl", ["version"]).status === 0;

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
let title: string;
/** Where the export goes, in a folder of its own. */
let place: string;
let out: string;
let topics = 0;
beforeAll(async () => {
  home = await temporaryFolder();
  data = join(home.path, "room");
  await runHere("init", "--data", data);
});
afterAll(() => home[Symbol.asyncDispose]());
beforeEach(async () => {
  topics += 1;
  title = `Share Deal ${topics}`;
  place = join(home.path, `${topics}`);
  out = join(place, "out");
  await mkdir(place);
  await withStore(data, (store) => createTopic(store, title));
});

const inTopic = <T>(work: (store: TopicStore, topic: TopicSummary) => Promise<T>): Promise<T> =>
  withStore(data, async (store) => work(store, (await store.findTopic({ title })) as TopicSummary));
const say = (...messages: readonly Said[]): Promise<void> =>
  inTopic((store, topic) => record(store, topic.id, messages));
const exported = (...args: readonly string[]) =>
  runHere("export", "--data", data, "--topic", title, "--out", out, ...args);
const head = (): Promise<number> => inTopic(async (_, topic) => topic.head.seq);
const file = (name: string): Promise<Buffer> => readFile(join(out, name));

async function check() {
  const [keys, checkpoint, directory, entries, receipts] = await Promise.all(
    ["keys.json", "checkpoint", "directory.json", "entries.jsonl", "receipts.jsonl"].map(file),
  );
  if (!keys || !checkpoint || !directory || !entries || !receipts) throw new Error("a file is missing");
  const texts: (string | undefined)[] = [];
  const onEntry = ({ text }: { readonly text: string | undefined }) => void texts.push(text);
  return {
    verdict: await verifyExport({ keys, checkpoint, directory, entries: [entries], receipts: [receipts] }, { onEntry }),
    texts,
  };
}

describe("redroom-server export", () => {
  it("writes a folder that verifies, for its owner only, and is itself on record", async () => {
    await say(
      { by: "anna", text: "Wie hoch?", kind: "question" },
      { by: "bernd", text: "€ 25.000", kind: "answer", re: 1 },
    );

    const { code, stdout } = await exported("--json");

    expect(code).toBe(0);
    const { verdict, texts } = await check();
    expect(texts).toEqual(["Wie hoch?", "€ 25.000", "Export of entries 1 to 3 by the operator"]);
    expect(verdict).toMatchObject({ valid: true, title, visible: 3, erased: 0, withheld: 0 });
    expect(verdict.valid && [...verdict.people.values()]).toEqual(["anna", "bernd", "operator"]);
    const checkpoint = `${await file("checkpoint")}`;
    expect(JSON.parse(stdout)).toMatchObject({ folder: out, entries: 3, visible: 3, checkpoint });
    expect((await readdir(out)).sort()).toEqual(
      [
        "VERIFY.md",
        "checkpoint",
        "directory.json",
        "entries.jsonl",
        "index.html",
        "keys.json",
        "receipts.jsonl",
        "verify.py",
      ].sort(),
    );
    if (process.platform === "win32") return;
    expect((await stat(out)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(out)) expect((await stat(join(out, name))).mode & 0o777, name).toBe(0o600);
  });

  it("names on whose behalf, and leaves people out who do not occur", async () => {
    await runHere("user", "add", "carla", "--generate", "--data", data);
    await inTopic((store, topic) => store.pseudonym(topic.id, { id: "silent", name: "silent" }));
    await withStore(data, async (store) => {
      const topic = (await store.findTopic({ title })) as TopicSummary;
      const carla = await store.users.findUser("carla");
      await record(store, topic.id, [{ by: "operator", kind: "membership", to: ["carla"], text: "legal" }], {
        carla: carla?.id ?? "",
      });
    });

    await exported("--as", "CARLA");

    const { verdict, texts } = await check();
    expect(texts).toEqual(["legal", "Export of entries 1 to 2 by the operator on behalf of carla"]);
    expect(verdict.valid && [...verdict.people.values()]).toEqual(["operator", "carla"]);
  });

  it("shows what was erased as erased, with the entry that says so", async () => {
    await say(
      { by: "anna", text: "streng geheim" },
      { by: "operator", kind: "erasure", re: 1, text: "Art. 17 DSGVO", erase: true },
    );

    await exported();

    expect((await check()).verdict).toMatchObject({ valid: true, visible: 2, erased: 1, withheld: 0 });
    const page = `${await file("index.html")}`;
    expect(page).toContain('<p class="none"><span lang="en">[erased, see <a href="#n2">#2</a>]</span>');
    for (const name of await readdir(out)) expect(`${await file(name)}`).not.toContain("streng geheim");
  });

  it("shows what applications have added to a message, and proves it", async () => {
    const metadata = { deal: "<b>Müller</b>", parts: [1, { until: null }] };
    await say({ by: "anna", text: "Wie hoch?", kind: "question", metadata, annotations: { checkedBy: "legal" } });

    await exported();

    const seen: object[] = [];
    const [keys, checkpoint, directory, entries, receipts] = await Promise.all(
      ["keys.json", "checkpoint", "directory.json", "entries.jsonl", "receipts.jsonl"].map(file),
    );
    if (!keys || !checkpoint || !directory || !entries || !receipts) throw new Error("a file is missing");
    const parts = { keys, checkpoint, directory, entries: [entries], receipts: [receipts] };
    const verdict = await verifyExport(parts, { onEntry: (entry) => void seen.push(entry) });
    expect(verdict).toMatchObject({ valid: true, visible: 2 });
    expect(seen[0]).toMatchObject({ text: "Wie hoch?", metadata, annotations: { checkedBy: "legal" } });
    const page = `${await file("index.html")}`;
    expect(page).toContain("deal: &quot;&lt;b&gt;Müller&lt;/b&gt;&quot;\nparts: [1,{&quot;until&quot;:null}]</pre>");
    expect(page).toContain("checkedBy: &quot;legal&quot;</pre>");
    if (!hasPython) return;
    const printed = spawnSync(python, [join(out, "verify.py"), out, "--print"], { encoding: "utf8" });
    expect(printed).toMatchObject({ status: 0, stderr: "" });
    expect(printed.stdout).toContain(
      '"Wie hoch?" metadata: {"deal": "<b>M\\u00fcller</b>", "parts": [1, {"until": null}]} ',
    );
    expect(printed.stdout).toContain('annotations: {"checkedBy": "legal"}\n');
  });

  it("has nothing of what was added to an erased message", async () => {
    const metadata = { deal: "streng geheim" };
    await say(
      { by: "anna", text: "Wie hoch?", metadata, annotations: metadata },
      { by: "operator", kind: "erasure", re: 1, text: "Art. 17 DSGVO", erase: true },
    );
    expect((await runHere("verify", "--data", data)).code).toBe(0);
    await exported();
    expect((await check()).verdict).toMatchObject({ valid: true, visible: 2, erased: 1 });
    for (const name of await readdir(out)) expect(`${await file(name)}`).not.toContain("streng geheim");
  });

  it("shows who has received what, and by which delivery it is on record", async () => {
    await say(
      { by: "anna", text: "Wie hoch?", kind: "question" },
      { by: "bernd", text: "€ 25.000", kind: "answer", re: 1 },
      { by: "server", text: "1", kind: "delivery", to: ["bernd"], re: 1 },
      { by: "server", text: "1", kind: "delivery", to: ["anna", "bernd", "carla"], re: 2 },
      { by: "anna", text: "Danke" },
    );

    await exported();

    expect((await check()).verdict).toMatchObject({ valid: true, visible: 6 });
    const page = `${await file("index.html")}`;
    const shown = [...page.matchAll(/<article id="n(\d+)"[\s\S]*?<\/article>/g)].map(([article, seq]) => [
      Number(seq),
      [...(/class="received">[\s\S]*/.exec(article)?.[0] ?? "").matchAll(/#n(\d+)"><bdi>(\w+)/g)].map(
        ([, by, who]) => `${who} #${by}`,
      ),
    ]);
    expect(Object.fromEntries(shown)).toEqual({
      1: ["bernd #3", "carla #4"],
      2: ["anna #4", "carla #4"],
      3: [],
      4: [],
      5: [],
      6: [],
    });
    expect(page).toContain("Empfangen von");
    expect(page).toMatch(/<article id="n4" class="delivery">[\s\S]*?<p>#1–#2 → <bdi>anna<\/bdi>, <bdi>bernd<\/bdi>/);
    const receipts = `${await file("receipts.jsonl")}`
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(receipts).toMatchObject([
      { seq: 3, first: 1, last: 1, to: [expect.any(String)] },
      { seq: 4, first: 1, last: 2, to: { length: 3 } },
    ]);
  });

  it("runs beside a server, and its clients go on with the entry that says so", async () => {
    await using server = await startServer(data);
    const added = await runHere("user", "add", "emil", "--generate", "--json", "--data", data);
    const { password } = JSON.parse(added.stdout) as { password: string };
    await runHere("topic", "role", title, "emil", "superuser", "--data", data);
    await using client = await RedRoomClient.connect(server.address, { auth: { name: "emil", password } });
    const topic = await client.topic(title).open();
    await topic.send("vorher");

    expect((await exported()).code).toBe(0);
    await topic.send("nachher");

    expect((await check()).texts).toEqual(["superuser", "vorher", "Export of entries 1 to 3 by the operator"]);
    expect((await topic.history()).map(({ seq, kind }) => [seq, kind])).toEqual([
      [2, "note"],
      [3, "export"],
      [4, "note"],
    ]);
  });

  it("escapes everything on the page, keeps line breaks, and neither has scripts nor loads anything", async () => {
    await say({ by: `<b>"anna"</b>`, text: NASTY, kind: "question" });

    await exported();

    const page = `${await file("index.html")}`;
    expect(page).toContain(
      `<p dir="auto">&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;\nzweite Zeile\n\u05e9\u05dc\u05d5\u05dd ⟨U+202E⟩⟨U+0000⟩ Ende</p>`,
    );
    expect(page).toContain("<bdi>&lt;b&gt;&quot;anna&quot;&lt;/b&gt;</bdi>");
    expect(page).not.toMatch(/<script|<img|<link|\son\w+=|\ssrc=|url\(|https?:/);
    expect(page).toMatch(/content="default-src 'none'; style-src 'sha256-[^"]+'; base-uri 'none'; form-action 'none'"/);
  });
});

describe("redroom-server export refuses", () => {
  it.each([
    ["a topic that does not exist", ["--topic", "Asset Deal"], 9, 'no topic "Asset Deal"'],
    ["a user who does not exist", ["--as", "nobody"], 9, 'nobody is called "nobody"'],
    ["a perspective that sees no content", ["--as", "admin"], 9, "administrators see no content"],
  ])("%s, and records nothing", async (_what, args, code, reason) => {
    const refused = await exported(...args);

    expect(refused).toMatchObject({ code, stdout: "" });
    expect(refused.stderr).toContain(reason);
    expect(await head()).toBe(0);
    expect(await readdir(place)).toEqual([]);
  });

  it("a folder that is not empty, or none, and leaves it as it is", async () => {
    await mkdir(out);
    await writeFile(join(out, "mine"), "1");

    expect(await exported()).toMatchObject({ code: 5, stderr: expect.stringContaining("it is not empty") });

    expect(await readdir(out)).toEqual(["mine"]);
    const refused = await runHere("export", "--data", data, "--topic", title, "--out", join(out, "mine"));
    expect(refused.code).toBe(5);
    expect(await head()).toBe(0);
  });

  it("to hand out a record that does not verify, and leaves nothing behind", async () => {
    await say({ by: "anna", text: "ja" });
    const privateKey = await readFile(join(data, "private-key.pem"), "utf8");

    const writing = inTopic(async (store, topic) => {
      const checkpoint = await recordExport(store, topic.id, undefined);
      const lying = {
        people: (id: string) => store.people(id),
        logKey: () => store.logKey(),
        read: async (...args: Parameters<TopicStore["read"]>) =>
          (await store.read(...args)).map((entry) => ({ ...entry, content: entry.content?.replace("ja", "nein") })),
      };
      const job = { store: lying, topic, checkpoint, as: undefined, address: "", privateKey };
      await writeFolder(out, (draft) => writeExport(draft, job));
    });

    await expect(writing).rejects.toMatchObject({
      code: "RECORD_DAMAGED",
      message: expect.stringContaining("commitment 1"),
    });
    expect(await readdir(place)).toEqual([]);
  });
});

describe("the program that comes with an export", () => {
  it("is the one in docs/evidence.md", async () => {
    const page = await readFile(new URL("../../../docs/evidence.md", import.meta.url), "utf8");
    const [, shown] = /<!-- verify.py -->\n```python\n([\s\S]*?)```\n<!-- \/verify.py -->/.exec(page) ?? [];
    expect(shown).toBe(VERIFY_PROGRAM);
  });

  it("knows all kinds of entries", () => {
    const [, kinds = ""] = /^KINDS = \(([^)]*)\)$/m.exec(VERIFY_PROGRAM) ?? [];
    expect(JSON.parse(`[${kinds}]`)).toEqual(ENTRY_KINDS);
  });
});
