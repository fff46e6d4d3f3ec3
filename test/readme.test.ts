import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../", import.meta.url));

describe("the README", () => {
  it("shows a program that runs as it stands there", async () => {
    const page = await readFile(join(root, "README.md"), "utf8");
    const program = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(program).toContain("port: 4433");
    // In the workspace, so that the packages are found; on a port of its own, so that it can run beside anything.
    const folder = await mkdtemp(join(root, ".ready-readme-"));
    try {
      await writeFile(join(folder, "example.ts"), program.replace("port: 4433", "port: 0"));
      const args = ["--conditions=@redroom/source", "--import", "tsx", "example.ts"];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: folder });
      expect(stderr).toBe("");
      expect(stdout).toBe("Share Deal: Wie hoch sind die Rückstellungen?\n");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
