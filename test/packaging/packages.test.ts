import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../../packages/sdk/src/testing/test-certificate.ts";
import { codeOf } from "../documented-code.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(import.meta.url);
const programs = ["program.ts", "serve.ts", "only-client.ts", "ask.ts"];
/** What somebody writes who follows it. */
const guide = codeOf(readFileSync(join(root, "docs/guide/first-bot.md"), "utf8")).files;

/** Server side only: whoever uses just the client gets along without them. */
const serverOnly = ["better-sqlite3", "@node-rs"];

describe("the published packages", () => {
  // realpath: macOS reaches its temporary folder by a symbolic link, and the workspace must not be a parent of it.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "redroom-packed-")));
  const project = join(folder, "project");
  const clientProject = join(folder, "client");
  const redroomServer = join(project, "node_modules/@redroom/server-kit/bin/redroom-server.js");

  beforeAll(async () => {
    await run([join(root, "scripts/ready.mjs"), "--build"]);
    install(pack(folder), project);
    for (const name of programs) cpSync(join(root, "test/packaging", name), join(project, name));
    for (const [name, code] of guide) writeFileSync(join(project, name), code);
    const { certificate, privateKey } = makeCertificate();
    writeFileSync(join(project, "certificate.pem"), certificate);
    writeFileSync(join(project, "key.pem"), privateKey);
    await run([require.resolve("typescript/bin/tsc"), "-p", project]);
    cpSync(project, clientProject, {
      recursive: true,
      filter: (path) => !serverOnly.some((name) => path.startsWith(join(project, "node_modules", name))),
    });
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  it("run a typed client and server outside the workspace", async () => {
    const printed = await run(["program.js"], project);
    expect(JSON.parse(printed)).toMatchObject({
      address: expect.stringMatching(/^redroom:\/\/127\.0\.0\.1:\d+\/#sha256-/),
      seq: 2, // behind the entry that lets anna in
      texts: ["Wie hoch sind die Rückstellungen?"],
    });
    expect(existsSync(join(project, "room.db"))).toBe(true);
  });

  it("let a client work where neither SQLite nor the password hash can be loaded", async () => {
    const server = spawn(process.execPath, ["serve.js"], { cwd: project, stdio: ["pipe", "pipe", "inherit"] });
    try {
      const [address] = await once(createInterface(server.stdout), "line");
      const printed = await run(["only-client.js", address], clientProject);
      expect(JSON.parse(printed)).toEqual({ seq: 2 });
      await expect(run(["serve.js"], clientProject)).rejects.toThrow(/better-sqlite3/);
      server.stdin.end();
      expect(await once(server, "exit")).toEqual([0, null]);
    } finally {
      server.kill("SIGKILL");
    }
  });

  it("install the redroom-server command", async () => {
    expect(await run([redroomServer, "--help"], project)).toContain("redroom-server");
  });

  it("test the first bot of the guide", async () => {
    await run(["--test", "rates.test.js"], project);
  });

  it("run the first bot of the guide against a server", { timeout: 300_000 }, async () => {
    const data = join(folder, "room");
    const operate = (args: string[], input = "") => run([redroomServer, ...args, "--data", data], project, { input });
    const server = start([redroomServer, "start", "--data", data, "--port", "0", "--json"]);
    try {
      let address: string | undefined;
      while (address === undefined) ({ address } = JSON.parse(await server.line()) as { address?: string });
      const password = "correct horse battery";
      for (const name of ["anna", "rates"]) await operate(["user", "add", name, "--password-stdin"], password);
      const members = ["--member", "anna:superuser", "--member", "rates:interviewer,interviewee"];
      await operate(["topic", "create", "Share Deal", ...members]);
      const bot = start(["main.js"], { REDROOM_ADDRESS: address, REDROOM_PASSWORD: password });
      try {
        expect(await bot.line()).toBe("ready");
        expect(await run(["ask.js", address], project)).toBe("1.1718\n");
        bot.child.kill("SIGTERM");
        expect(await bot.exit).toEqual([0, null]);
      } finally {
        bot.child.kill("SIGKILL");
      }
    } finally {
      server.child.kill("SIGKILL");
      await server.exit;
    }
  });

  /** A program of the project that goes on. */
  function start(args: string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn(process.execPath, args, {
      cwd: project,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    /** The next line that it prints. */
    const line = async (): Promise<string> => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${args[0]} has ended`);
      return value;
    };
    return { child, line, exit: once(child, "exit") };
  }
});

async function run(args: string[], cwd = root, { input = "" } = {}): Promise<string> {
  try {
    const running = promisify(execFile)(process.execPath, args, { cwd });
    running.child.stdin?.end(input);
    return (await running).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`node ${args.join(" ")} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Through the shell, because npm is a batch file on Windows; no argument comes from outside. */
function npm(args: string, cwd: string): string {
  return execFileSync(`npm ${args}`, { cwd, shell: true, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function pack(folder: string): string[] {
  const output = npm(
    `pack --json --ignore-scripts --loglevel=error --pack-destination "${folder}" -w @redroom/sdk -w @redroom/server-kit`,
    root,
  );
  const packed = JSON.parse(output) as { filename: string }[];
  return packed.map(({ filename }) => join(folder, basename(filename)));
}

/**
 * An empty project with the packed packages. Only one thing is not as a user's `npm install` does it: SQLite is not
 * compiled again (a minute); the workspace's own binary of the same version takes its place.
 */
function install(tarballs: string[], project: string): void {
  const sqlite = join(root, "node_modules/better-sqlite3");
  const { version } = JSON.parse(readFileSync(join(sqlite, "package.json"), "utf8")) as { version: string };
  const { overrides } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { overrides: object };
  const [sdk, serverKit] = tarballs.map((path) => `file:${path.replaceAll("\\", "/")}`);
  const compilerOptions = {
    target: "es2023",
    module: "nodenext",
    strict: true,
    rewriteRelativeImportExtensions: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  mkdirSync(project);
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({
      type: "module",
      dependencies: { "@redroom/sdk": sdk, "@redroom/server-kit": serverKit },
      overrides: { ...overrides, "better-sqlite3": version },
    }),
  );
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: [...programs, ...guide.keys()] }),
  );
  npm("install --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error", project);
  cpSync(join(sqlite, "build/Release"), join(project, "node_modules/better-sqlite3/build/Release"), {
    recursive: true,
  });
}
