import { once } from "node:events";
import { cp, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RedRoomClient } from "@redroom/sdk";
import { parseAddress } from "@redroom/sdk/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createKey } from "../src/certificate.ts";
import { openDataFolder } from "../src/data-folder.ts";
import { command, spawnCommand, startServer, temporaryFolder } from "./command.ts";

const PASSWORD = /^[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}$/;
const FILES = ["certificate.pem", "config.json", "private-key.pem", "room.db", "room.db.log-key", "server.lock"];

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
beforeEach(async () => {
  home = await temporaryFolder();
  folder = join(home.path, "new", "room");
});
afterEach(() => home[Symbol.asyncDispose]());

const canLogIn = async (address: string, password: string | undefined): Promise<boolean> => {
  if (password === undefined) throw new Error("no password was shown");
  const client = await RedRoomClient.connect(address, { auth: { name: "admin", password } });
  const { admin } = client.user;
  await client.close();
  return admin;
};

describe("redroom-server init", () => {
  it("makes the folder and prints one line of JSON with the address, its pin and the administrator", async () => {
    const { code, stdout, stderr } = await command([
      "init",
      "--data",
      folder,
      "--host",
      "::1",
      "--port",
      "4500",
      "--json",
    ]);

    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^[^\n]+\n$/);
    const made = JSON.parse(stdout);
    expect(made).toEqual({
      address: `redroom://[::1]:4500/#${made.pin}`,
      pin: expect.stringMatching(/^sha256-[\w-]{43}$/),
      admin: { name: "admin", password: expect.stringMatching(PASSWORD) },
    });
    expect((await readdir(folder)).sort()).toEqual(FILES);
    expect(JSON.parse(await readFile(join(folder, "config.json"), "utf8"))).toEqual({ host: "::1", port: 4500, policy: "roles" });
    expect((await readFile(join(folder, "room.db"))).includes(made.admin.password)).toBe(false);

    await using server = await startServer(folder, "--host", "127.0.0.1");
    expect(server.password).toBeUndefined();
    expect(server.address.endsWith(`#${made.pin}`)).toBe(true);
    expect(await canLogIn(server.address, made.admin.password)).toBe(true);
  });

  it.skipIf(process.platform === "win32")("keeps everything for its owner", async () => {
    await command(["init", "--data", folder]);

    const modes = await Promise.all(["", ...FILES].map(async (file) => (await stat(join(folder, file))).mode & 0o777));
    expect(modes).toEqual([0o700, ...FILES.map(() => 0o600)]);
  });

  it("refuses a folder that is initialised, and leaves it as it is", async () => {
    await command(["init", "--data", folder]);
    const before = await contents();

    const again = await command(["init", "--data", folder, "--port", "9999", "--json"]);

    expect(again).toMatchObject({ code: 5, stdout: "" });
    expect(again.stderr).toMatch(/^redroom-server: unable to initialise .*already; start the server: .*\n$/);
    expect(await contents()).toEqual(before);
  });

  it("tells people what was made and what to do next", async () => {
    const { stdout } = await command(["init", "--data", folder, "--host", "0.0.0.0"]);

    expect(stdout).toMatch(/name {6}admin\n {2}password {2}\S{23}\n/);
    expect(stdout).toContain("redroom://127.0.0.1:4433/#sha256-");
    expect(stdout).toContain("write this machine's name or IP address instead of 127.0.0.1");
    expect(stdout).toContain(`redroom-server start --data ${folder}`);
  });
});

describe("the first start", () => {
  it("makes what is missing, once", async () => {
    const first = await startServer(folder, "--host", "127.0.0.1");
    expect(first.password).toMatch(PASSWORD);
    expect(await canLogIn(first.address, first.password)).toBe(true);
    await first.stop();

    await using second = await startServer(folder);
    expect(second.password).toBeUndefined();
    expect(parseAddress(second.address).pin).toEqual(parseAddress(first.address).pin);
    expect(await canLogIn(second.address, first.password)).toBe(true);
  });

  it("shows the password that counts, also when the first attempt was killed as it showed one", async () => {
    const killed = spawnCommand("start", "--data", folder, "--json", "--port", "0");
    const shown = await new Promise<string>((resolve) => killed.stdout?.setEncoding("utf8").once("data", resolve));
    killed.kill("SIGKILL");
    await once(killed, "close");

    await using server = await startServer(folder);
    const before = JSON.parse(shown.split("\n")[0] ?? "").admin.password;
    expect(await canLogIn(server.address, server.password ?? before)).toBe(true);
  });

  it("makes no administrator whose password nobody could see", async () => {
    const refused = openDataFolder(folder, { announce: () => Promise.reject(new Error("nobody listens")) });
    await expect(refused).rejects.toThrow("nobody listens");

    await using opened = await openDataFolder(folder, { announce: async () => {} });
    expect(opened.administrator?.password).toMatch(PASSWORD);
  });

  it("goes on where an interrupted one stopped", async () => {
    const key = createKey();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "private-key.pem"), key);
    await writeFile(join(folder, "certificate.pem.new"), "-----BEGIN CERT");

    await using opened = await openDataFolder(folder, { announce: async () => {} });

    expect(opened.identity.privateKey).toBe(key);
    expect(opened.administrator).toBeDefined();
  });

  it("takes a database that comes from another server, with a key of its own", async () => {
    const elsewhere = join(home.path, "elsewhere");
    const { admin } = JSON.parse((await command(["init", "--data", elsewhere, "--json"])).stdout);
    await mkdir(folder, { recursive: true });
    await cp(join(elsewhere, "room.db"), join(folder, "room.db"));

    await using server = await startServer(folder, "--host", "127.0.0.1");
    expect(server.password).toBeUndefined();
    expect(await canLogIn(server.address, admin.password)).toBe(true);
  });

  it("holds what it opened for itself, until it closes it", async () => {
    const opened = await openDataFolder(folder, { announce: async () => {} });
    await expect(openDataFolder(folder, { announce: async () => {} })).rejects.toMatchObject({ code: "FOLDER_IN_USE" });
    await opened.close();

    await (await openDataFolder(folder, { announce: async () => {} })).close();
  });
});

/** Every byte of the folder. */
async function contents(): Promise<unknown> {
  const files = (await readdir(folder)).sort();
  return Promise.all(files.map(async (file) => [file, (await readFile(join(folder, file))).toString("hex")]));
}
