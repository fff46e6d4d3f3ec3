import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NODE_OPTIONS } from "../../../test/command-of.ts";
import { readConversation } from "../src/conversation.ts";

const { topics, lines } = readConversation();
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "redroom-demo-test-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs the demo in a process group of its own. */
async function runDemo(onOutput: (output: string, pid: number) => void = () => {}) {
  const child = spawn(process.execPath, [...NODE_OPTIONS, fileURLToPath(new URL("../src/main.ts", import.meta.url))], {
    env: { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder },
    detached: process.platform !== "win32",
  });
  const pid = child.pid ?? 0;
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    onOutput(output, pid);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, errors, pid };
}

describe("the demo", () => {
  it("plays the whole conversation and finds every message stored once and received by everybody", async () => {
    const { code, output, errors } = await runDemo();
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(output).toContain(`✔ ${lines.length} of ${lines.length} messages`);
    for (const title of topics) {
      const count = lines.filter(({ topic }) => topic === title).length;
      expect(output).toContain(`${title}: ${count} messages`);
    }
    expect(output).toMatch(/publish → ack +median +[\d.]+ ms +worst +[\d.]+ ms/);
    expect(output).toMatch(/publish → delivered +median +[\d.]+ ms +worst +[\d.]+ ms/);
    expect(output).not.toContain("\u001b");
    const [, file = ""] = /The record is (.*)/.exec(output) ?? [];
    expect(existsSync(file)).toBe(true);
  });

  it.skipIf(process.platform === "win32")(
    "ends at once, with all its processes, when interrupted",
    async () => {
      let interrupted = false;
      const { code, errors, pid } = await runDemo((output, demo) => {
        if (interrupted || !output.includes("question 6")) return;
        interrupted = true;
        process.kill(demo, "SIGINT");
      });
      expect({ code, errors }).toEqual({ code: 130, errors: "" });
      // Our own are gone; what they had started themselves (the loader's compiler) follows when its pipe closes.
      await vi.waitFor(() => expect(() => process.kill(-pid, 0)).toThrow("ESRCH"), { timeout: 60_000 });
    },
    180_000,
  );
});
