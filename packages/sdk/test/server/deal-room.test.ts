import { memberPolicy, roomPolicy, setRoles } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import type { MessageOf } from "../../src/protocol/messages.ts";
import type { Policy } from "../../src/rules/policy.ts";
import { type RawClient, type RawStream, turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

const TITLE = "Share Deal";

/** A topic with three superusers, each on a stream of their own. */
async function dealRoom(policy: Policy = roomPolicy) {
  const names = ["anna", "bernd", "carla"];
  const world = await serverWorld({ users: names, policy });
  const person = async (name: string) => {
    const user = await world.store.users.findUser(name);
    if (user === undefined) throw new Error(`nobody is called ${name}`);
    return user;
  };
  for (const name of names) await world.server.setRoles(TITLE, await person(name), ["superuser"]);
  const { id: topic = "" } = (await world.store.findTopic({ title: TITLE })) ?? {};
  const [clients, streams] = [new Map<string, RawClient>(), new Map<string, RawStream>()];
  for (const name of names) {
    const client = await world.connect(name);
    clients.set(name, client);
    streams.set(name, await client.openTopic(TITLE));
  }
  const pseudonyms = new Map([...(await world.store.people(topic))].map(([pseudonym, { name }]) => [name, pseudonym]));
  const outages: boolean[] = [];
  world.server.on("availability", ({ available }) => outages.push(available));
  return Object.assign(world, {
    topic,
    outages,
    person,
    client: (name: string) => clients.get(name) as RawClient,
    pseudonym: (name: string) => pseudonyms.get(name) ?? "",
    async say(name: string, wish: Omit<MessageOf<"publish">, "type" | "id" | "body">, text = "a text") {
      const stream = streams.get(name) as RawStream;
      stream.send({ type: "publish", id: randomId(), ...wish, body: utf8(text) });
      return stream.next("ack", "refused");
    },
    async ask(name: string, request: Parameters<RawClient["open"]>[0]) {
      const stream = (clients.get(name) as RawClient).open(request);
      stream.channel.end();
      await stream.ended();
      return stream.received;
    },
  });
}

describe("people who act on one question at the same time", () => {
  it("are answered one after the other, and nobody else notices", async () => {
    await using room = await dealRoom();
    for (let round = 0; round < 10; round += 1) {
      const asked = await room.say("anna", { kind: "question" });
      const re = asked.type === "ack" ? asked.seq : 0;
      const answers = await Promise.all([
        room.say("anna", { kind: "withdrawal", re }),
        room.say("bernd", { kind: "answer", re }),
        room.say("carla", { kind: "answer", re }),
      ]);
      expect(answers.some(({ type }) => type === "ack")).toBe(true);
      for (const answer of answers) if (answer.type === "refused") expect(answer.code).toBe("REFERENCE_INVALID");
    }
    expect(room.outages).toEqual([]);
  });

  it("meet a policy that throws as an error of their own", async () => {
    let broken = false;
    await using room = await dealRoom((subject) => {
      if (broken) throw new Error("a policy with a fault");
      return roomPolicy(subject);
    });
    broken = true;
    expect(await room.say("anna", { kind: "note" })).toMatchObject({ type: "refused", code: "INTERNAL" });
    broken = false;
    expect(await room.say("anna", { kind: "note" })).toMatchObject({ type: "ack" });
    expect(room.outages).toEqual([]);
  });
});

describe("a search", () => {
  it("answers the same where what fits is hidden as where nothing does, however little is asked for", async () => {
    await using room = await dealRoom(memberPolicy);
    const to = [room.pseudonym("bernd")];
    for (let count = 0; count < 20; count += 1) await room.say("anna", { kind: "note", to }, "layoffs are planned");
    const search = (text: string) =>
      room.ask("carla", { type: "search", topic: room.topic, text, newestFirst: true, limit: 1 });
    expect(await search("layoffs")).toEqual(await search("bonus"));
    expect(await search("layoffs")).toEqual([{ type: "found" }]);
  });
});

describe("whoever was changed by another process", () => {
  it("is a member as soon as the log says so, also where the server writes at the same time", async () => {
    await using room = await dealRoom();
    await room.server.setRoles(TITLE, await room.person("carla"), []);
    const membership = { member: await room.person("carla"), roles: ["archivist"] };
    await setRoles(room.store, room.topic, membership, { by: { id: "operator", name: "operator" } });
    await room.say("anna", { kind: "note" });
    for (let tick = 0; tick < 3; tick += 1) {
      room.clock.advance(1_000);
      await turns();
    }
    const reading = room.client("carla").open({ type: "openTopic", title: TITLE, from: 1 });
    expect((await reading.next("topicOpened")).you.roles).toEqual(["archivist"]);
  });
});
