import { RedRoomClient, type RedRoomError, RedRoomServer, randomId } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { ManualClock, SeededRandom, SimulatedNetwork } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../src/base/bytes.ts";
import { parseLeaf } from "../../src/evidence/leaf.ts";
import { hashLeaf } from "../../src/evidence/merkle.ts";
import { unpackEntry } from "../../src/protocol/entry-body.ts";
import { everybody } from "../everybody.ts";
import { openRoom, type Room, TITLE, turns } from "./room.ts";

const codeOf = (work: PromiseLike<unknown>): PromiseLike<string> =>
  work.then(
    () => "no error",
    (error: RedRoomError) => error.code,
  );

/** The kinds of all entries of the record, in order. */
async function kindsOf(room: Room): Promise<(string | undefined)[]> {
  const { id = "" } = (await room.store.findTopic({ title: TITLE })) ?? {};
  return (await room.store.read(id, { from: 1, limit: 1_000 })).map(({ leaf }) => parseLeaf(leaf)?.kind);
}

/** A conversation where those named read, each by the event. */
async function reading(room: Room, ...names: string[]) {
  const clients = await Promise.all(names.map((name) => room.connect(name)));
  for (const client of clients) {
    client.on("message", () => {});
    await client.topic(TITLE).open({ from: "start" });
  }
  return clients;
}

describe("delivery", () => {
  it("is seen by the sender for each recipient, and is a state when all have it", async () => {
    await using room = await openRoom();
    await reading(room, "bernd", "carla");
    const anna = await room.connect("anna");
    const states: string[] = [];
    anna.on("outgoing", ({ sending }) => states.push(sending.state));
    const topic = await anna.topic(TITLE).open();
    const sending = topic.ask("Wie hoch sind die Rückstellungen?");
    const [any, all] = [sending.delivered({ by: "any" }), sending.delivered({ by: "all" })];
    await sending;
    expect(sending.state).toBe("stored");
    expect((await room.settled(any)).by.length).toBeGreaterThan(0);
    expect([...(await room.settled(all)).by].sort()).toEqual(["bernd", "carla"]);
    expect(sending.state).toBe("delivered");
    expect([...sending.receivedBy].sort()).toEqual(["bernd", "carla"]);
    expect(states).toEqual(["queued", "sent", "stored", "delivered"]);
    await room.settled(anna.close());
    expect([...(await sending.delivered()).by].sort()).toEqual(["bernd", "carla"]);
  });

  it("does not wait for somebody who only writes", async () => {
    await using room = await openRoom();
    const robot = await room.connect("robot");
    await (await robot.topic(TITLE).open({ from: "none" })).send("I only write");
    const bernd = await room.connect("bernd");
    bernd.on("message", () => {});
    await bernd.topic(TITLE).open({ from: "start" });
    const anna = await room.connect("anna");
    const message = (await anna.topic(TITLE).open()).send("is it there?");
    await room.settled(message.delivered({ by: "all" }));
    expect(message.receivedBy).toEqual(new Set(["bernd"]));
  });

  it("waits for who is not there, until they have come back and read it", async () => {
    await using room = await openRoom();
    const [bernd, carla] = await reading(room, "bernd", "carla");
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    await room.settled(Promise.resolve(carla?.close()));
    const sending = topic.send("hello");
    expect(await room.settled(sending.delivered({ by: "any" }))).toEqual({ by: ["bernd"] });
    await room.pass(5_000);
    expect(sending.state).toBe("stored");
    await reading(room, "carla");
    expect((await room.settled(sending.delivered())).by).toEqual(["bernd", "carla"]);
    expect(bernd?.state).toBe("online");
  });

  it("is not claimed while nobody else is there", async () => {
    await using room = await openRoom();
    const [anna] = await reading(room, "anna");
    const sending = anna?.topic(TITLE).send("is anybody there?");
    const failing = codeOf(sending?.delivered({ timeoutMs: 3_000 }) ?? Promise.resolve());
    expect(await room.settled(failing)).toBe("TIMEOUT");
    expect(sending?.state).toBe("stored");
  });

  it("is an event, and no message: not in loops, not in the history", async () => {
    await using room = await openRoom();
    await reading(room, "bernd");
    const anna = await room.connect("anna");
    const told: object[] = [];
    anna.on("delivered", ({ topic: { title }, ...delivery }) => told.push({ title, ...delivery }));
    const seen: string[] = [];
    anna.on("message", ({ message }) => seen.push(message.kind));
    const topic = await anna.topic(TITLE).open();
    const loop = topic.messages({ from: "start" });
    await room.settled(topic.send("one").delivered());
    await room.settled(topic.send("two").delivered());
    expect(told[0]).toEqual({ title: TITLE, first: 1, last: 1, by: ["bernd"] });
    expect((await kindsOf(room)).filter((kind) => kind === "delivery").length).toBeGreaterThanOrEqual(2);
    expect(seen).toEqual(["note", "note"]);
    expect((await topic.history()).map(({ text }) => text)).toEqual(["one", "two"]);
    expect([(await loop.next()).value.text, (await loop.next()).value.text]).toEqual(["one", "two"]);
  });

  it("of many messages is confirmed a few at a time, and of one's own never", async () => {
    await using room = await openRoom();
    await reading(room, "bernd");
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    const sending = Array.from({ length: 640 }, (_, count) => topic.send(String(count)));
    await room.settled(Promise.all(sending.map((one) => one.delivered())));
    const kinds = await kindsOf(room);
    expect(kinds.filter((kind) => kind === "note")).toHaveLength(640);
    expect(kinds.filter((kind) => kind === "delivery").length).toBeLessThanOrEqual(12);
  });

  it("counts when the application has the message: not before a loop takes it, nor where nobody listens", async () => {
    await using room = await openRoom();
    const bernd = await room.connect("bernd");
    await bernd.topic(TITLE).open();
    const loop = bernd.topic(TITLE).messages({ from: "start" });
    await turns(20);
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    const sending = topic.send("hello");
    await sending;
    await room.pass(3_000);
    expect(sending.receivedBy.size).toBe(0);
    await loop.next();
    expect((await room.settled(sending.delivered())).by).toEqual(["bernd"]);
  });

  it("is not claimed of what came while nobody listened, when somebody does later, on whatever connection", async () => {
    await using room = await openRoom();
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const topic = await anna.topic(TITLE).open();
    await bernd.topic(TITLE).open({ from: "start" });
    const unheard = topic.send("does anybody listen?");
    await room.settled(unheard);
    await turns(20);
    bernd.on("message", () => {});
    const heard = topic.send("and now?");
    await room.settled(heard.delivered());
    room.network.cut();
    await room.until(() => anna.state === "online" && bernd.state === "online");
    await room.settled(topic.send("and again?").delivered());
    expect([unheard.state, heard.state]).toEqual(["stored", "delivered"]);
  });

  it("is confirmed again on the next connection when the receipt was lost with the last one", async () => {
    await using room = await openRoom();
    const [bernd] = await reading(room, "bernd");
    const anna = await room.connect("anna", { transport: room.network });
    const topic = await anna.topic(TITLE).open();
    const sending = topic.send("hello");
    await sending;
    await turns(20);
    // The message has arrived; the receipt leaves half a second later, into nowhere.
    room.network.partition();
    await room.pass(600);
    room.network.heal();
    room.network.cut();
    expect((await room.settled(sending.delivered())).by).toEqual(["bernd"]);
    expect(bernd?.state).toBe("online");
  });

  it("is no longer confirmed of what comes while the client is leaving, and does not disturb its leaving", async () => {
    const clock = new ManualClock();
    const network = new SimulatedNetwork({ clock, random: new SeededRandom(1), delayMs: [10, 10] });
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 1) await clock.advanceAsync(1);
    };
    const store = memoryStore();
    const authenticate = async ({ name }: { readonly name: string }) => ({ id: name, name, admin: false });
    const server = new RedRoomServer({
      store,
      transport: network.host("server"),
      clock,
      authenticate,
      policy: everybody,
    });
    const { address } = await server.listen({ port: 4433 });
    await server.createTopic(TITLE);
    const hosts = { anna: network.host("anna"), bernd: network.host("bernd") };
    const enter = async (name: keyof typeof hosts) => {
      const connecting = RedRoomClient.connect(address, {
        auth: { name, password: "-" },
        transport: hosts[name],
        clock,
      });
      await pass(100);
      const client = await connecting;
      const opening = client.topic(TITLE).open();
      await pass(100);
      return { client, topic: await opening };
    };
    const [anna, bernd] = [await enter("anna"), await enter("bernd")];
    const texts: string[] = [];
    bernd.client.on("message", ({ message }) => texts.push(message.text));
    void anna.topic.send("on its way while Bernd leaves");
    await pass(15);
    const closing = bernd.client.close({ drainMs: 5_000 });
    await pass(10);
    hosts.bernd.partition("in"); // the answer to his leaving takes its time
    await pass(1_000);
    expect(texts).toEqual(["on its way while Bernd leaves"]);
    hosts.bernd.heal();
    await pass(100);
    expect(await closing).toEqual({ unsent: 0 });
    const leaving = Promise.all([anna.client.close({ drainMs: 0 }), server.close({ drainMs: 0 })]);
    await pass(100);
    await leaving;
  });

  it("cannot be waited for where nothing is read", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const sending = (await anna.topic(TITLE).open({ from: "none" })).send("hello");
    expect(await codeOf(sending.delivered())).toBe("OPTIONS_INVALID");
    expect(await sending).toMatchObject({ seq: 1 });
  });

  it("is followed for the newest 1,024 messages: with one more, waiting for the oldest ends", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    const [oldest, second] = [topic.send("oldest"), topic.send("second")];
    const waiting = codeOf(oldest.delivered());
    let ended = false;
    void waiting.then(() => {
      ended = true;
    });
    await Promise.all(Array.from({ length: 1_022 }, (_, count) => topic.send(String(count))));
    await turns(50);
    expect(ended).toBe(false);
    const newest = topic.send("newest");
    expect(await room.settled(waiting)).toBe("TOO_MANY_REQUESTS");
    expect(await codeOf(oldest.delivered())).toBe("TOO_MANY_REQUESTS");
    expect((await oldest).seq).toBe(1);
    await reading(room, "bernd");
    for (const one of [second, newest]) expect((await room.settled(one.delivered())).by).toEqual(["bernd"]);
    expect(oldest.state).toBe("stored");
  });

  it("is not waited for longer than the caller wants, nor than the client lives", async () => {
    await using room = await openRoom();
    const [anna] = await reading(room, "anna");
    const sending = anna?.topic(TITLE).send("hello");
    await sending;
    const stop = new AbortController();
    const aborted = codeOf(sending?.delivered({ signal: stop.signal }) ?? Promise.resolve());
    const waiting = codeOf(sending?.delivered() ?? Promise.resolve());
    stop.abort();
    expect(await aborted).toBe("ABORTED");
    await room.settled(Promise.resolve(anna?.close()));
    expect(await waiting).toBe("CONNECTION_CLOSED");
  });
});

describe("an entry that cannot be read", () => {
  it("is an event in its place, and a callback for loops and histories", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    for (const text of ["one", "two", "three"]) await topic.send(text);
    room.liar.lie = (message) => {
      if (message.type !== "entry") return [message];
      const { leaf } = unpackEntry(message);
      return parseLeaf(leaf)?.seq === 2 ? [{ type: "placeholder", leafHash: toBase64Url(hashLeaf(leaf)) }] : [message];
    };
    const bernd = await room.connect("bernd");
    const shown: (string | number)[] = [];
    bernd.on("message", ({ message }) => shown.push(message.text));
    bernd.on("withheld", ({ seq }) => shown.push(seq));
    await bernd.topic(TITLE).open({ from: "start" });
    await room.until(() => shown.length === 3);
    expect(shown).toEqual(["one", 2, "three"]);
    const withheld: number[] = [];
    const history = await bernd.topic(TITLE).history({ onWithheld: (seq) => withheld.push(seq) });
    expect([history.map(({ text }) => text), withheld]).toEqual([["one", "three"], [2]]);
    const looped: (string | number)[] = [];
    const loop = bernd.topic(TITLE).messages({ from: "start", onWithheld: (seq) => looped.push(seq) });
    for (let count = 0; count < 2; count += 1) looped.push((await loop.next()).value.text);
    expect(looped).toEqual(["one", 2, "three"]);
  });

  it("is seen of a message that is sent again, by what the record has said since the topic was opened", async () => {
    await using room = await openRoom();
    await reading(room, "bernd");
    const [first, id] = [await room.connect("anna"), randomId()];
    const before = await first.topic(TITLE).open();
    await room.settled(before.send("hello", { id }).delivered());
    const again = before.send("hello", { id });
    expect(await again).toMatchObject({ seq: 1, duplicate: true });
    expect(await room.settled(again.delivered())).toEqual({ by: ["bernd"] });
    await room.settled(first.close());
    const second = await room.connect("anna");
    second.on("message", () => {});
    const topic = await second.topic(TITLE).open({ from: "start" });
    await turns(20);
    const later = topic.send("hello", { id });
    expect(await room.settled(later.delivered())).toEqual({ by: ["bernd"] });
    expect(later.state).toBe("delivered");
  });

  it("is no longer waited for when the client closes, also of what was sent twice", async () => {
    await using room = await openRoom();
    const anna = await room.connect("anna");
    const topic = await anna.topic(TITLE).open();
    const id = randomId();
    const twice = [topic.send("hello", { id })];
    await twice[0];
    twice.push(topic.send("hello", { id }));
    await twice[1];
    const waiting = twice.map((one) => codeOf(one.delivered()));
    await room.settled(anna.close());
    expect(await Promise.all(waiting)).toEqual(["CONNECTION_CLOSED", "CONNECTION_CLOSED"]);
  });
});
