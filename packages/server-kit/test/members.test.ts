import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createUser, RedRoomClient, type Topic, type TopicMessage } from "@redroom/sdk";
import { parseContent, parseLeaf } from "@redroom/sdk/evidence";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { withStore } from "../src/data-folder.ts";
import { command, type Started, startServer, temporaryFolder } from "./command.ts";
import { runHere } from "./run-here.ts";

const PASSWORD = "correct horse battery";
const PEOPLE = ["anna", "bernd", "carla"];

let home: Awaited<ReturnType<typeof temporaryFolder>>;
let folder: string;
let server: Started;
const opened: RedRoomClient[] = [];
beforeAll(async () => {
  home = await temporaryFolder();
  folder = join(home.path, "room");
  server = await startServer(folder);
  await addPeople(folder);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((client) => client.close()));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const addPeople = (data: string) =>
  withStore(data, ({ users }) => Promise.all(PEOPLE.map((name) => createUser(users, { name, password: PASSWORD }))));

async function connect(name: string, address = server.address): Promise<RedRoomClient> {
  const client = await RedRoomClient.connect(address, { auth: { name, password: PASSWORD } });
  opened.push(client);
  return client;
}

const enter = async (name: string, title: string): Promise<Topic> =>
  (await connect(name)).topic(title).open({ from: "start" });

const topic = (...args: readonly string[]) => runHere("topic", ...args, "--data", folder);
const rolesIn = async (title: string): Promise<object[]> =>
  (await topic("members", title, "--json")).stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** Who did what, as the file holds it. */
function recordOf(title: string, data = folder): Promise<string[]> {
  return withStore(data, async (store) => {
    const { id } = (await store.findTopic({ title })) ?? { id: "" };
    const people = await store.people(id);
    const nameOf = (pseudonym: string): string => people.get(pseudonym)?.name ?? pseudonym;
    return (await store.read(id, { from: 1, limit: 100 })).flatMap(({ leaf, content = "" }) => {
      const { kind, by, to = [] } = parseLeaf(leaf) ?? {};
      if (kind === "delivery") return [];
      return [`${nameOf(by ?? "")} ${kind} ${to.map(nameOf).join(" ")}: ${parseContent(content)}`];
    });
  });
}

describe("redroom-server topic", () => {
  it("creates a regulated topic with its members, who see it and their roles at once", async () => {
    const created = await command([
      ...["topic", "create", "Share Deal", "--regulated", "--json", "--data", folder],
      ...["--member", "anna:interviewer,interviewee", "--member", "BERND:superuser"],
    ]);

    expect(created).toMatchObject({ code: 0, stderr: "" });
    const { id, ...facts } = JSON.parse(created.stdout);
    const members = [
      { name: "anna", roles: ["interviewer", "interviewee"] },
      { name: "bernd", roles: ["superuser"] },
    ];
    expect(facts).toEqual({ title: "Share Deal", regulated: true, members });
    const anna = await connect("anna");
    expect(await anna.topics()).toEqual([expect.objectContaining({ id, regulated: true })]);
    expect((await anna.topic("Share Deal").open()).self).toMatchObject({
      roles: ["interviewer", "interviewee"],
      capabilities: ["ask", "answer", "readAddressed"],
    });
    expect(await (await connect("carla")).topics()).toEqual([]);
  });

  it("shows who belongs to a topic, and that a topic is regulated", async () => {
    await topic("create", "Shown", "--regulated", "--member", "bernd:archivist", "--member", "anna:legal,interviewer");

    expect((await topic("members", "Shown")).stdout).toBe("anna   legal, interviewer\nbernd  archivist\n");
    expect(await rolesIn("Shown")).toEqual([
      { id: expect.any(String), name: "anna", roles: ["legal", "interviewer"] },
      { id: expect.any(String), name: "bernd", roles: ["archivist"] },
    ]);
    expect((await topic("list")).stdout).toMatch(/^[\d-]{10} +2 {2}regulated {2}Shown$/m);
    const listed = (await topic("list", "--json")).stdout.trim().split("\n");
    expect(listed.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ title: "Shown", regulated: true, entries: 2 }),
    );
  });

  it("tells that nobody belongs to a topic yet, and shows nobody", async () => {
    expect((await topic("create", "Empty")).stdout).toBe('Created the topic "Empty". Nobody belongs to it yet.\n');
    expect(await topic("members", "Empty")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("gives roles in the operator's name, whatever they were before, and takes them all", async () => {
    await topic("create", "Roles", "--member", "anna:superuser");

    expect((await topic("role", "Roles", "Anna", "legal", "interviewee")).stdout).toBe(
      'anna is legal, interviewee in "Roles" now.\n',
    );
    expect(await rolesIn("Roles")).toMatchObject([{ name: "anna", roles: ["legal", "interviewee"] }]);
    expect((await topic("role", "Roles", "anna")).stdout).toBe('anna does not belong to "Roles" any more.\n');

    expect(await rolesIn("Roles")).toEqual([]);
    expect(await recordOf("Roles")).toEqual([
      "operator membership anna: superuser",
      "operator membership anna: legal interviewee",
      "operator membership anna: ",
    ]);
  });

  it("is felt by those who are there: another role within a second, without a new login", async () => {
    await topic("create", "Felt", "--member", "anna:interviewer");
    const anna = await connect("anna");
    const joined = await anna.topic("Felt").open();
    await expect(joined.note("May I?")).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    const changed = new Promise((resolve) => anna.on("rights", ({ self }) => resolve(self.roles)));

    await topic("role", "Felt", "anna", "superuser");

    expect(await changed).toEqual(["superuser"]);
    expect(await joined.note("Now I may.")).toMatchObject({ duplicate: false });
  });

  it("gives a removed member nothing that is said behind the removal, not even before the server has looked", async () => {
    const members = ["anna:superuser", "bernd:superuser", "carla:archivist"].flatMap((one) => ["--member", one]);
    await topic("create", "Removal", ...members);
    const [anna, carla] = [await enter("anna", "Removal"), await enter("carla", "Removal")];
    const client = await connect("bernd");
    const heard: string[] = [];
    client.on("message", ({ message }) => heard.push(message.text));
    const removed = new Promise((resolve) => client.on("topicFailed", ({ error }) => resolve(error.code)));
    const bernd = await client.topic("Removal").open();
    await anna.note("Bernd is here.");

    await topic("role", "Removal", "bernd");
    const { seq } = await anna.note("Bernd has left.");

    await until(carla, (message) => message.seq === seq);
    expect(await removed).toBe("NOT_ALLOWED");
    expect(heard).toEqual(["Bernd is here."]);
    expect((await client.topics()).map(({ title }) => title)).not.toContain("Removal");
    await expect(bernd.history()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    await expect(client.topic("Removal").open()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });

  it("reveals what waited for somebody who need not answer any more, and the server tells it", async () => {
    const members = ["anna:interviewer,interviewee", "bernd:interviewer,interviewee"];
    await topic("create", "Exchange", "--regulated", ...members.flatMap((one) => ["--member", one]));
    const [anna, bernd] = [await enter("anna", "Exchange"), await enter("bernd", "Exchange")];
    await bernd.ask("What do you pay?");
    const asked = await anna.ask("What do you want?");
    await bernd.answer(asked, "25.000 €");

    await topic("role", "Exchange", "anna", "interviewer");

    expect(await until(anna, ({ kind }) => kind === "answer")).toMatchObject({ text: "25.000 €" });
    expect((await recordOf("Exchange")).slice(-2)).toEqual([
      "operator membership anna: interviewer",
      "server reveal anna bernd: ",
    ]);
  });

  it.each([
    ["an administrator", ["role", "Refused", "admin", "legal"], "an administrator sees no content"],
    ["an unknown role", ["role", "Refused", "anna", "boss"], 'none called "boss"; the roles are interviewer, '],
    ["a role named twice", ["role", "Refused", "anna", "legal", "legal"], "one is named twice"],
    ["an unknown name", ["role", "Refused", "nobody", "legal"], 'nobody is called "nobody"'],
    ["the removal of somebody who does not belong to it", ["role", "Refused", "carla"], "do not belong"],
    ["an unknown topic", ["role", "Nowhere", "anna", "legal"], 'none called "Nowhere"'],
    ["to show the members of one", ["members", "Nowhere"], 'none called "Nowhere"'],
  ])("refuses %s with 9, and writes nothing", async (_what, args, reason) => {
    await topic("create", "Refused", "--member", "anna:archivist");

    const { code, stdout, stderr } = await topic(...args);

    expect([code, stdout]).toEqual([9, ""]);
    expect(stderr).toMatch(/^redroom-server: unable to [^\n]*\n$/);
    expect(stderr).toContain(reason);
    expect(await recordOf("Refused")).toEqual(["operator membership anna: archivist"]);
  });

  it.each([
    ["an administrator", "admin:legal", 9],
    ["an unknown role", "bernd:boss", 9],
    ["an unknown name", "nobody:legal", 9],
    ["no roles", "bernd", 2],
    ["an empty role", "bernd:legal,", 2],
  ])("makes no topic with %s among its members", async (_what, member, exit) => {
    const { code } = await topic("create", "Never", "--member", "anna:archivist", "--member", member);

    expect(code).toBe(exit);
    expect((await topic("list")).stdout).not.toContain("Never");
  });
});

describe('with "policy": "members" in config.json', () => {
  it("members write and read whatever they are called, and nobody else does", async () => {
    const plain = join(home.path, "plain");
    await runHere("init", "--data", plain);
    const config = join(plain, "config.json");
    expect(JSON.parse(await readFile(config, "utf8"))).toMatchObject({ policy: "roles" });
    await writeFile(config, JSON.stringify({ policy: "members" }));
    await addPeople(plain);
    await runHere("topic", "create", "Chat", "--member", "anna:host", "--member", "bernd:guest", "--data", plain);
    await using chat = await startServer(plain);

    const [anna, bernd] = [await connect("anna", chat.address), await connect("bernd", chat.address)];
    await (await anna.topic("Chat").open()).note("Hello");
    expect((await bernd.topic("Chat").history()).map(({ text }) => text)).toContain("Hello");
    const carla = await connect("carla", chat.address);
    await expect(carla.topic("Chat").open()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });
});

/** Reads on until a message comes. */
async function until(read: Topic, wanted: (message: TopicMessage) => boolean): Promise<TopicMessage> {
  for await (const message of read.messages({ from: "start" })) if (wanted(message)) return message;
  throw new Error("the topic has ended");
}
