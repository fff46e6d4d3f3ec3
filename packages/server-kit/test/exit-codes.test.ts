import { createSocket } from "node:dgram";
import { once } from "node:events";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createCertificate } from "../src/certificate.ts";
import { EXIT_CODES } from "../src/exit-codes.ts";
import { command, temporaryFolder } from "./command.ts";
import { runHere } from "./run-here.ts";

const docs = new URL("../../../docs/server.md", import.meta.url);
const ONE_LINE = /^redroom-server: unable to [^\n]+; [^\n]+\n$/;

let home: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => home[Symbol.asyncDispose]());

/** What the command says as it ends with `code`. */
async function failure(code: number, ...args: readonly string[]): Promise<string> {
  const ended = await runHere(...args);
  expect(ended).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(ONE_LINE) });
  return ended.stderr;
}

describe("a wrong command line ends with 2 and says what is wrong:", () => {
  it.each([
    [["serve"], "unknown command 'serve'"],
    [["start"], "required option '--data <dir>' not specified"],
    [["start", "--data", "room", "--port", "65536"], "whole number from 0 to 65535"],
    [["init", "--data", "room", "--port", "0"], "whole number from 1 to 65535"],
    [["start", "--data", "room", "--log-level", "loud"], "Allowed choices are debug, info"],
    [["start", "--data", "room", "--color"], "unknown option '--color'"],
    [["user", "add", "--data", "room"], "missing required argument 'name'"],
  ])("%j", async (args, reason) => {
    expect(await failure(2, ...args)).toContain(reason);
  });

  it("two ways to choose a password", async () => {
    await runHere("init", "--data", join(home.path, "ways"));
    const args = ["user", "add", "x", "--generate", "--password-stdin", "--data", join(home.path, "ways")];
    expect(await failure(2, ...args)).toContain("exclude each other");
  });
});

describe("a folder that cannot be used ends with 5:", () => {
  it.each(["init", "start"])("%s below a file, or at one", async (verb) => {
    const file = join(home.path, "file");
    await writeFile(file, "");
    expect(await failure(5, verb, "--data", join(file, "room"))).toContain("ENOTDIR");
    expect(await failure(5, verb, "--data", file)).toContain("EEXIST");
    expect(await readFile(file, "utf8")).toBe("");
  });

  it.each(["user list", "topic list", "address", "certificate renew"])(
    "%s in a folder without a room, which it does not make",
    async (words) => {
      const nowhere = join(home.path, "nowhere");
      expect(await failure(5, ...words.split(" "), "--data", nowhere)).toContain(
        `make it: redroom-server init --data ${nowhere}`,
      );
      await expect(readFile(nowhere)).rejects.toMatchObject({ code: "ENOENT" });
    },
  );
});

describe("in a room,", () => {
  let folder: string;
  let file: (name: string) => string;
  const start = (code: number, ...args: readonly string[]) =>
    failure(code, "start", "--data", folder, "--port", "0", ...args);
  beforeAll(() => runHere("init", "--data", join(home.path, "fresh")));
  beforeEach(async () => {
    folder = join(home.path, "room");
    file = (name) => join(folder, name);
    await cp(join(home.path, "fresh"), folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("a port that another program has ends with 3", async () => {
    const other = createSocket("udp4").bind(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address();

    const ended = await command(["start", "--data", folder, "--port", String(port)]);
    other.close();

    expect(ended).toMatchObject({ code: 3, stdout: "", stderr: expect.stringMatching(ONE_LINE) });
    expect(ended.stderr).toContain(String(port));
  });

  it.each(["192.0.2.1", "room.example"])("the host %s, which is not of this machine, ends with 4", async (host) => {
    expect(await start(4, "--host", host)).toContain(host);
  });

  it.each([
    ["an unknown key", { host: "127.0.0.1", prot: 4433 }, 'no setting "prot"'],
    ["a wrong type", { port: "4433" }, '"port" is wrong'],
    ["a port out of range", { port: 0 }, '"port" is wrong'],
    ["a policy that nobody knows", { policy: "anarchy" }, '"policy" is wrong'],
    ["an array", [], "not a JSON object"],
  ])("config.json with %s ends with 2", async (_what, config, reason) => {
    await writeFile(file("config.json"), JSON.stringify(config));
    expect(await start(2)).toContain(reason);
    expect(await failure(2, "address", "--data", folder)).toContain(reason);
  });

  it("config.json that is not JSON ends with 2", async () => {
    await writeFile(file("config.json"), "port = 4433");
    expect(await start(2)).toContain("not JSON");
  });

  // The fields of SQLite's header: what a program calls its files, and their version.
  it.each([
    ["of another program", 68, "another program"],
    ["of a newer version", 60, "it has version 1000"],
  ])("a database %s ends with 7 and is left as it is", async (_what, offset, reason) => {
    const bytes = await readFile(file("room.db"));
    bytes.writeUInt32BE(1000, offset);
    await writeFile(file("room.db"), bytes);

    expect(await start(7)).toContain(reason);
    expect(await failure(7, "user", "list", "--data", folder)).toContain(reason);
    expect(await readFile(file("room.db"))).toEqual(bytes);
  });

  it("a database that is none, or a folder, ends with 7", async () => {
    await writeFile(file("room.db"), "Dear diary, today I learnt about databases. ".repeat(100));
    expect(await start(7)).toContain("not an SQLite database");
    await rm(file("room.db"));
    await mkdir(file("room.db"));
    await start(7);
  });

  it("a certificate that has expired ends with 8 and the command that renews it", async () => {
    const key = await readFile(file("private-key.pem"), "utf8");
    await writeFile(file("certificate.pem"), createCertificate(key, Date.parse("2010-06-01")).certificate);

    const said = await start(8);

    expect(said).toContain("expired on 2020-05-31");
    expect(said).toContain(`redroom-server certificate renew --data ${folder}`);
  });

  it("a certificate that is not valid yet, another key, no certificate, no key: each ends with 8", async () => {
    const key = await readFile(file("private-key.pem"), "utf8");
    await writeFile(file("certificate.pem"), createCertificate(key, Date.now() + 7 * 24 * 3_600_000).certificate);
    expect(await start(8)).toContain("check the clock");

    await writeFile(file("certificate.pem"), createCertificate().certificate);
    expect(await start(8)).toContain("is not the key of");

    await writeFile(file("certificate.pem"), "-----BEGIN CERTIFICATE-----\n");
    expect(await start(8)).toContain("is not a readable certificate");

    await writeFile(file("private-key.pem"), "");
    expect(await start(8)).toContain("is not a readable private key");

    await rm(file("private-key.pem"));
    expect(await start(8)).toContain("is missing");
    expect(await failure(8, "certificate", "renew", "--data", folder)).toContain("is missing");
  });
});

describe("the exit codes", () => {
  it("are in --help", async () => {
    const { code, stdout } = await runHere("start", "--help");
    expect(code).toBe(0);
    for (const { exit, meaning } of EXIT_CODES) expect(stdout).toContain(`${String(exit).padEnd(5)}${meaning}`);
  });

  it("are in docs/server.md, word for word", async () => {
    const page = await readFile(docs, "utf8");
    for (const { exit, meaning } of EXIT_CODES) expect(page).toContain(`| ${exit} | ${meaning} |`);
  });

  it("are given to one meaning each, and no error has two", () => {
    const codes = EXIT_CODES.flatMap((row) => row.codes);
    expect(new Set(codes).size).toBe(codes.length);
    expect(new Set(EXIT_CODES.map(({ exit }) => exit)).size).toBe(EXIT_CODES.length);
  });
});
