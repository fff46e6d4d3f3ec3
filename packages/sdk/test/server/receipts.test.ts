import { createUser } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import { deliveryOf } from "../../src/evidence/delivery.ts";
import { parseContent, parseLeaf } from "../../src/evidence/leaf.ts";
import { decodeMessage } from "../../src/protocol/codec.ts";
import { unpackEntry } from "../../src/protocol/entry-body.ts";
import { createFrameDecoder } from "../../src/protocol/frame.ts";
import type { Message, MessageOf } from "../../src/protocol/messages.ts";
import { Bulletin } from "../../src/server/bulletin.ts";
import { TopicPeople } from "../../src/server/topic-people.ts";
import type { memoryStore } from "../../src/store/memory-store.ts";
import type { Connection } from "../../src/transport/transport.ts";
import { PASSWORD, type RawStream, turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

const publish = (text: string) => ({ type: "publish", id: randomId(), kind: "note", body: utf8(text) }) as const;

function readEntry(message: MessageOf<"entry">) {
  const { author, leaf, content } = unpackEntry(message);
  const fields = parseLeaf(leaf);
  if (fields === undefined) throw new Error("an entry cannot be read");
  return { author, ...fields, text: parseContent(content) ?? "" };
}

const entriesOf = (stream: RawStream) =>
  stream.received.filter((message): message is MessageOf<"entry"> => message.type === "entry").map(readEntry);

/** What a stream has been told of deliveries, by names. */
function deliveries(stream: RawStream) {
  const names = new Map(
    stream.received.filter((message: Message) => message.type === "member").map(({ id, name }) => [id, name]),
  );
  return entriesOf(stream)
    .filter(({ kind }) => kind === "delivery")
    .map((entry) => {
      const { first, last, to } = deliveryOf(entry, entry.text) ?? { first: 0, last: 0, to: [] };
      return { first, last, to: to.map((pseudonym) => names.get(pseudonym)).sort() };
    });
}

const withoutPresence = (stream: RawStream) => stream.types().filter((type) => type !== "presence");

/** Who is known, and who of them a member, to a server that has just started. */
async function peopleAfterRestart(store: ReturnType<typeof memoryStore>, topicId: string) {
  const bulletin = new Bulletin();
  const people = new TopicPeople(topicId, store, new Set(), bulletin, () => {});
  await people.load();
  const names = [...(await store.people(topicId)).keys()].map((pseudonym) => people.nameOf(pseudonym)).sort();
  const decoder = createFrameDecoder({ maxFrameBytes: 1_000 });
  const frames = bulletin.since(0).flatMap(({ frame }) => decoder.push(frame));
  const members = frames.map((frame) => decodeMessage(frame));
  return { people: names, members: members.map((message) => message.type === "member" && message.name) };
}

async function conversation(names: readonly string[]) {
  const world = await serverWorld({ users: names });
  const streams = new Map<string, RawStream>();
  const connections = new Map<string, Connection>();
  for (const name of names) {
    const client = await world.connect(name);
    connections.set(name, client.connection);
    streams.set(name, await client.openTopic("Share Deal", 1));
  }
  const as = (name: string): RawStream => {
    const stream = streams.get(name);
    if (stream === undefined) throw new Error(`nobody is called ${name}`);
    return stream;
  };
  return Object.assign(world, {
    as,
    connectionOf: (name: string): Connection => connections.get(name) as Connection,
    async say(name: string, text: string): Promise<void> {
      as(name).send(publish(text));
      await as(name).next("ack");
      await turns();
    },
    /** Lets receipts gather and be written down. */
    async gather(): Promise<void> {
      await turns();
      world.clock.advance(200);
      await turns();
    },
  });
}

describe("receipts", () => {
  it("become an entry that names everybody who has received the same, for all to see", async () => {
    await using room = await conversation(["anna", "bernd", "carla"]);
    await room.say("anna", "Wie hoch?");
    for (const name of ["bernd", "carla"]) room.as(name).send({ type: "receipt", first: 1, last: 1 });
    await room.gather();
    for (const name of ["anna", "bernd", "carla"]) {
      expect(deliveries(room.as(name))).toEqual([{ first: 1, last: 1, to: ["bernd", "carla"] }]);
      expect(entriesOf(room.as(name)).at(-1)).toMatchObject({ author: "server", kind: "delivery", seq: 2, re: 1 });
    }
  });

  it("are written down once, however often they are confirmed", async () => {
    await using room = await conversation(["anna", "bernd"]);
    await room.say("anna", "one");
    room.as("bernd").send({ type: "receipt", first: 1, last: 1 });
    await room.gather();
    for (let times = 0; times < 3; times += 1) {
      room.as("bernd").send({ type: "receipt", first: 1, last: 1 });
      // That a delivery was received is worth no entry: the log would never come to rest.
      room.as("bernd").send({ type: "receipt", first: 1, last: 2 });
      await room.gather();
    }
    expect(deliveries(room.as("anna"))).toHaveLength(1);
    await room.say("anna", "two");
    room.as("bernd").send({ type: "receipt", first: 1, last: 3 });
    await room.gather();
    expect(deliveries(room.as("anna"))).toEqual([
      { first: 1, last: 1, to: ["bernd"] },
      { first: 2, last: 3, to: ["bernd"] },
    ]);
  });

  it("of many readers who are each at another place make few entries, and all get on record", async () => {
    const readers = Array.from({ length: 12 }, (_, index) => `reader ${index}`);
    await using room = await conversation(["anna", ...readers]);
    for (const name of readers) await room.say("anna", `to ${name}`);
    for (const [index, name] of readers.entries()) room.as(name).send({ type: "receipt", first: 1, last: index + 1 });
    await room.gather();
    expect(deliveries(room.as("anna"))).toHaveLength(4);
    for (let rounds = 0; rounds < 6; rounds += 1) await room.gather();
    const all = deliveries(room.as("anna"));
    for (const [index, name] of readers.entries()) {
      const last = Math.max(...all.filter(({ to }) => to.includes(name)).map((delivery) => delivery.last));
      expect(last).toBe(index + 1);
    }
  });

  it("of a session before are known", async () => {
    await using room = await conversation(["anna", "bernd"]);
    await room.say("anna", "one");
    room.as("bernd").send({ type: "receipt", first: 1, last: 1 });
    await room.gather();
    for (const name of ["anna", "bernd"]) room.as(name).channel.end();
    await turns();
    const again = await (await room.connect("bernd")).openTopic("Share Deal", 2);
    again.send({ type: "receipt", first: 1, last: 1 });
    await room.gather();
    expect((await room.store.listTopics({ limit: 1 }))[0]?.head.seq).toBe(2);
  });

  it("are still written down when their reader leaves at once, and when the server closes", async () => {
    await using room = await conversation(["anna", "bernd"]);
    await room.say("anna", "one");
    room.as("bernd").send({ type: "receipt", first: 1, last: 1 });
    room.as("bernd").channel.end();
    room.as("anna").channel.end();
    await turns();
    const [topic] = await room.store.listTopics({ limit: 1 });
    expect(topic?.head.seq).toBe(2);

    const last = await (await room.connect("bernd")).openTopic("Share Deal", 3);
    const writer = await (await room.connect("anna")).openTopic("Share Deal");
    writer.send(publish("two"));
    await last.next("entry");
    last.send({ type: "receipt", first: 1, last: 3 });
    await turns();
    const closing = room.server.close({ drainMs: 5_000 });
    await turns(50);
    await room.store.open();
    expect((await room.store.listTopics({ limit: 1 }))[0]?.head.seq).toBe(4);
    room.clock.advance(5_000);
    await closing;
  });

  it.each([
    ["of what was not sent", 1, 2],
    ["of nothing", 2, 1],
  ])("%s break the protocol", async (_, first, last) => {
    await using room = await conversation(["anna", "bernd"]);
    await room.say("anna", "one");
    room.as("bernd").send({ type: "receipt", first, last });
    expect(await room.connectionOf("bernd").closed).toMatchObject({ by: "peer", code: 1 });
  });

  it("of somebody who reads nothing break the protocol", async () => {
    await using room = await serverWorld();
    const anna = await room.connect("anna");
    const stream = await anna.openTopic("Share Deal");
    stream.send({ type: "receipt", first: 1, last: 1 });
    expect(await anna.connection.closed).toMatchObject({ by: "peer", code: 1 });
  });
});

describe("members", () => {
  it("are told to a reader before anything else, and newcomers as they come, without server and operator", async () => {
    await using room = await conversation(["anna", "bernd"]);
    const names = (stream: RawStream) =>
      stream.received.filter((message: Message) => message.type === "member").map(({ name }) => name);
    expect(names(room.as("anna"))).toEqual(["anna", "bernd"]);
    expect(withoutPresence(room.as("bernd")).slice(0, 3)).toEqual(["topicOpened", "member", "member"]);
    await room.say("anna", "one");
    room.as("bernd").send({ type: "receipt", first: 1, last: 1 });
    await room.gather();
    expect(names(room.as("anna"))).toEqual(["anna", "bernd"]);
  });

  it("are those who read: not who only writes, and after a restart whoever has a receipt on record", async () => {
    await using room = await conversation(["anna", "bernd"]);
    const names = (stream: RawStream) =>
      stream.received.filter((message: Message) => message.type === "member").map(({ name }) => name);
    await createUser(room.store.users, { name: "robot", password: PASSWORD });
    const robot = await (await room.connect("robot")).openTopic("Share Deal");
    robot.send(publish("I only write"));
    await robot.next("ack");
    room.as("bernd").send({ type: "receipt", first: 1, last: 1 });
    await room.gather();
    expect(names(await (await room.connect("anna")).openTopic("Share Deal", 1))).toEqual(["anna", "bernd"]);
    expect(entriesOf(room.as("anna"))[0]?.author).toBe("robot");

    const topic = await room.store.findTopic({ title: "Share Deal" });
    const { people, members } = await peopleAfterRestart(room.store, topic?.id ?? "");
    expect([people, members]).toEqual([["anna", "bernd", "robot", "server"], ["bernd"]]);
  });

  it("stay members when nobody uses the topic for a while", async () => {
    await using room = await conversation(["anna", "bernd"]);
    room.connectionOf("anna").close();
    room.connectionOf("bernd").close();
    await turns();
    const again = await (await room.connect("anna")).openTopic("Share Deal", 1);
    await turns();
    expect(withoutPresence(again)).toEqual(["topicOpened", "member", "member"]);
  });

  it("are not told to those who only publish", async () => {
    await using room = await conversation(["anna", "bernd"]);
    const writer = await (await room.connect("anna")).openTopic("Share Deal");
    expect(writer.types()).toEqual(["topicOpened"]);
  });
});
