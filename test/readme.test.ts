import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
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

  it("names only commands that an install links: their files are there before anything is built", async () => {
    const page = await readFile(join(root, "README.md"), "utf8");
    const named = new Set([...page.matchAll(/^npx (\S+)/gm)].map(([, command = ""]) => command));
    expect([...named].toSorted()).toEqual(["redroom", "redroom-server"]);
    const linked: string[] = [];
    for (const parent of ["packages", "examples"]) {
      for (const name of await readdir(join(root, parent))) {
        const folder = join(root, parent, name);
        const { bin = {} } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
        for (const [command, file] of Object.entries<string>(bin)) {
          if (!/^(\.\/)?dist\//.test(file) && existsSync(join(folder, file))) linked.push(command);
        }
      }
    }
    expect(linked).toEqual(expect.arrayContaining([...named]));
  });
});
