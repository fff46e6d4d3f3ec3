import { type BeforeAppendPayload, RedRoomError } from "@redroom/sdk";
import { roomPolicy } from "@redroom/sdk/rules";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import { parseContent } from "../../src/evidence/leaf.ts";
import type { MessageOf } from "../../src/protocol/messages.ts";
import { faultyStore } from "../../src/testing/faulty-store.ts";
import { failingStore } from "./failing-store.ts";
import { gate, type HookWorld, hookWorld, never, pass } from "./hook-world.ts";
import { type RawStream, turns } from "./raw-client.ts";

const TITLE = "Share Deal";

const publish = (text: string, more: Partial<MessageOf<"publish">> = {}): MessageOf<"publish"> => ({
  type: "publish",
  id: randomId(),
  kind: "note",
  ...more,
  body: utf8(text),
});

async function say(stream: RawStream, text: string, more: Partial<MessageOf<"publish">> = {}) {
  stream.send(publish(text, more));
  return stream.next("ack", "refused");
}

/** The texts of all messages on record. */
async function record({ store }: HookWorld, title = TITLE): Promise<(string | undefined)[]> {
  const topic = await store.findTopic({ title });
  const entries = await store.read(topic?.id ?? "", { from: 1, limit: 1_000 });
  return entries
    .filter(({ leaf }) => !["membership", "delivery"].includes((JSON.parse(leaf) as { kind: string }).kind))
    .map(({ content }) => (content === undefined ? undefined : parseContent(content)));
}

const roles = ({ server }: HookWorld, name: string, ...given: readonly string[]) =>
  server.setRoles(TITLE, { id: `id of ${name}`, name }, given);

describe("beforeAppend", () => {
  it("sees who wants to say what to whom, in a payload that it cannot change", async () => {
    const seen: Omit<BeforeAppendPayload, "signal">[] = [];
    await using world = await hookWorld({
      policy: roomPolicy,
      beforeAppend(payload) {
        const { user, topic, message } = payload;
        for (const part of [payload, user, topic, message, ...(message.to ?? [])]) {
          expect(Object.isFrozen(part)).toBe(true);
        }
        if (message.to !== undefined) expect(Object.isFrozen(message.to)).toBe(true);
        seen.push({ topic: payload.topic, user: payload.user, message: payload.message });
      },
    });
    for (const name of ["anna", "bernd"]) await roles(world, name, "superuser");
    const topic = await world.store.findTopic({ title: TITLE });
    const people = [...(await world.store.people(topic?.id ?? ""))];
    const pseudonymOf = (name: string) => people.find(([, person]) => person.name === name)?.[0] ?? "";
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    const due = world.clock.now() + 60_000;
    const question: Partial<MessageOf<"publish">> = { to: [pseudonymOf("bernd")], priority: "high", due };
    const { seq } = (await say(anna, "Wie hoch?", { kind: "question", ...question })) as MessageOf<"ack">;
    const bernd = await (await world.connect("bernd")).openTopic(TITLE);
    await say(bernd, "Sehr hoch", { kind: "answer", re: seq });
    const told = { id: topic?.id, title: TITLE, regulated: false };
    expect(seen).toEqual([
      {
        topic: told,
        user: { id: "id of anna", name: "anna", admin: false },
        message: {
          id: expect.any(String),
          kind: "question",
          by: pseudonymOf("anna"),
          text: "Wie hoch?",
          to: [{ id: "id of bernd", name: "bernd", pseudonym: pseudonymOf("bernd") }],
          priority: "high",
          due,
        },
      },
      {
        topic: told,
        user: { id: "id of bernd", name: "bernd", admin: false },
        message: { id: expect.any(String), kind: "answer", by: pseudonymOf("bernd"), text: "Sehr hoch", re: seq },
      },
    ]);
  });

  it("that tries to change its payload changes nothing", async () => {
    await using world = await hookWorld({
      beforeAppend({ message }) {
        Reflect.set(message, "text", "something else");
      },
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    expect(await say(anna, "as it was")).toMatchObject({ type: "ack" });
    expect(await record(world)).toEqual(["as it was"]);
  });

  it("that refuses keeps a message out, says why, and lets the next one in", async () => {
    await using world = await hookWorld({
      beforeAppend({ message }) {
        if (message.text.includes("http")) throw new RedRoomError("TEXT_INVALID", "unable to take it; it has a link");
        if (message.text.includes("bug")) throw new TypeError("undefined is not a function");
      },
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    expect(await say(anna, "http://example.org")).toMatchObject({
      type: "refused",
      code: "TEXT_INVALID",
      message: "unable to take it; it has a link",
    });
    expect(await say(anna, "a bug")).toMatchObject({
      type: "refused",
      code: "NOT_ALLOWED",
      message: "unable to store the message; the server does not allow it",
    });
    expect(await say(anna, "fine")).toMatchObject({ type: "ack", seq: 1 });
    expect(await record(world)).toEqual(["fine"]);
    expect(world.log.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  it("is asked about nothing that the rules refuse, nor about what is stored already", async () => {
    const asked: string[] = [];
    await using world = await hookWorld({
      policy: roomPolicy,
      beforeAppend: ({ message }) => void asked.push(message.text),
    });
    await roles(world, "anna", "interviewer");
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    expect(await say(anna, "not mine to write")).toMatchObject({ type: "refused", code: "NOT_ALLOWED" });
    expect(await say(anna, "of what?", { kind: "question", re: 77 })).toMatchObject({ code: "REFERENCE_INVALID" });
    expect(asked).toEqual([]);
    const id = randomId();
    const first = (await say(anna, "once", { kind: "question", id })) as MessageOf<"ack">;
    const again = await say(anna, "once", { kind: "question", id });
    expect(again).toMatchObject({ type: "ack", seq: first.seq, duplicate: true });
    expect(await say(anna, "another", { kind: "question", id })).toMatchObject({ code: "ID_REUSED" });
    await roles(world, "anna", "archivist"); // may ask nothing any more
    expect(await say(anna, "once", { kind: "question", id })).toMatchObject({ seq: first.seq, duplicate: true });
    expect(asked).toEqual(["once"]);
  });

  it("is asked once about a message that comes over two streams while it is being stored", async () => {
    const disk = gate();
    const asked: string[] = [];
    await using world = await hookWorld({
      beforeAppend: ({ message }) => void asked.push(message.text),
      wrapStore: (store) =>
        faultyStore(store, ({ method }) => (method === "append" ? { until: disk.passed } : undefined)),
    });
    const client = await world.connect("anna");
    const [one, other] = [await client.openTopic(TITLE), await client.openTopic(TITLE)];
    const message = publish("once");
    one.send(message);
    await turns();
    other.send(message);
    await turns();
    disk.open();
    const acks = [await one.next("ack"), await other.next("ack")];
    expect(acks.map(({ seq, duplicate }) => [seq, duplicate])).toEqual([
      [1, false],
      [1, true],
    ]);
    expect([asked, await record(world)]).toEqual([["once"], ["once"]]);
  });

  it("keeps the order of an author's messages, however long it takes for each, and goes on with other authors", async () => {
    await using world = await hookWorld({
      beforeAppend: ({ message }) => {
        const ms = Number(/\d+/.exec(message.text)?.[0]);
        return ms === 0 ? undefined : new Promise((resolve) => world.clock.setTimer(() => resolve(), ms));
      },
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    const bernd = await (await world.connect("bernd")).openTopic(TITLE);
    const sent = [400, 0, 900, 5, 0, 300].map((ms, index) => `${ms} ms for ${index}`);
    for (const text of sent) anna.send(publish(text));
    await turns();
    expect(await say(bernd, "0 ms")).toMatchObject({ type: "ack", seq: 1 });
    await pass(world, 0);
    for (let passed = 0; passed < 1_700; passed += 100) await pass(world, 100);
    for (let seq = 2; seq < 8; seq += 1) expect(await anna.next("ack")).toMatchObject({ seq });
    expect(await record(world)).toEqual(["0 ms", ...sent]);
  });

  it("does not let messages of one author wait for each other's commit", async () => {
    let faults: ReturnType<typeof failingStore> | undefined;
    await using world = await hookWorld({
      beforeAppend: async () => {},
      wrapStore: (store) => {
        faults = failingStore(store);
        return faults.store;
      },
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    faults?.hold("append");
    for (let count = 0; count < 10; count += 1) anna.send(publish(`${count}`));
    await turns(40);
    expect(faults?.held).toBe(10);
    faults?.letGo();
    for (let seq = 1; seq <= 10; seq += 1) expect(await anna.next("ack")).toMatchObject({ seq });
  });

  it("costs nothing where there is none: the store is asked for nothing else than to append", async () => {
    const calls: string[] = [];
    await using world = await hookWorld({
      onConnect: () => {},
      wrapStore: (store) => faultyStore(store, ({ method }) => void calls.push(method)),
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    await turns();
    calls.length = 0;
    for (let count = 0; count < 10; count += 1) anna.send(publish(`${count}`));
    for (let count = 0; count < 10; count += 1) await anna.next("ack");
    expect(calls).toEqual(Array.from({ length: 10 }, () => "append"));
  });

  it("that hangs lets the author try again, stores nothing of theirs behind it, and stops nobody else", async () => {
    const hung: AbortSignal[] = [];
    await using world = await hookWorld({
      beforeAppend: ({ message, signal }) => {
        if (!message.text.includes("hang")) return;
        hung.push(signal);
        return never();
      },
    });
    await world.server.createTopic("Asset Deal");
    const client = await world.connect("anna");
    const [anna, elsewhere] = [await client.openTopic(TITLE), await client.openTopic("Asset Deal")];
    const bernd = await (await world.connect("bernd")).openTopic(TITLE, 1);
    const [first, second] = [publish("hang"), publish("behind it")];
    for (const message of [first, second]) anna.send(message);
    await pass(world, 4_000);
    expect(await say(elsewhere, "in another topic")).toMatchObject({ type: "ack", seq: 1 });
    expect(await say(bernd, "by somebody else")).toMatchObject({ type: "ack", seq: 1 });
    await pass(world, 1_000);
    expect(await anna.next("error")).toMatchObject({ code: "TIMEOUT", retryable: true, retryAfterMs: 1_000 });
    await anna.ended();
    expect(anna.types()).toEqual(["topicOpened", "error"]);
    expect(hung[0]?.aborted).toBe(true);
    expect(await record(world)).toEqual(["by somebody else"]);
    const again = await client.openTopic(TITLE);
    again.send({ ...first, body: utf8("in time") });
    again.send(second);
    await again.next("ack");
    await again.next("ack");
    expect(await record(world)).toEqual(["by somebody else", "in time", "behind it"]);
  });

  it("that hangs for many authors at once keeps no other one waiting, also where others are told afterwards", async () => {
    const open = gate();
    let asked = 0;
    await using world = await hookWorld({
      async beforeAppend({ user }) {
        asked += 1;
        if (user.name !== "otto") await open.passed;
      },
      afterAppend: () => {},
    });
    // More than there may be waiting to be told of.
    const names = Array.from({ length: 300 }, (_, index) => `anna ${index}`);
    const streams = await Promise.all(names.map(async (name) => (await world.connect(name)).openTopic(TITLE)));
    for (const stream of streams) stream.send(publish("?"));
    await turns(50);
    const otto = await (await world.connect("otto")).openTopic(TITLE);
    otto.send(publish("!"));
    await turns(50);
    const [acked, askedAbout] = [otto.types().includes("ack"), asked];
    open.open();
    expect([acked, askedAbout]).toEqual([true, 301]);
    for (const stream of streams) await stream.next("ack");
  });

  it("that allows a message after its time does not bring it into the log", async () => {
    const allowed = gate();
    await using world = await hookWorld({ beforeAppend: () => allowed.passed });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    anna.send(publish("too late"));
    await pass(world, 5_000);
    await anna.next("error");
    allowed.open();
    await pass(world, 5_000);
    expect(await record(world)).toEqual([]);
  });

  it("has the rules decide once more: what is not allowed any more is not stored", async () => {
    let allowed = gate();
    await using world = await hookWorld({
      policy: roomPolicy,
      beforeAppend: ({ message }) => (message.text.includes("later") ? allowed.passed : undefined),
    });
    await roles(world, "anna", "interviewer");
    await roles(world, "bernd", "interviewee");
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    const bernd = await (await world.connect("bernd")).openTopic(TITLE);
    const { seq } = (await say(anna, "Wie hoch?", { kind: "question" })) as MessageOf<"ack">;
    bernd.send(publish("answered later", { kind: "answer", re: seq }));
    await turns();
    await say(anna, "", { kind: "withdrawal", re: seq });
    allowed.open();
    expect(await bernd.next("refused")).toMatchObject({ code: "REFERENCE_INVALID" });
    allowed = gate();
    anna.send(publish("asked later", { kind: "question" }));
    await turns();
    await roles(world, "anna");
    allowed.open();
    expect(await anna.next("refused")).toMatchObject({ code: "NOT_ALLOWED" });
    expect(await record(world)).toEqual(["Wie hoch?", ""]);
  });

  it("sees what regulation keeps from readers: it is the server's own code", async () => {
    const seen: string[] = [];
    await using world = await hookWorld({
      policy: roomPolicy,
      beforeAppend: ({ message }) => void seen.push(message.text),
    });
    await world.server.createTopic("Regulated", { regulated: true });
    for (const name of ["anna", "bernd"]) {
      await world.server.setRoles("Regulated", { id: `id of ${name}`, name }, ["interviewer", "interviewee"]);
    }
    const anna = await (await world.connect("anna")).openTopic("Regulated");
    const bernd = await (await world.connect("bernd")).openTopic("Regulated");
    const mine = (await say(anna, "Yours?", { kind: "question" })) as MessageOf<"ack">;
    await say(bernd, "And yours?", { kind: "question" });
    await say(bernd, "A sealed answer", { kind: "answer", re: mine.seq });
    expect(seen).toEqual(["Yours?", "And yours?", "A sealed answer"]);
  });

  it("may call the server, for the same topic and the same author too", async () => {
    await using world = await hookWorld({
      async beforeAppend({ user, topic, message }) {
        if (message.text !== "hello") return;
        await world.server.setRoles(topic.title, user, ["superuser"]);
        await world.server.createTopic(`Of ${user.name}`);
        world.server.revoke(user.id);
      },
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    anna.send(publish("hello"));
    await turns(60);
    expect(await record(world)).toEqual(["hello"]); // it was taken before the session ended
    expect(await world.store.findTopic({ title: "Of anna" })).toBeDefined();
  });

  it("that hangs while the server closes holds it up no longer than the drain, and stores nothing later", async () => {
    const allowed = gate();
    const world = await hookWorld({ beforeAppend: () => allowed.passed });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    anna.send(publish("never stored"));
    await turns();
    const closing = world.server.close({ drainMs: 400 });
    for (let passed = 0; passed < 6_000; passed += 100) await pass(world, 100);
    await closing;
    allowed.open();
    await turns();
    expect(anna.types()).not.toContain("ack");
    expect(world.clock.pending).toBe(0);
    await world.store.open();
    expect(await record(world)).toEqual([]);
  });
});
