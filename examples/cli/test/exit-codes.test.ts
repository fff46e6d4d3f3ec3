import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitCodeOf } from "../src/exit-codes.ts";
import { redroom } from "./processes.ts";
import { as, passwordOf, redroomServer, TestServer, TOPIC } from "./server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Runs redroom with this input, which is then at its end. */
async function run(args: readonly string[], options: Parameters<typeof redroom>[1] & { input?: string | Buffer } = {}) {
  const running = redroom(args, options);
  running.child.stdin?.end(options.input ?? "");
  const code = await running.exit;
  return { code, stdout: running.stdout, stderr: running.stderr };
}

const anna = ["--user", "anna"];
const inTopic = ["--user", "anna", "--topic", TOPIC];

describe("every failure is one clear line and an exit code of its own", () => {
  const cases: [string, number, (address: string) => readonly string[], RegExp][] = [
    ["no command", 2, () => [], /wrong arguments/],
    ["an unknown command", 2, () => ["listen"], /there is no command listen/],
    ["an unknown option", 2, (address) => ["topics", address, ...anna, "--loud"], /there is no option --loud/],
    ["a missing option", 2, (address) => ["topics", address], /--user <NAME> is missing/],
    [
      "a seq that is none",
      2,
      (address) => ["tail", address, ...inTopic, "--from", "0"],
      /--from <SEQ>.* from 1 upwards/,
    ],
    ["an unknown kind", 2, (address) => ["send", address, ...inTopic, "--kind", "x"], /question, answer, note/],
    ["a password on the command line", 2, (address) => ["topics", address, ...anna, "--password", "x"], /no option/],
    ["an address that is none", 2, () => ["topics", "127.0.0.1:4433", ...anna], /the address is wrong/],
    ["neither pin nor CA", 2, () => ["topics", server.withoutPin, ...anna], /do not fit together.*pin/],
    [
      "a CA that is not there",
      2,
      () => ["topics", server.withoutPin, ...anna, "--ca", "/no/ca.pem"],
      /ca\.pem.*ENOENT/,
    ],
    ["chat without a terminal", 2, (address) => ["chat", address, ...anna], /chat needs a terminal.*redroom send/],
    ["another server's pin", 4, () => ["topics", server.wrongPin, ...anna], /not the server of the address/],
    ["an unknown user", 6, (address) => ["topics", address, "--user", "nobody"], /name or password is wrong/],
    ["an unknown topic", 10, (address) => ["tail", address, ...anna, "--topic", "Nope"], /not allowed to do this/],
    ["an unknown recipient", 8, (address) => ["ask", address, ...inTopic, "--to", "x", "Why?"], /nobody to write to/],
    ["a deadline that is none", 2, (address) => ["ask", address, ...inTopic, "--due", "x", "Why?"], /x is no deadline/],
    ["a deadline that is over", 8, (address) => ["ask", address, ...inTopic, "--due", "2020-01-01", "Why?"], /is over/],
    ["an answer to no question", 8, (address) => ["answer", address, ...inTopic, "1", "Yes."], /number does not fit/],
    ["a text too long", 8, (address) => ["send", address, ...inTopic, "x".repeat(65_537)], /too long.*65537.*65536/],
    ["a reference to nothing", 8, (address) => ["send", address, ...inTopic, "--re", "99", "x"], /number does not fit/],
  ];
  it.each(cases)("%s → %i", async (_, code, args, sentence) => {
    const ended = await run(args(server.address), as("anna"));

    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr.trimEnd().split("\n").at(-1)).toMatch(/^redroom: /);
    expect(ended.stderr).toMatch(sentence);
    if (args("").length > 0) expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("a certificate of another authority → 5", async () => {
    const other = join(server.folder, "other");
    await redroomServer(["init", "--data", other]);
    const ca = join(other, "certificate.pem");
    const ended = await run(["topics", server.withoutPin, ...anna, "--ca", ca], as("anna"));
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/^redroom: the server's certificate is not valid .*\n$/);
  });

  it("a wrong password → 6, in German where that is spoken", async () => {
    const env = { REDROOM_PASSWORD: "something else", LC_ALL: "", LANG: "de_DE.UTF-8" };
    const ended = await run(["topics", server.address, ...anna], { env });
    expect(ended).toMatchObject({ code: 6, stdout: "" });
    expect(ended.stderr).toMatch(/^redroom: Name oder Passwort ist falsch .*\n$/);
  });

  it("no server → 3", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    socket.close();
    const address = server.address.replace(/:[0-9]+\//, `:${port}/`);
    const ended = await run(["topics", address, ...anna], as("anna"));
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(/^redroom: no server answers at this address.*\n$/);
  });

  it("maps the other failures of the SDK too", () => {
    expect(exitCodeOf("CERTIFICATE_EXPIRED")).toBe(5);
    expect(exitCodeOf("CONNECTION_LOST")).toBe(9);
    expect(exitCodeOf("NOT_ALLOWED")).toBe(10);
    expect(exitCodeOf("CONSENT_NEEDED")).toBe(10);
    expect(exitCodeOf("STORE_UNAVAILABLE")).toBe(11);
    expect(exitCodeOf("VERSION_UNSUPPORTED")).toBe(12);
    expect(exitCodeOf("ID_REUSED")).toBe(8);
    expect(exitCodeOf("RECORD_DAMAGED")).toBe(13);
    expect(exitCodeOf("PROOF_UNAVAILABLE")).toBe(13);
    expect(exitCodeOf("LOG_FORK")).toBe(14);
    expect(exitCodeOf("INTERNAL")).toBe(1);
  });
});

describe("help", () => {
  it("goes to standard output and ends with 0, in both languages", async () => {
    for (const [language, sentence] of [
      ["en", "print the topics of the server"],
      ["de", "die Themen des Servers ausgeben"],
    ] as const) {
      const ended = await run(["--help", "--lang", language]);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(ended.stdout).toContain(sentence);
    }
  });
});

describe("the password", () => {
  const topics = (): string[] => ["topics", server.address, ...anna];

  it("comes from a file descriptor: a pipe, and nothing behind the line is taken", async () => {
    const args = ["send", server.address, ...inTopic, "--password-fd", "0", "--json"];
    const ended = await run(args, { input: `${passwordOf("anna")}\nfirst\nsecond\n` });
    expect(ended.code).toBe(0);
    expect(ended.stdout.split("\n")).toHaveLength(3);
  });

  it("comes from a file descriptor: a file", async () => {
    const file = join(server.folder, "password");
    writeFileSync(file, `${passwordOf("anna")}\r\nnot this\n`);
    const fd = openSync(file, "r");
    try {
      expect(await run([...topics(), "--password-fd", "3"], { fds: [fd] })).toMatchObject({ code: 0 });
    } finally {
      closeSync(fd);
    }
  });

  it.each([
    [[], /no terminal to ask for the password/],
    [["--password-fd", "0"], /file descriptor 0 holds no password/],
    [["--password-fd", "77"], /file descriptor 77 cannot be read \(EBADF\)/],
  ])("is missed with %j", async (options, sentence) => {
    const ended = await run([...topics(), ...options]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(sentence);
  });
});
