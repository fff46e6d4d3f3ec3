import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RedRoomClient, RedRoomServer, type Topic, type TopicMessage } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { createCertificate } from "@redroom/server-kit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
