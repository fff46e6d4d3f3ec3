import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const program = join(root, "test/packaging/typed-metadata.ts");

/** What the compiler has to say; nothing when all is well. */
async function compile(project: string): Promise<string> {
  try {
    return (await promisify(execFile)(process.execPath, [tsc, "-p", project, "--noEmit"])).stdout;
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}

describe("custom types of an application", () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "redroom-types-")));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  it("are those of messages, in the published package", { timeout: 300_000 }, async () => {
    await promisify(execFile)(process.execPath, [join(root, "scripts/ready.mjs"), "--build"]);
    installTypes(folder);
    cpSync(program, join(folder, "program.ts"));
    const compilerOptions = {
      target: "es2023",
      module: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
    expect(await compile(folder)).toBe("");
  });
});

/** The packed package as `npm install` unpacks it, beside those that its types are made of. */
function installTypes(project: string): void {
  const scope = join(project, "node_modules/@redroom");
  mkdirSync(scope, { recursive: true });
  const options = `--json --ignore-scripts --loglevel=error --pack-destination "${project}" -w @redroom/sdk`;
  const packed = execFileSync(`npm pack ${options}`, { cwd: root, shell: true, encoding: "utf8" });
  const [{ filename }] = JSON.parse(packed) as [{ readonly filename: string }];
  execFileSync("tar", ["-xzf", filename.replace(/^.*[\\/]/, ""), "-C", "node_modules/@redroom"], { cwd: project });
  cpSync(join(scope, "package"), join(scope, "sdk"), { recursive: true });
  for (const name of ["eventemitter3", "valibot"]) {
    symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name), "junction");
  }
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
}
