import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOf, compiled, root, run, writtenOut } from "./documented-code.ts";

const guide = join(root, "docs/guide");
const pages = await Promise.all(
  (await readdir(guide))
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .map(async (name) => ({ name, ...codeOf(await readFile(join(guide, name), "utf8")) })),
);

/** Whether lines are as a page shows them. */
const shown = (text: string): RegExp =>
  new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&").replaceAll("…", ".*")}$`);

describe("the guide", () => {
  it("is written in programs that compile", { timeout: 300_000 }, async () => {
    const files = pages.flatMap(({ name: page, files }) =>
      [...files].map(([name, code]) => [`${page.replace(".md", "")}/${name}`, code] as const),
    );
    await using written = await writtenOut(new Map(files));
    expect(await compiled(written.folder)).toBe("");
  });

  it.each(pages)("$name does what it says", async ({ files, runs }) => {
    expect(runs.length).toBeGreaterThan(0);
    await using written = await writtenOut(files);
    for (const { args, prints } of runs) {
      const { stdout, stderr } = await run(written.folder, args);
      expect(stderr).toBe("");
      if (prints !== undefined) expect(stdout).toMatch(shown(prints));
    }
  });
});
