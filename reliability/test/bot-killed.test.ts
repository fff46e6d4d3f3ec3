import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { NODE_OPTIONS } from "../../test/command-of.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

it("a bot killed ten times answers each of a hundred questions, and none twice", { timeout: 300_000 }, async () => {
  const args = [...NODE_OPTIONS, main, "bot-killed", "--short", "--seed", "1"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain("kills: 10,");
  expect(stdout).toContain("questions: 100");
  expect(stdout).toContain("✔ held");
});
