import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTopic, RedRoomClient, RedRoomError } from "@redroom/sdk";
import type { SqliteStore } from "@redroom/sdk/sqlite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { withStore } from "../src/data-folder.ts";
import { command, type Started, startServer, temporaryFolder } from "./command.ts";
import { runHere } from "./run-here.ts";

const PASSWORD = "Zebra Kanu Tüte Igel";
const CONSENT = "# Einwilligung\n\nIch willige ein.\n";

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
let server: Started;
beforeAll(async () => {
  home = await temporaryFolder();
  folder = join(home.path, "room");
  server = await startServer(folder);
  await withStore(folder, (store) => createTopic(store, "Share Deal"));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const user = (...args: readonly string[]) => runHere("user", ...args, "--data", folder);
const told = async (...args: readonly string[]) => JSON.parse((await user(...args, "--json")).stdout);
const add = (name: string) => command(["user", "add", name, "--password-stdin", "--data", folder], PASSWORD);
const connect = (name: string) =>
  RedRoomClient.connect(server.address, { auth: { name, password: PASSWORD }, reconnect: false });
const ending = (client: RedRoomClient) =>
  new Promise((resolve) => client.once("closed", (cause) => resolve(cause?.code)));

describe("redroom-server user", () => {
  it("disables somebody, whose running session ends, and enables them again", async () => {
    await add("anna");
    const ended = ending(await connect("anna"));
    expect(await told("disable", "ANNA")).toEqual({ name: "anna", disabled: true });
    expect(await ended).toBe("SESSION_REVOKED");
    await expect(connect("anna")).rejects.toMatchObject({ code: "LOGIN_FAILED" });
    expect((await user("list")).stdout).toContain("anna  (disabled)\n");
    expect((await user("enable", "anna")).stdout).toBe("anna may log in.\n");
    await (await connect("anna")).close();
  });

  it("shows an account, and never the hash of its password", async () => {
    await add("berta");
    const shown = await told("show", "berta");
    expect(shown).toEqual({
      id: expect.any(String),
      name: "berta",
      admin: false,
      disabled: false,
      createdAt: expect.stringMatching(/Z$/),
      consentedAt: null,
      consentedTo: null,
      legalHold: false,
    });
    expect((await user("show", "berta")).stdout).toMatch(/^id {12}\S{22}\nname {10}berta\n/);
  });

  it("shows and changes the rights, and keeps the last administrator with 12", async () => {
    await add("clara");
    expect(await told("roles", "clara")).toEqual({ name: "clara", admin: false });
    expect(await told("roles", "clara", "--admin")).toEqual({ name: "clara", admin: true });
    expect((await user("roles", "clara", "--no-admin")).stdout).toBe("clara is no administrator.\n");
    for (const args of [
      ["roles", "admin", "--no-admin"],
      ["disable", "admin"],
      ["erase", "admin"],
    ]) {
      const { code, stdout, stderr } = await user(...args);
      expect([code, stdout]).toEqual([12, ""]);
      expect(stderr).toContain("make somebody else an administrator first");
    }
  });

  it("exports all that is stored of a person, and nothing that others have written", async () => {
    await add("dora");
    await add("emil");
    for (const name of ["dora", "emil"])
      await runHere("topic", "role", "Share Deal", name, "superuser", "--data", folder);
    const [dora, emil] = [await connect("dora"), await connect("emil")];
    const [mine, other] = [await dora.topic("Share Deal").open(), await emil.topic("Share Deal").open()];
    const due = new Date("2099-01-31T12:00:00.000Z");
    await mine.ask("Wie hoch sind die Rückstellungen?", { priority: "high", due });
    await other.send("Das geht niemanden etwas an.");
    await Promise.all([dora.close(), emil.close()]);
    const { stdout } = await user("export", "dora");
    expect(JSON.parse(stdout)).toEqual({
      exportedAt: expect.any(String),
      account: expect.objectContaining({ name: "dora", consentedAt: null }),
      topics: [
        {
          id: expect.any(String),
          title: "Share Deal",
          pseudonym: expect.any(String),
          roles: ["superuser"],
          received: expect.any(Array),
          messages: [
            expect.objectContaining({
              kind: "question",
              text: "Wie hoch sind die Rückstellungen?",
              priority: "high",
              due: due.toISOString(),
            }),
          ],
        },
      ],
    });
    expect(stdout).not.toMatch(/niemanden|argon2/);
  });

  it("does not erase under a legal hold, and erases when it is over; the record still verifies", async () => {
    await add("frida");
    await runHere("topic", "role", "Share Deal", "frida", "superuser", "--data", folder);
    const frida = await connect("frida");
    const ended = ending(frida);
    await (await frida.topic("Share Deal").open()).send("Ich war hier.");
    expect(await told("hold", "frida")).toEqual({ name: "frida", legalHold: true });
    expect(await user("erase", "frida")).toMatchObject({ code: 12, stdout: "" });
    expect(await told("hold", "frida", "--off")).toEqual({ name: "frida", legalHold: false });
    const { id, ...erased } = await told("erase", "frida");
    expect(erased).toEqual({ name: "frida", erased: true });
    expect(await ended).toBe("SESSION_REVOKED");
    expect((await runHere("verify", "--data", folder)).code).toBe(0);
    // Nobody is asked who never comes again.
    expect((await runHere("topic", "members", "Share Deal", "--data", folder)).stdout).not.toContain("erased");
    expect(await user("show", "frida")).toMatchObject({ code: 9 });
    expect(await user("erase", "frida")).toMatchObject({ code: 9 });
    expect((await user("erase", id)).code).toBe(0); // finishes what there may be left to do
    expect((await user("list")).stdout).not.toContain("frida");
  });

  it("says how to finish where the database is busy before somebody erased is out of every topic", async () => {
    await add("gerda");
    await runHere("topic", "role", "Share Deal", "gerda", "superuser", "--data", folder);
    const { id } = await told("show", "gerda");
    const stores: SqliteStore = await withStore(folder, async (store) => Object.getPrototypeOf(store));
    const busy = new RedRoomError("STORE_UNAVAILABLE", "unable to read; the database is busy");
    const head = vi.spyOn(stores, "head").mockRejectedValueOnce(busy);
    const { code, stderr } = await user("erase", "gerda");
    head.mockRestore();
    expect([code, stderr]).toEqual([7, expect.stringContaining(`finish: redroom-server user erase ${id}`)]);
    const members = async () => (await runHere("topic", "members", "Share Deal", "--data", folder)).stdout;
    expect(await members()).toContain("erased");
    expect((await user("erase", id)).code).toBe(0);
    expect(await members()).not.toContain("erased");
  });

  it.each(["show", "roles", "disable", "enable", "consent", "hold", "export", "erase"])(
    "%s of somebody unknown ends with 9, and its help has an example",
    async (name) => {
      const { code, stderr } = await user(name, "nobody");
      expect([code, stderr]).toEqual([9, expect.stringContaining('nobody is called "nobody"')]);
      const help = await runHere("user", name, "--help");
      expect(help.stdout).toMatch(new RegExp(`\\n {2}redroom-server user ${name} anna.* --data \\./room`));
    },
  );
});

describe("consent.md", () => {
  it("is what users have to consent to, is asked for again when it changes, and can be noted and taken back", async () => {
    const other = join(home.path, "consent");
    const run = async (...args: readonly string[]) =>
      JSON.parse((await runHere(...args, "--data", other, "--json")).stdout);
    await runHere("init", "--data", other);
    await writeFile(join(other, "consent.md"), CONSENT.replaceAll("\n", "\r\n"));
    await command(["user", "add", "anna", "--password-stdin", "--data", other], PASSWORD);
    await using started = await startServer(other);
    await using anna = await RedRoomClient.connect(started.address, { auth: { name: "anna", password: PASSWORD } });
    expect(anna.consent?.text).toBe(CONSENT);
    expect(await run("user", "consent", "anna")).toMatchObject({ consentedAt: null, needed: true });
    await anna.consent?.give();
    expect(await anna.topics()).toEqual([]);
    expect(await run("user", "consent", "anna")).toMatchObject({ consentedAt: expect.any(String), needed: false });

    const asked = new Promise<string>((resolve) => anna.once("consentNeeded", ({ text }) => resolve(text)));
    expect(await run("user", "consent", "anna", "--withdrawn")).toMatchObject({ consentedAt: null, needed: true });
    expect(await asked).toBe(CONSENT);
    expect(await run("user", "consent", "anna", "--given")).toMatchObject({ needed: false });
    await writeFile(join(other, "consent.md"), `${CONSENT}Auch in Neues.\n`);
    expect(await run("user", "consent", "anna")).toMatchObject({ consentedAt: expect.any(String), needed: true });
  });

  it.each([
    ["empty", Buffer.from(" \n")],
    ["not UTF-8", Buffer.from([0xff])],
  ])("that is %s ends the start with 2", async (_what, bytes) => {
    const other = join(home.path, `consent ${bytes.length}`);
    await runHere("init", "--data", other);
    await writeFile(join(other, "consent.md"), bytes);
    const ended = await command(["start", "--data", other, "--port", "0"]);
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("consent.md") });
  });
});
