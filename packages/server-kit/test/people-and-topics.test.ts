import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createTopic, RedRoomClient } from "@redroom/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withStore } from "../src/data-folder.ts";
import { command, commandLine, type Started, startServer, temporaryFolder } from "./command.ts";
import { runHere } from "./run-here.ts";

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
let server: Started;
beforeAll(async () => {
  home = await temporaryFolder();
  folder = join(home.path, "room");
  server = await startServer(folder);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const connect = (name: string, password: string) => RedRoomClient.connect(server.address, { auth: { name, password } });
const refusedTo = (name: string, password: string) =>
  expect(connect(name, password)).rejects.toMatchObject({ code: "LOGIN_FAILED" });

describe("while the server runs", () => {
  it("adds a user with a password from standard input, who can log in at once", async () => {
    const added = await command(
      ["user", "add", "Änne", "--password-stdin", "--data", folder],
      "grüße an alle Leute\r\n",
    );

    expect(added).toEqual({ code: 0, stdout: "Added Änne.\n", stderr: "" });
    await using client = await connect("änne", "grüße an alle Leute");
    expect(client.user).toMatchObject({ name: "Änne", admin: false });
  });

  it("adds an administrator with a generated password, shown once", async () => {
    const added = await runHere("user", "add", "bernd", "--admin", "--generate", "--json", "--data", folder);

    const { password, ...user } = JSON.parse(added.stdout);
    expect(user).toEqual({ name: "bernd", admin: true });
    await using client = await connect("bernd", password);
    expect(client.user.admin).toBe(true);
  });

  it("gives somebody a new password, and the old one is refused", async () => {
    const before = JSON.parse((await runHere("user", "add", "carla", "--generate", "--json", "--data", folder)).stdout);
    const after = JSON.parse(
      (await runHere("user", "password", "carla", "--generate", "--json", "--data", folder)).stdout,
    );

    await (await connect("carla", after.password)).close();
    await refusedTo("carla", before.password);
  });

  it("adds a topic that clients see", async () => {
    const { code, stdout } = await runHere("topic", "create", "Vermögensübertragung", "--json", "--data", folder);

    expect(code).toBe(0);
    await using client = await connect("admin", server.password ?? "");
    expect(await client.topics()).toContainEqual(
      expect.objectContaining({ id: JSON.parse(stdout).id, title: "Vermögensübertragung" }),
    );
  });

  it("lists people and topics, and never a password or its hash", async () => {
    await runHere("user", "add", "dora", "--generate", "--data", folder);
    await runHere("topic", "create", "Share Deal", "--data", folder);

    const people = (await runHere("user", "list", "--json", "--data", folder)).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(people[0]).toEqual({
      name: "admin",
      admin: true,
      disabled: false,
      consentedAt: null,
      legalHold: false,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(people.map(({ name }) => name)).toContain("dora");
    expect((await runHere("user", "list", "--data", folder)).stdout).toMatch(/^[\d-]{10} {2}admin {2}admin\n/);

    const topics = (await runHere("topic", "list", "--json", "--data", folder)).stdout.trim().split("\n");
    expect(topics.map((line) => JSON.parse(line))).toContainEqual({
      id: expect.any(String),
      title: "Share Deal",
      createdAt: expect.any(String),
      regulated: false,
      entries: 0,
    });
  });

  it("lists more topics than the store gives at once", async () => {
    const other = join(home.path, "many");
    await runHere("init", "--data", other);
    await withStore(other, (store) =>
      Promise.all(Array.from({ length: 300 }, (_, n) => createTopic(store, `Topic ${n}`))),
    );

    expect((await runHere("topic", "list", "--data", other)).stdout.trim().split("\n")).toHaveLength(300);
  });

  it.each([
    ["a name in other capitals", ["user", "add", "ADMIN", "--generate"], "taken"],
    ["an empty name", ["user", "add", " ", "--generate"], "empty"],
    ["an unknown name", ["user", "password", "nobody", "--generate"], "nobody is called"],
    ["an empty title", ["topic", "create", ""], "empty"],
  ])("refuses %s with 9", async (_what, args, reason) => {
    const { code, stdout, stderr } = await runHere(...args, "--data", folder);

    expect([code, stdout]).toEqual([9, ""]);
    expect(stderr).toMatch(/^redroom-server: unable to [^\n]*\n$/);
    expect(stderr).toContain(reason);
  });

  it("refuses a title that is taken with 9", async () => {
    await runHere("topic", "create", "Twice", "--data", folder);
    expect(await runHere("topic", "create", "Twice", "--data", folder)).toMatchObject({ code: 9 });
  });

  it.each([
    ["too short", "short\n", /5 characters, at least 15/],
    ["two lines", "one line\nand another\n", /more than one line/],
  ])("refuses a password that is %s with 9", async (_what, input, reason) => {
    const refused = await command(["user", "add", "emil", "--password-stdin", "--data", folder], input);

    expect(refused).toMatchObject({ code: 9, stdout: "" });
    expect(refused.stderr).toMatch(reason);
    expect(refused.stderr).not.toContain("line\nand");
  });

  // Python has the one pseudo-terminal that every machine with a shell has.
  describe.skipIf(process.platform === "win32")("at a terminal", () => {
    it("asks for the password twice, without echo", async () => {
      const { code, screen } = await typeAt(["user", "add", "frida"], ["geheim und lang", "geheim und lang"]);

      expect([code, screen]).toEqual([0, "Password for frida: \nOnce more: \nAdded frida.\n"]);
      await (await connect("frida", "geheim und lang")).close();
    });

    it("refuses two that differ, with 9", async () => {
      const { code, screen } = await typeAt(["user", "add", "gerd"], ["geheim und lang", "geheim und länger"]);

      expect(code).toBe(9);
      expect(screen).toContain("the two are not the same");
      expect(screen).not.toContain("geheim");
    });
  });

  it("wants to know how to choose a password when there is no terminal to ask at", async () => {
    const refused = await command(["user", "add", "emil", "--data", folder]);

    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("give either --password-stdin or --generate");
  });
});

/** Runs the command at a pseudo-terminal, and answers each of its questions as soon as it stands there. */
async function typeAt(args: readonly string[], answers: readonly string[]) {
  const python = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
  const child = spawn("python3", ["-c", python, ...commandLine(...args, "--data", folder)]);
  const left = [...answers];
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text.replaceAll("\r", "");
    if (screen.endsWith(": ") && left.length > 0) child.stdin.write(`${left.shift()}\r`);
  });
  const [code] = await once(child, "close");
  return { code, screen };
}
