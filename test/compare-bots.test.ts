import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RedRoomClient, RedRoomServer, type Topic } from "@redroom/sdk";
import { type CursorStore, memoryStore } from "@redroom/sdk/store";
import { createCertificate } from "@redroom/server-kit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { NODE_OPTIONS } from "./command-of.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const FRAMEWORKS = ["Red Room", "grammY", "discord.js", "Bolt"];
/** In the order of the table. */
const TASKS = ["echo", "command", "follow-up", "reminder", "restart", "test"];
const TITLE = "Share Deal";

const pageOf = (task: string): Promise<string> => readFile(join(root, `docs/compare-bots/${task}.md`), "utf8");

/** The program of each framework, as it stands on the page of a task. */
async function programsOf(task: string): Promise<Map<string, string>> {
  const sections = (await pageOf(task)).split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => [
      section.slice(0, section.indexOf("\n")),
      /^```[jt]s\n([\s\S]*?)^```/m.exec(section)?.[1] ?? "",
    ]),
  );
}

/** Lines that are neither blank nor only a comment. */
const linesOf = (program: string): number =>
  program.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("//")).length;

describe("the comparison of bots", () => {
  it("counts the lines as they are", async () => {
    const rows = await Promise.all(
      TASKS.map(async (task) => {
        const programs = await programsOf(task);
        const counts = FRAMEWORKS.map((name) => linesOf(programs.get(name) ?? ""));
        return `| [${task}](compare-bots/${task}.md) | ${counts.join(" | ")} |`;
      }),
    );
    const page = await readFile(join(root, "docs/compare-bots.md"), "utf8");
    expect(page.split("\n").filter((line) => line.startsWith("| [") && line.includes("compare-bots/"))).toEqual(rows);
  });

  it("has a page for every task, and a program of every framework on it", async () => {
    expect((await readdir(join(root, "docs/compare-bots"))).toSorted()).toEqual(
      TASKS.map((task) => `${task}.md`).toSorted(),
    );
    for (const task of TASKS) expect([...(await programsOf(task)).keys()]).toEqual(FRAMEWORKS);
  });
});

describe("the programs of Red Room", () => {
  let folder = "";
  let store: ReturnType<typeof memoryStore>;
  let server: RedRoomServer;
  let address = "";
  let anna: RedRoomClient;
  let topic: Topic;
  const bots: ChildProcess[] = [];

  // In the workspace, so that the packages are found.
  beforeAll(async () => {
    folder = await mkdtemp(join(root, ".ready-bots-"));
    for (const task of TASKS)
      await writeFile(join(folder, `${task}.ts`), (await programsOf(task)).get("Red Room") ?? "");
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    store = memoryStore();
    const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
    server = new RedRoomServer({ tls: createCertificate(), store, authenticate });
    ({ address } = await server.listen());
    await server.createTopic(TITLE);
    for (const name of ["anna", "bot"]) await server.setRoles(TITLE, { id: name, name }, ["superuser"]);
    anna = await RedRoomClient.connect(address, { auth: { name: "anna", password: "any" } });
    topic = await anna.topic(TITLE).open();
  });

  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => end(bot, "SIGKILL")));
    await anna.close();
    await server.close({ drainMs: 0 });
  });

  function run(args: readonly string[]): ChildProcess {
    const env = { ...process.env, REDROOM_ADDRESS: address, REDROOM_PASSWORD: "any" };
    const child = spawn(process.execPath, [...NODE_OPTIONS, ...args], { cwd: folder, env });
    bots.push(child);
    return child;
  }

  /** Resolves when the bot has found its place: it handles what comes from then on. */
  async function startBot(task: string): Promise<ChildProcess> {
    const claim = vi.spyOn(store.cursors as CursorStore, "claim");
    const bot = run([`${task}.ts`]);
    const claimed = { type: "fulfilled", value: expect.anything() };
    await vi.waitFor(() => expect(claim.mock.settledResults).toContainEqual(claimed), { timeout: 120_000 });
    claim.mockRestore();
    return bot;
  }

  async function end(bot: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    if (bot.exitCode !== null || bot.signalCode !== null) return bot.exitCode;
    const exit = once(bot, "exit");
    bot.kill(signal);
    const [code] = (await exit) as [number | null];
    return code;
  }

  /** Resolves when the bot has said so many things. */
  async function saidByBot(count: number): Promise<string[]> {
    const texts: string[] = [];
    for await (const { author, text } of topic.messages({ from: "start" })) {
      if (author === "bot") texts.push(text);
      if (texts.length === count) break;
    }
    return texts;
  }

  it.each([
    ["echo", "Hello", "Hello"],
    ["command", "/status", "All is well."],
    ["reminder", "/remind 0.001 Call Bernd", "Call Bernd"],
  ])("%s does what it says, and ends in good order", async (task, note, answer) => {
    const bot = await startBot(task);
    await topic.note(note);
    expect(await saidByBot(1)).toEqual([answer]);
    expect(await end(bot, "SIGTERM")).toBe(0);
  });

  it("follow-up waits for the answer, also over a restart", async () => {
    const first = await startBot("follow-up");
    await topic.note("/order");
    await saidByBot(1);
    await end(first, "SIGKILL");
    await topic.note("Three");
    await startBot("follow-up");
    expect(await saidByBot(2)).toEqual(["How many?", "Ordered: Three."]);
  });

  it("reminder remembers over a restart", async () => {
    const first = await startBot("reminder");
    await topic.note("/remind 0.05 Call Bernd");
    await topic.note("/remind 0 Bernd has called");
    await saidByBot(1);
    await end(first, "SIGKILL");
    await startBot("reminder");
    // A bot that stood still until both were due may have said them in their own order.
    expect((await saidByBot(2)).toSorted()).toEqual(["Bernd has called", "Call Bernd"]);
  });

  it("restart answers what came while it was away, and nothing twice", async () => {
    const first = await startBot("restart");
    await topic.note("one");
    await saidByBot(1);
    await end(first, "SIGKILL");
    await topic.note("two");
    await startBot("restart");
    await topic.note("three");
    expect(await saidByBot(3)).toEqual(["one", "two", "three"]);
  });

  it("test passes", async () => {
    const [code] = await once(run(["--test", "test.ts"]), "exit");
    expect(code).toBe(0);
  });
});
