import { describe, expect, it } from "vitest";
import { openRoom, TITLE, turns } from "./room.ts";

const OTHER = "Asset Deal";

/** Collects what nobody has caught, instead of letting it end the process. */
function uncaughtExceptions() {
  const before = process.listeners("uncaughtException");
  const messages: string[] = [];
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", ({ message }) => messages.push(message));
  return {
    messages,
    [Symbol.dispose]() {
      process.removeAllListeners("uncaughtException");
      for (const listener of before) process.on("uncaughtException", listener);
    },
  };
}

/** Anna and Bernd in two topics; Anna's loop reads the first one. */
async function openTwoTopics() {
  const room = await openRoom();
  await room.server.createTopic(OTHER);
  const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
  for (const title of [TITLE, OTHER]) {
    await anna.topic(title).open();
    await bernd.topic(title).open({ from: "none" });
  }
  return Object.assign(room, { anna, bernd });
}

describe("what a listener throws surfaces as an uncaught exception", () => {
  it("of `message`: every message comes, in every topic, to loops too, and the session stays", async () => {
    using uncaught = uncaughtExceptions();
    await using room = await openTwoTopics();
    const { anna, bernd } = room;
    const seen: string[] = [];
    anna.on("message", ({ topic, message }) => {
      seen.push(message.text);
      if (topic.title === TITLE) throw new Error(`a mistake with ${message.text}`);
    });
    const loop = anna.topic(TITLE).messages({ from: "start" });
    for (const text of ["one", "two"]) {
      await bernd.topic(TITLE).send(text);
      await bernd.topic(OTHER).send(`${text} there`);
      await turns(20);
    }
    expect(seen).toEqual(["one", "one there", "two", "two there"]);
    expect(uncaught.messages).toEqual(["a mistake with one", "a mistake with two"]);
    for (const text of ["one", "two"]) expect((await loop.next()).value).toMatchObject({ text });
    expect(await anna.topic(TITLE).send("three")).toMatchObject({ seq: 3 });
    expect(anna.states).toEqual([]);
  });

  it("of `message`: what it has not taken is not confirmed as received", async () => {
    using uncaught = uncaughtExceptions();
    await using room = await openTwoTopics();
    const { anna, bernd } = room;
    let broken = true;
    anna.on("message", () => {
      if (broken) throw new Error("a mistake");
    });
    await bernd.topic(TITLE).close();
    const topic = await bernd.topic(TITLE).open();
    const lost = topic.send("lost on her");
    await room.settled(lost);
    await turns(20);
    broken = false;
    expect(await room.settled(topic.send("taken").delivered())).toEqual({ by: ["anna"] });
    expect([lost.state, uncaught.messages]).toEqual(["stored", ["a mistake"]]);
  });

  it("of `state`: the connection is made again all the same", async () => {
    using uncaught = uncaughtExceptions();
    await using room = await openTwoTopics();
    const { anna, bernd, network } = room;
    anna.on("state", ({ state }) => {
      throw new Error(`a mistake while ${state}`);
    });
    const seen: string[] = [];
    anna.on("message", ({ message }) => seen.push(message.text));
    network.cut();
    await room.until(() => anna.state === "online" && bernd.state === "online");
    await room.settled(bernd.topic(TITLE).send("hello"));
    await room.until(() => seen.length > 0);
    expect(uncaught.messages).toEqual(["a mistake while resuming", "a mistake while online"]);
  });

  it("of `outgoing`: the message is sent, stored and answered all the same, and those behind it too", async () => {
    using uncaught = uncaughtExceptions();
    await using room = await openTwoTopics();
    const { anna } = room;
    anna.on("outgoing", ({ sending }) => {
      throw new Error(`a mistake with ${sending.text} ${sending.state}`);
    });
    const sending = [anna.topic(TITLE).send("one"), anna.topic(TITLE).send("two")];
    const there = anna.topic(OTHER).send("three");
    expect((await Promise.all(sending)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await there).toMatchObject({ seq: 1 });
    await turns(5);
    const mistakes = ["one", "two", "three"].flatMap((text) =>
      ["queued", "sent", "stored"].map((state) => `a mistake with ${text} ${state}`),
    );
    expect([...uncaught.messages].sort()).toEqual(mistakes.sort());
    expect(anna.states).toEqual([]);
  });
});
