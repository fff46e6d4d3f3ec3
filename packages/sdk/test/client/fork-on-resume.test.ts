import type { RedRoomError } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { openForks } from "../forks.ts";
import type { Lie } from "../lying-transport.ts";
import { openRoom, TITLE, turns } from "./room.ts";

const READ = ["one", "two", "three", "four", "five"];
const YESTERDAY = READ.slice(0, 3);

const CHANGED: Readonly<Record<string, readonly string[]>> = {
  "with a changed entry": ["one", "two", "THREE", "four", "five"],
  "with a changed entry, and longer": ["one", "two", "THREE", "four", "five", "six", "seven"],
  "with another last entry, and longer": ["one", "two", "three", "four", "FIVE", "six"],
};

/** What the server signs from now on reaches nobody. */
const unsigned: Lie = (message) => (message.type === "checkpoint" ? [] : [message]);
const honest: Lie = (message) => [message];

/**
 * Anna has read five messages on a connection that is about to be lost. No time has passed: she has confirmed nothing yet.
 *
 * @param options.signed For how many of them she has seen a signature: all, unless the last ones came without.
 */
async function afterReading({ signed = READ.length }: { readonly signed?: number } = {}) {
  const forks = openForks();
  const store = await forks.record(READ.slice(0, signed));
  const room = await openRoom({ store });
  const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
  const texts: string[] = [];
  anna.on("message", ({ message }) => texts.push(message.text));
  const ending = new Promise<RedRoomError | undefined>((resolve) => anna.once("closed", resolve));
  const topic = await anna.topic(TITLE).open({ from: "start" });
  await turns(20);
  room.liar.lie = unsigned;
  await forks.grow(store, READ);
  await bernd.topic(TITLE).history({ from: READ.length }); // makes the server look for what others have appended
  await turns(20);
  room.liar.lie = honest;
  expect(texts).toEqual(READ);
  return {
    room,
    forks,
    anna,
    topic,
    texts,
    ending,
    known: anna.trusted.get(forks.topicId) ?? "",
    [Symbol.asyncDispose]: () => room[Symbol.asyncDispose](),
  };
}

describe("a client whose connection was lost", () => {
  it.each(Object.keys(CHANGED))("ends when the server comes back with a record %s", async (name) => {
    await using world = await afterReading();
    const other = await world.forks.record(CHANGED[name] ?? []);
    const shown = await other.checkpoint(world.forks.topicId);
    await world.room.stop();
    const waiting = expect(world.topic.send("for the record that was")).rejects.toMatchObject({ code: "LOG_FORK" });
    await world.room.start(other);
    const ending = await world.room.settled(world.ending);
    expect(ending).toMatchObject({ code: "LOG_FORK", evidence: { known: world.known, shown } });
    expect(world.anna.states.at(-1)).toMatchObject({ state: "failed", code: "LOG_FORK" });
    expect(world.anna.trusted.get(world.forks.topicId)).toBe(world.known);
    // Nothing of the other record was taken for a part of the one that was read.
    expect(world.texts).toEqual(READ);
    await waiting;
  });

  it("ends when the server says that something else came before what it goes on with", async () => {
    await using world = await afterReading();
    world.room.liar.lie = (message) =>
      message.type === "topicOpened"
        ? [{ ...message, frontier: message.frontier.map(() => "A".repeat(43)) }]
        : [message];
    world.room.network.cut();
    const ending = await world.room.settled(world.ending);
    expect(ending?.code).toBe("LOG_FORK");
    // What it has signed is still the same: that is no evidence against it.
    expect(ending?.evidence).toEqual({ origin: expect.any(String), known: world.known });
  });

  it("ends when the server had signed what its record no longer has", async () => {
    await using world = await afterReading();
    const shorter = await world.forks.record(YESTERDAY);
    const shown = await shorter.checkpoint(world.forks.topicId);
    await world.room.stop();
    await world.room.start(shorter);
    const ending = await world.room.settled(world.ending);
    expect(ending).toMatchObject({ code: "LOG_FORK", evidence: { known: world.known, shown } });
    expect(world.anna.trusted.get(world.forks.topicId)).toBe(world.known);
  });

  it("waits for a server that is only behind, and goes on when it has caught up", async () => {
    await using world = await afterReading({ signed: YESTERDAY.length });
    const { room, anna, topic, texts, forks } = world;
    const behind = await forks.record(YESTERDAY);
    expect(world.known).toBe(await behind.checkpoint(forks.topicId));
    await room.stop();
    await room.start(behind);
    await room.until(() => anna.state === "online" && anna.states.length > 0);
    const sending = topic.send("six");
    await room.pass(60_000);
    expect([anna.state, sending.state, texts]).toEqual(["online", "queued", READ]);
    await forks.grow(behind, READ);
    expect(await room.settled(sending)).toMatchObject({ seq: 6, duplicate: false });
    await room.until(() => texts.length === 6);
    expect(texts).toEqual([...READ, "six"]);
    expect(await room.settled(topic.history())).toHaveLength(6);
  });
});
