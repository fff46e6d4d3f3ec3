import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportOf, hasOpenssl, type Said, verifyWithPython } from "./exported.ts";
import { redroom } from "./processes.ts";

const MESSAGES = 10_000;
const TEXTS = [
  "Wie hoch sind die Rückstellungen?",
  "<b>€ 25.000</b> & mehr",
  "zwei\nZeilen",
  "כמה זה עולה?",
  "🧾".repeat(40),
];
const said: Said[] = Array.from({ length: MESSAGES }, (_, index) => ({
  by: ["anna", "bernd", "carla"][index % 3] ?? "",
  text: `${index + 1}: ${TEXTS[index % TEXTS.length]}`,
  ...(index % 2 === 1 && { kind: "answer" as const, re: index }),
}));

/** Any browser of this family, by the names that they have. */
const browser = ["chromium", "chromium-browser", "google-chrome"].find((name) => {
  try {
    return execFileSync(name, ["--version"], { stdio: ["ignore", "pipe", "ignore"] }).length > 0;
  } catch {
    return false;
  }
});

let home: string;
let folder: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "redroom-export-"));
  const started = performance.now();
  folder = await exportOf("Share Deal", said, home);
  report("written and exported", started);
});
afterAll(() => rm(home, { recursive: true, force: true }));

const report = (what: string, started: number): void =>
  console.log(`${MESSAGES} messages ${what} in ${((performance.now() - started) / 1000).toFixed(1)} s`);

describe(`an export of ${MESSAGES} messages`, () => {
  it("verifies with the command", async () => {
    const started = performance.now();
    await using verifying = redroom(["verify", folder, "--json"]);
    expect(await verifying.exit).toBe(0);
    report("verified by redroom verify", started);
    expect(verifying.json()).toMatchObject([{ valid: true, entries: MESSAGES + 1, visible: MESSAGES + 1 }]);
  });

  it.skipIf(!hasOpenssl)("verifies with Python and openssl", async () => {
    const started = performance.now();
    expect(await verifyWithPython(join(folder, "verify.py"), folder)).toEqual({ valid: true });
    report("verified by verify.py", started);
  });

  it.skipIf(browser === undefined)(
    `shows every message in order in a real browser${browser === undefined ? " (skipped: no Chromium is installed)" : ""}`,
    { timeout: 300_000 },
    async () => {
      const dom = await shownBy(browser ?? "", join(folder, "index.html"));

      const shown = [
        ...dom.matchAll(/<article id="n(\d+)"[^>]*>[\s\S]*?<bdi>([^<]*)<\/bdi>[\s\S]*?<p[^>]*>([\s\S]*?)<\/p>/g),
      ];
      expect(shown.map(([, seq, by, text = ""]) => ({ seq: Number(seq), by, text: unescaped(text) }))).toEqual([
        ...said.map(({ by, text }, index) => ({ seq: index + 1, by, text })),
        { seq: MESSAGES + 1, by: "operator", text: `Export of entries 1 to ${MESSAGES + 1} by the operator` },
      ]);
    },
  );
});

/** What the browser has made of the page: parsed, with its policy applied, and written out again. */
async function shownBy(command: string, page: string): Promise<string> {
  const options = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${join(home, "browser")}`];
  const { stdout } = await promisify(execFile)(command, [...options, "--dump-dom", pathToFileURL(page).href], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout;
}

const unescaped = (html: string): string =>
  html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
