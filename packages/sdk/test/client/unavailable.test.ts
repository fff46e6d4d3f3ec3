import { faultyStore, type StoreCall, type StoreFault } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";
import { parseLeaf } from "../../src/evidence/leaf.ts";
import { openRoom, TITLE } from "./room.ts";

const fails = (): StoreFault => ({ ends: "fails" });

/** Anna writes and Bernd reads, on a store that does what `disk.plan` says. */
async function openRoomOnDisk() {
  const disk: { plan: (call: StoreCall) => StoreFault | undefined } = { plan: () => undefined };
  const room = await openRoom({ wrapStore: (store) => faultyStore(store, (call) => disk.plan(call)) });
  const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
  const texts: string[] = [];
  bernd.on("message", ({ message }) => texts.push(message.text));
  await bernd.topic(TITLE).open({ from: "start" });
  const topic = await anna.topic(TITLE).open();
  return {
    room,
    disk,
    anna,
    bernd,
    topic,
    /** What Bernd was told of, in order. */
    texts,
    /** How many messages the record has. */
    async stored(): Promise<number> {
      const entries = await room.store.read(topic.id ?? "", { from: 1, limit: 1_000 });
      return entries.filter(({ leaf }) => parseLeaf(leaf)?.kind === "note").length;
    },
    async [Symbol.asyncDispose]() {
      disk.plan = () => undefined;
      await room[Symbol.asyncDispose]();
    },
  };
}

describe("a client whose server cannot use its store", () => {
  it("is told why, keeps what is sent, and goes on by itself: everything is stored once, in order, and delivered", async () => {
    await using world = await openRoomOnDisk();
    const { room, disk, anna, bernd, topic, texts } = world;
    await room.settled(topic.send("0").delivered());
    disk.plan = fails;
    const sending = [topic.send("1")];
    await room.until(() => anna.state === "unavailable" && bernd.state === "unavailable", 500);
    expect(anna.states).toMatchObject([
      {
        previous: "online",
        state: "unavailable",
        code: "STORE_UNAVAILABLE",
        reason: expect.stringContaining("unable to store or read"),
      },
    ]);
    for (const text of ["2", "3", "4"]) sending.push(topic.send(text));
    await room.pass(60_000);
    expect(sending.map(({ state }) => state)).toEqual(["queued", "queued", "queued", "queued"]);
    expect([await world.stored(), texts]).toEqual([1, ["0"]]);
    expect([anna.state, bernd.state]).toEqual(["unavailable", "unavailable"]);

    disk.plan = () => undefined;
    await room.until(() => anna.state === "online" && bernd.state === "online", 1_100);
    sending.push(topic.send("5"));
    const answers = await room.settled(Promise.all(sending));
    expect(answers.map(({ duplicate }) => duplicate)).toEqual(Array(5).fill(false));
    const deliveries = await room.settled(Promise.all(sending.map((one) => one.delivered())));
    expect(deliveries).toEqual(Array(5).fill({ by: ["bernd"] }));
    expect([await world.stored(), texts]).toEqual([6, ["0", "1", "2", "3", "4", "5"]]);
    // The session has outlived it all.
    expect(anna.states.map(({ state }) => state)).toEqual(["unavailable", "online"]);
  });

  it("learns only then of what was stored as the store failed, and it is there once", async () => {
    await using world = await openRoomOnDisk();
    const { room, disk, anna, topic, texts } = world;
    disk.plan = ({ method }) => (method === "append" ? { ends: "failsAfterwards" } : fails());
    const sending = topic.send("is it there?");
    await room.until(() => anna.state === "unavailable", 500);
    await room.pass(5_000);
    expect([sending.state, await world.stored(), texts]).toEqual(["queued", 1, []]);
    disk.plan = () => undefined;
    expect(await room.settled(sending)).toMatchObject({ seq: 1, duplicate: true });
    await room.until(() => texts.length > 0);
    expect([await world.stored(), texts]).toEqual([1, ["is it there?"]]);
  });

  it("comes back to such a server with its session, and waits there", async () => {
    await using world = await openRoomOnDisk();
    const { room, disk, anna, topic } = world;
    disk.plan = fails;
    await room.until(() => anna.state === "unavailable", 1_000);
    room.network.cut();
    const sending = topic.send("hello");
    await room.pass(5_000);
    expect([anna.state, sending.state]).toEqual(["unavailable", "queued"]);
    disk.plan = () => undefined;
    expect(await room.settled(sending)).toMatchObject({ seq: 1, duplicate: false });
  });
});
