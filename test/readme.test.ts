import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, run, writtenOut } from "./documented-code.ts";

describe("the README", () => {
  it("shows a program that runs as it stands there", async () => {
    const page = await readFile(join(root, "README.md"), "utf8");
    const program = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(program).toContain("port: 4433");
    await using written = await writtenOut(new Map([["example.ts", program]]));
    const { stdout, stderr } = await run(written.folder, ["example.ts"]);
    expect(stderr).toBe("");
    expect(stdout).toBe("Share Deal: Wie hoch sind die Rückstellungen?\n");
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
