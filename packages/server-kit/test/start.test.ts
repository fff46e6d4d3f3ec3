import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { createTopic, createUser, RedRoomClient, setRoles } from "@redroom/sdk";
import { parseAddress } from "@redroom/sdk/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withStore } from "../src/data-folder.ts";
import { command, spawnCommand, startServer, temporaryFolder } from "./command.ts";

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
beforeEach(async () => {
  home = await temporaryFolder();
  folder = join(home.path, "room");
});
afterEach(() => home[Symbol.asyncDispose]());

const connect = (address: string, password: string | undefined, name = "admin") =>
  RedRoomClient.connect(address, { auth: { name, password: password ?? "" } });

const PASSWORD = "correct horse battery";

/** Adds a topic, and anna, who may write in it. */
const openTopic = (data: string, title: string): Promise<void> =>
  withStore(data, async (store) => {
    const member = await createUser(store.users, { name: "anna", password: PASSWORD });
    const { id } = await createTopic(store, title);
    await setRoles(store, id, { member, roles: ["superuser"] }, { by: { id: "operator", name: "operator" } });
  });

async function textsOf(client: RedRoomClient, title: string): Promise<string[]> {
  return (await client.topic(title).history()).map(({ text }) => text);
}

describe("redroom-server start", () => {
  it("keeps what it acked, though it is killed right after", async () => {
    const server = await startServer(folder);
    await openTopic(folder, "Share Deal");
    const client = await connect(server.address, PASSWORD, "anna");
    const topic = await client.topic("Share Deal").open();
    await topic.send("Wie hoch sind die Rückstellungen?");
    await server.stop("SIGKILL");
    await client.close({ drainMs: 0 });

    await using again = await startServer(folder);
    await using reader = await connect(again.address, PASSWORD, "anna");
    expect(await textsOf(reader, "Share Deal")).toEqual(["Wie hoch sind die Rückstellungen?"]);
  });

  it("keeps it also when somebody has looked into the file with SQL meanwhile", async () => {
    await command(["init", "--data", folder]);
    const server = await startServer(folder);
    const sql = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM topics'); c.close()";
    const looking = spawn("python3", ["-c", sql, join(folder, "room.db")]);
    expect(await once(looking, "close")).toEqual([0, null]);
    await openTopic(folder, "Share Deal");
    const client = await connect(server.address, PASSWORD, "anna");
    await (await client.topic("Share Deal").open()).send("Stored after the look");
    await server.stop("SIGKILL");
    await client.close({ drainMs: 0 });

    await using again = await startServer(folder);
    await using reader = await connect(again.address, PASSWORD, "anna");
    expect(await textsOf(reader, "Share Deal")).toEqual(["Stored after the look"]);
  });

  it("ends with 0 at SIGTERM, tells its clients, and leaves the database as a single file", async () => {
    const server = await startServer(folder);
    await using client = await connect(server.address, server.password);
    const changed = new Promise((resolve) => client.once("state", resolve));

    const ended = await server.stop("SIGTERM");

    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(await changed).toMatchObject({ previous: "online", code: "SHUTTING_DOWN" });
    expect(await readdir(folder)).not.toEqual(expect.arrayContaining([expect.stringMatching(/-wal|-shm/)]));
  });

  it("ends with 0 at SIGINT too, and logs JSON lines without content or the machine's name", async () => {
    const server = await startServer(folder, "--log-level", "debug");
    await openTopic(folder, "Secret title");
    const client = await connect(server.address, PASSWORD, "anna");
    await (await client.topic("Secret title").open()).send("secret text");
    await client.close();

    const { code, stdout, stderr } = await server.stop("SIGINT");

    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(2);
    const lines = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(["listening", "somebody is online", "somebody is offline", "stopping", "stopped"]),
    );
    for (const line of lines) expect(line).toMatchObject({ level: expect.any(String), time: expect.any(String) });
    expect(stderr).not.toMatch(/[Ss]ecret|hostname|anna/);
    expect(stderr).not.toContain(server.password);
  });

  it("refuses a folder that another server is running on, and takes it over once that is gone, however it went", async () => {
    const first = await startServer(folder);

    const second = await command(["start", "--data", folder, "--port", "0"]);
    expect(second).toMatchObject({ code: 6, stdout: "" });
    expect(second.stderr).toMatch(/^redroom-server: unable to use the data folder .*another server .*; stop that one/);

    await first.stop("SIGKILL");
    await using third = await startServer(folder);
    expect(third.address).toContain("redroom://");
  });

  it("runs beside another one, and its database opens in the other's folder after a clean stop", async () => {
    const other = join(home.path, "other");
    await using one = await startServer(folder);
    const two = await startServer(other);
    await openTopic(other, "Ausstehende Einlagen");
    const client = await connect(two.address, PASSWORD, "anna");
    await (await client.topic("Ausstehende Einlagen").open()).send("€ 25.000 🧾");
    await client.close();
    await Promise.all([one.stop(), two.stop()]);
    await cp(join(other, "room.db"), join(folder, "room.db"));

    await using moved = await startServer(folder);
    expect(parseAddress(moved.address).pin).toEqual(parseAddress(one.address).pin);
    await using reader = await connect(moved.address, PASSWORD, "anna");
    expect(await textsOf(reader, "Ausstehende Einlagen")).toEqual(["€ 25.000 🧾"]);
  });

  it("prints an address that can be dialled when it listens everywhere", async () => {
    await using server = await startServer(folder, "--host", "0.0.0.0");

    expect(server.address).toMatch(/^redroom:\/\/127\.0\.0\.1:/);
    await using client = await connect(server.address, server.password);
    expect(client.user.name).toBe("admin");
  });

  it("serves on when nobody reads its output any more, and says nothing about it", async () => {
    await command(["init", "--data", folder]);
    const child = spawnCommand("start", "--data", folder, "--port", "0", "--json");
    child.stdout?.destroy();
    let log = "";
    await new Promise<void>((resolve) =>
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        log += text;
        if (log.includes('"listening"')) resolve();
      }),
    );
    child.kill("SIGTERM");

    expect(await once(child, "close")).toEqual([0, null]);
    expect(log).not.toContain("EPIPE");
  });

  it("makes no administrator when its password cannot be shown", async () => {
    const child = spawnCommand("start", "--data", folder, "--port", "0");
    child.stdout?.destroy();
    const [code] = await once(child, "close");
    expect(code).toBe(1);

    await rm(join(folder, "config.json"));
    await using server = await startServer(folder);
    expect(server.password).toBeDefined();
  });
});
