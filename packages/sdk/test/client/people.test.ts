import { RedRoomClient, type RedRoomError, RedRoomServer } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { memoryTransport } from "@redroom/sdk/transport";
import { describe, expect, it } from "vitest";
import { createUser } from "../../src/server/create-user.ts";
import { DEAL, openDealRoom } from "./deal-room.ts";

const PEOPLE = { anna: ["interviewer"], bernd: ["interviewee"], mona: ["superuser"] };

describe("a topic's people", () => {
  it("are its members with their roles, whether they are there or not", async () => {
    await using room = await openDealRoom(PEOPLE);
    const { topic } = await room.join("anna");
    await room.until(() => topic.members.length === 3);
    expect(topic.members.map(({ name, roles }) => [name, roles])).toEqual([
      ["anna", ["interviewer"]],
      ["bernd", ["interviewee"]],
      ["mona", ["superuser"]],
    ]);
    expect(topic.members.find(({ name }) => name === "bernd")?.presence).toBeUndefined();
  });

  it("know what they may do themselves, and hear when that changes", async () => {
    await using room = await openDealRoom(PEOPLE);
    const { client, topic } = await room.join("anna");
    expect(topic.self).toEqual({
      id: topic.members.find(({ name }) => name === "anna")?.id,
      name: "anna",
      roles: ["interviewer"],
      capabilities: ["ask", "readAddressed"],
    });
    expect([topic.can("ask"), topic.can("answer"), topic.regulated]).toEqual([true, false, false]);
    const told: unknown[] = [];
    client.on("rights", ({ self }) => told.push(self.roles));
    await room.setRoles("anna", ["interviewer", "interviewee"]);
    await room.until(() => told.length > 0);
    expect(told).toEqual([["interviewer", "interviewee"]]);
    expect(topic.can("answer")).toBe(true);
  });

  it("are told of who comes, who is something else and who goes, once each, also across lost connections", async () => {
    await using room = await openDealRoom({ anna: ["interviewer"] });
    const { client, topic } = await room.join("anna");
    const told: unknown[] = [];
    client.on("member", ({ member, roles }) => told.push([member.name, roles]));
    await room.setRoles("bernd", ["interviewee"]);
    await room.setRoles("bernd", ["archivist"]);
    await room.until(() => told.length === 2);
    room.network.cut();
    await room.setRoles("bernd", []);
    await room.until(() => told.length === 3);
    await room.pass(2_000);
    expect(told).toEqual([
      ["bernd", ["interviewee"]],
      ["bernd", ["archivist"]],
      ["bernd", []],
    ]);
    expect(topic.members.map(({ name }) => name)).toEqual(["anna"]);
  });

  it("keep what they are now while their history is read", async () => {
    await using room = await openDealRoom({ anna: ["interviewer"], bernd: ["interviewee"] });
    await room.setRoles("bernd", []);
    await room.setRoles("bernd", ["legal"]);
    const client = await room.connect("anna");
    const told: unknown[] = [];
    client.on("member", ({ member, roles }) => told.push([member.name, roles]));
    await room.settled(client.topic(DEAL).open({ from: "start" }));
    await room.pass(1_000);
    expect(told).toEqual([
      ["anna", ["interviewer"]],
      ["bernd", ["legal"]],
    ]);
  });

  it("see who is there, who has lost the connection, and who has left", async () => {
    await using room = await openDealRoom(PEOPLE);
    const anna = await room.join("anna");
    const told: string[] = [];
    anna.client.on("presence", ({ member, presence }) => told.push(`${member.name} ${presence.state}`));
    const bernd = await room.join("bernd");
    await room.until(() => told.length === 1);
    await room.settled(bernd.client.close());
    await room.until(() => told.length === 2);
    expect(told).toEqual(["bernd online", "bernd offline"]);
    expect(anna.topic.members.find(({ name }) => name === "bernd")?.presence).toEqual({
      state: "offline",
      since: expect.any(Date),
    });
  });

  it("see at once whose session the server has ended, until they log in anew", async () => {
    await using room = await openDealRoom(PEOPLE);
    const anna = await room.join("anna");
    await room.join("bernd");
    const told: string[] = [];
    anna.client.on("presence", ({ member, presence }) => told.push(`${member.name} ${presence.state}`));
    room.server.revoke("bernd");
    await room.pass(10_000);
    expect(told).toEqual(["bernd offline", "bernd online"]);
  });

  it("see who is writing, told every few seconds at most, until the message is sent", async () => {
    await using room = await openDealRoom(PEOPLE);
    const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
    const told: unknown[] = [];
    bernd.client.on("typing", ({ member, active }) => told.push([member.name, active]));
    for (let key = 0; key < 20; key += 1) anna.topic.typing(true);
    await room.until(() => told.length > 0);
    await room.settled(anna.topic.ask("How high are the provisions?"));
    await room.until(() => told.length > 1);
    expect(told).toEqual([
      ["anna", true],
      ["anna", false],
    ]);
  });

  it("get nothing more when they are removed, and are told that it is over", async () => {
    await using room = await openDealRoom(PEOPLE);
    const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
    const failed: string[] = [];
    const told: string[] = [];
    bernd.client.on("topicFailed", ({ error }) => failed.push(error.code));
    anna.client.on("presence", ({ member, presence }) => told.push(`${member.name} ${presence.state}`));
    await room.setRoles("bernd", []);
    await room.until(() => failed.length > 0);
    await room.settled(anna.topic.ask("Is he gone?"));
    await room.pass(10_000);
    expect([failed, bernd.client.state, bernd.texts()]).toEqual([["NOT_ALLOWED"], "online", []]);
    expect(told).toEqual(["bernd offline"]); // no connection was lost
  });
});

describe("an administrator", () => {
  /** A server with users of its own, and its administrator. */
  async function openOffice() {
    const [store, transport] = [memoryStore(), memoryTransport()];
    const server = new RedRoomServer({ store, transport });
    const { address } = await server.listen();
    const password = "a long enough password";
    for (const name of ["admin", "anna", "bernd"]) {
      await createUser(store.users, { name, password, admin: name === "admin" });
    }
    const clients: RedRoomClient[] = [];
    return {
      async as(name: string) {
        const client = await RedRoomClient.connect(address, { auth: { name, password }, transport });
        clients.push(client);
        return client;
      },
      async [Symbol.asyncDispose]() {
        for (const client of clients) await client.close();
        await server.close({ drainMs: 0 });
      },
    };
  }

  it("makes a regulated topic with its members, and changes who belongs to it", async () => {
    await using office = await openOffice();
    const [admin, anna, bernd] = [await office.as("admin"), await office.as("anna"), await office.as("bernd")];
    const made = await admin.createTopic(DEAL, { regulated: true, members: { anna: ["interviewer"] } });
    expect(made).toMatchObject({ title: DEAL, regulated: true });
    expect([(await anna.topics()).length, (await bernd.topics()).length]).toEqual([1, 0]);
    const topic = await anna.topic(DEAL).open();
    expect([topic.regulated, topic.self?.roles]).toEqual([true, ["interviewer"]]);

    await admin.topic(DEAL).setRoles("bernd", ["interviewee"]);
    expect((await bernd.topic(DEAL).open()).self?.roles).toEqual(["interviewee"]);
    await admin.topic(DEAL).setRoles("bernd", []);
    expect(await bernd.topics()).toEqual([]);
  });

  it("and everybody else calls somebody by the present name, who stays the same", async () => {
    await using office = await openOffice();
    const [admin, anna, bernd] = [await office.as("admin"), await office.as("anna"), await office.as("bernd")];
    await admin.createTopic(DEAL, { members: { anna: ["interviewer"], bernd: ["interviewee"] } });
    const [hers, his] = [await anna.topic(DEAL).open(), await bernd.topic(DEAL).open()];
    const { id } = hers.self ?? {};
    const renamed = [anna, bernd].map(
      (client) =>
        new Promise<string>((resolve) => {
          client.on("member", ({ member }) => member.name !== "anna" && member.id === id && resolve(member.name));
        }),
    );
    await anna.changeName("Anna Berg");
    expect(await Promise.all(renamed)).toEqual(["Anna Berg", "Anna Berg"]);
    expect(his.members.find((member) => member.id === id)?.name).toBe("Anna Berg");
    expect(hers.self).toMatchObject({ id, name: "Anna Berg" });
  });

  it("takes somebody who is erased out of every topic: nobody waits for their answers", async () => {
    await using office = await openOffice();
    const [admin, anna] = [await office.as("admin"), await office.as("anna")];
    await admin.createTopic(DEAL, { regulated: true, members: { anna: ["superuser"], bernd: ["interviewee"] } });
    const topic = await anna.topic(DEAL).open();
    const gone = new Promise((resolve) => anna.on("member", ({ roles }) => roles.length === 0 && resolve(roles)));
    await admin.users.erase("bernd");
    await gone;
    expect(topic.members.map(({ name }) => name)).toEqual(["anna"]);
    await topic.ask("Is anybody here?");
    expect(await topic.questions()).toMatchObject([{ asked: [] }]);
  });

  it("is refused for a title, a user or a role that is not there, and everybody else for everything", async () => {
    await using office = await openOffice();
    const [admin, anna] = [await office.as("admin"), await office.as("anna")];
    await admin.createTopic(DEAL, { members: { anna: ["interviewer"] } });
    const codes = [
      admin.topic("Nowhere").setRoles("anna", ["legal"]),
      admin.topic(DEAL).setRoles("nobody", ["legal"]),
      admin.topic(DEAL).setRoles("anna", ["emperor"]),
      anna.topic(DEAL).setRoles("anna", ["legal"]),
      anna.createTopic("Another"),
      admin.topic(DEAL).open({ from: "start" }),
    ].map((work) =>
      work.then(
        () => "done",
        ({ code }: RedRoomError) => code,
      ),
    );
    expect(await Promise.all(codes)).toEqual([
      "TOPIC_UNKNOWN",
      "USER_UNKNOWN",
      "ROLE_INVALID",
      "NOT_ALLOWED",
      "NOT_ALLOWED",
      "NOT_ALLOWED",
    ]);
  });
});
