import type { AfterAppendPayload } from "@redroom/sdk";
import { roomPolicy } from "@redroom/sdk/rules";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import type { MessageOf } from "../../src/protocol/messages.ts";
import { failingStore } from "./failing-store.ts";
import { gate, hookWorld, never, pass } from "./hook-world.ts";
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
  return stream.next("ack");
}

describe("afterAppend", () => {
  it("is told what was stored, as what, and when", async () => {
    const told: Omit<AfterAppendPayload, "signal">[] = [];
    await using world = await hookWorld({ afterAppend: ({ signal: _, ...payload }) => void told.push(payload) });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    const ack = await say(anna, "hello", { kind: "question", priority: "low" });
    await turns();
    expect(told).toEqual([
      {
        topic: { id: expect.any(String), title: TITLE, regulated: false },
        user: { id: "id of anna", name: "anna", admin: false },
        message: { id: ack.id, kind: "question", by: expect.any(String), text: "hello", priority: "low" },
        seq: ack.seq,
        at: ack.at,
      },
    ]);
  });

  it("is told in the order of the topic, one after the other, by whomever and however fast it is", async () => {
    const told: number[] = [];
    let running = 0;
    await using world = await hookWorld({
      async afterAppend({ seq }) {
        running += 1;
        expect(running).toBe(1);
        for (let turn = seq % 3; turn > 0; turn -= 1) await turns(1);
        told.push(seq);
        running -= 1;
      },
    });
    const streams = await Promise.all(
      ["anna", "bernd", "cora"].map(async (name) => (await world.connect(name)).openTopic(TITLE)),
    );
    const first = await say(streams[0] as RawStream, "Wie hoch?", { kind: "question" });
    // Some are decided by what they refer to, which takes longer; some are not.
    for (let count = 0; count < 20; count += 1) {
      for (const stream of streams) {
        stream.send(publish(`${count}`, count % 2 === 0 ? { kind: "note" } : { kind: "note", re: first.seq }));
      }
    }
    for (const stream of streams) for (let count = 0; count < 20; count += 1) await stream.next("ack");
    await turns(200);
    expect(told).toEqual(Array.from({ length: 61 }, (_, index) => index + 1));
  });

  it("lets neither the author nor the readers wait, and what it throws is logged", async () => {
    const told: string[] = [];
    await using world = await hookWorld({
      extensions: [
        { name: "hanging", afterAppend: ({ message }) => (message.text === "one" ? never() : undefined) },
        { name: "throwing", afterAppend: () => Promise.reject(undefined) },
        { afterAppend: ({ message }) => void told.push(message.text) },
      ],
    });
    const reader = await (await world.connect("bernd")).openTopic(TITLE, 1);
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    for (const text of ["one", "two"]) await say(anna, text);
    await reader.next("entry");
    await reader.next("entry");
    await turns();
    expect(told).toEqual(["one"]);
    await pass(world, 5_000);
    expect(told).toEqual(["one", "two"]);
    const hooks = world.log.filter(({ level }) => level === "error").map(({ fields }) => Reflect.get(fields, "hook"));
    expect(hooks).toEqual(["afterAppend of throwing", "afterAppend of hanging", "afterAppend of throwing"]);
  });

  it("is not told of what was refused, nor again of what was sent again", async () => {
    const told: string[] = [];
    await using world = await hookWorld({
      beforeAppend: ({ message }) => (message.text === "no" ? Promise.reject(new Error("no")) : undefined),
      afterAppend: ({ message }) => void told.push(message.text),
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    const id = randomId();
    await say(anna, "yes", { id });
    await say(anna, "yes", { id });
    anna.send(publish("no"));
    await anna.next("refused");
    await turns();
    expect(told).toEqual(["yes"]);
  });

  it("with 256 messages waiting for it lets the authors of the topic wait, and nobody else", async () => {
    let open = gate();
    let told = 0;
    await using world = await hookWorld({
      hookTimeoutMs: 10_000,
      async afterAppend({ topic }) {
        if (topic.title === TITLE) await open.passed;
        told += 1;
      },
    });
    await world.server.createTopic("Asset Deal");
    const streams = await Promise.all(
      ["anna", "bernd", "cora"].map(async (name) => (await world.connect(name)).openTopic(TITLE)),
    );
    for (let count = 0; count < 100; count += 1) for (const stream of streams) stream.send(publish(`${count}`));
    await turns(400);
    const acked = (): number => streams.flatMap((stream) => stream.types()).filter((type) => type === "ack").length;
    expect(acked()).toBe(256);
    const elsewhere = await (await world.connect("otto")).openTopic("Asset Deal");
    for (let count = 0; count < 300; count += 1) await say(elsewhere, `${count}`);
    expect(told).toBe(300);
    expect(acked()).toBe(256);
    // One that hangs gives its place up after its time, and the next author goes on.
    await pass(world, 10_000);
    expect(acked()).toBe(257);
    open.open();
    open = gate();
    open.open();
    await turns(1_000);
    expect([acked(), told]).toEqual([300, 600]);
  });

  it("gives back the places of what the rules have refused in the end", async () => {
    const anna = { id: "id of anna", name: "anna" };
    await using world = await hookWorld({
      policy: roomPolicy,
      beforeAppend: ({ message }) => (message.text === "last" ? undefined : world.server.setRoles(TITLE, anna, [])),
      afterAppend: () => {},
    });
    await world.server.setRoles(TITLE, anna, ["superuser"]);
    const stream = await (await world.connect("anna")).openTopic(TITLE);
    for (let count = 0; count < 257; count += 1) {
      stream.send(publish("refused"));
      await stream.next("refused");
      await world.server.setRoles(TITLE, anna, ["superuser"]);
    }
    expect(await say(stream, "last")).toMatchObject({ duplicate: false });
  });

  it("is not told of what the store has stored and not confirmed, and goes on in order when it works again", async () => {
    let faults: ReturnType<typeof failingStore> | undefined;
    const told: [number, string][] = [];
    const asked: string[] = [];
    await using world = await hookWorld({
      beforeAppend: ({ message }) => void asked.push(message.text),
      afterAppend: ({ seq, message }) => void told.push([seq, message.text]),
      wrapStore: (store) => {
        faults = failingStore(store);
        return faults.store;
      },
    });
    const client = await world.connect("anna");
    const anna = await client.openTopic(TITLE);
    await say(anna, "before");
    const lost = publish("unconfirmed");
    faults?.hold("append");
    anna.send(lost);
    await turns();
    faults?.fail();
    await pass(world, 500);
    expect(await anna.next("error")).toMatchObject({ code: "STORE_UNAVAILABLE" });
    faults?.heal();
    faults?.letGo();
    await pass(world, 2_000);
    const again = await client.openTopic(TITLE);
    again.send(lost);
    expect(await again.next("ack")).toMatchObject({ seq: 2, duplicate: true });
    await say(again, "afterwards");
    await turns();
    expect(asked).toEqual(["before", "unconfirmed", "afterwards"]);
    expect(told).toEqual([
      [1, "before"],
      [3, "afterwards"],
    ]);
  });

  it("may call the server, for the same topic too", async () => {
    await using world = await hookWorld({
      afterAppend: ({ topic, user, seq }) => world.server.setRoles(topic.title, user, seq % 2 ? ["superuser"] : []),
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    for (let count = 0; count < 20; count += 1) await say(anna, "hello");
    await turns(100);
    const topic = await world.store.findTopic({ title: TITLE });
    expect(topic?.head.seq).toBe(40);
  });

  it("is told of all that was acknowledged before the server closes, in the time that it has", async () => {
    const told: string[] = [];
    let hang = false;
    const world = await hookWorld({
      afterAppend: async ({ message }) => {
        if (hang) await never();
        for (let turn = 0; turn < 3; turn += 1) await turns(1);
        told.push(message.text);
      },
    });
    const anna = await (await world.connect("anna")).openTopic(TITLE);
    for (let count = 0; count < 20; count += 1) anna.send(publish(`${count}`));
    for (let count = 0; count < 20; count += 1) await anna.next("ack");
    const closing = world.server.close({ drainMs: 0 });
    await pass(world, 1_000);
    await turns(200);
    await closing;
    expect(told).toHaveLength(20);
    hang = true;
    const other = await hookWorld({ afterAppend: never });
    const bernd = await (await other.connect("bernd")).openTopic(TITLE);
    for (let count = 0; count < 20; count += 1) await say(bernd, `${count}`);
    let closed = false;
    const leaving = other.server.close({ drainMs: 0 }).then(() => {
      closed = true;
    });
    await pass(other, 1_000);
    await pass(other, 3_000);
    expect(closed).toBe(false);
    await pass(other, 2_000);
    await leaving;
    expect(other.clock.pending).toBe(0);
  });
});
