import type { Found, SearchOptions } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { DEAL, openDealRoom, PARTY } from "./deal-room.ts";

const PEOPLE = { anna: PARTY, bernd: PARTY, lena: ["legal"], mona: ["superuser"] };

/** What Lena, who may query, finds in a conversation of five messages. */
async function openSearch() {
  const room = await openDealRoom(PEOPLE);
  const [anna, bernd, mona] = [await room.join("anna"), await room.join("bernd"), await room.join("mona")];
  const question = await room.settled(anna.topic.ask("Wie hoch sind die Rückstellungen?"));
  await room.pass(1_000);
  const middle = new Date(room.clock.now());
  await room.settled(bernd.topic.answer(question, "Die RUCKSTELLUNG beträgt zwei Millionen."));
  await room.settled(anna.topic.ask("Und die Straße?", { to: ["bernd"] }));
  await room.settled(mona.topic.note("Nichts weiter."));
  const { topic } = await room.join("lena");
  const find = async (options: SearchOptions): Promise<Found[]> => {
    const found: Found[] = [];
    const reading = (async () => {
      for await (const one of topic.search(options)) found.push(one);
    })();
    await room.settled(reading);
    return found;
  };
  const texts = async (options: SearchOptions) => (await find(options)).map(({ message }) => message.text);
  return { room, anna, mona, topic, middle, find, texts, [Symbol.asyncDispose]: () => room[Symbol.asyncDispose]() };
}

describe("a search", () => {
  it("finds words by their beginning, newest first, and says where they are", async () => {
    await using search = await openSearch();
    const found = await search.find({ text: "ruckstell" });
    expect(
      found.map(({ message, highlights }) => highlights.map(({ start, end }) => message.text.slice(start, end))),
    ).toEqual([["RUCKSTELL"], ["Rückstell"]]);
    expect(found[0]?.message).toMatchObject({ author: "bernd", kind: "answer" });
    expect(await search.texts({ text: "strasse" })).toEqual(["Und die Straße?"]);
  });

  it("is narrowed by who writes and to whom, by kind, by state and by time", async () => {
    await using search = await openSearch();
    const { middle } = search;
    expect(await search.texts({ by: ["mona", "bernd"], newestFirst: false })).toEqual([
      "Die RUCKSTELLUNG beträgt zwei Millionen.",
      "Nichts weiter.",
    ]);
    expect(await search.texts({ to: ["bernd"] })).toEqual(["Und die Straße?"]);
    expect(await search.texts({ kinds: ["note"] })).toEqual(["Nichts weiter."]);
    expect(await search.texts({ state: "open" })).toEqual(["Und die Straße?"]);
    expect(await search.texts({ until: middle })).toEqual(["Wie hoch sind die Rückstellungen?"]);
    expect((await search.texts({ from: middle })).length).toBe(3);
  });

  it("goes on behind the last message that was found, in its direction", async () => {
    await using search = await openSearch();
    const first = await search.find({ limit: 3 });
    expect(first).toHaveLength(3);
    const after = first.at(-1)?.message.seq ?? 0;
    expect(await search.texts({ after, limit: 3 })).toEqual(["Wie hoch sind die Rückstellungen?"]);
  });

  it("asks for more pages only as the loop comes to them", async () => {
    await using search = await openSearch();
    const { room, mona, topic } = search;
    const notes = Array.from({ length: 60 }, (_, count) => mona.topic.note(`note ${count}`));
    await room.settled(Promise.all(notes));
    let pages = 0;
    room.liar.lie = (message) => {
      pages += message.type === "found" ? 1 : 0;
      return [message];
    };
    const found = topic.search({ text: "note" });
    for (let count = 0; count < 50; count += 1) await room.settled(found.next());
    expect(pages).toBe(1);
    await room.settled(found.next());
    expect(pages).toBe(2);
  });

  it("is refused to who may not query earlier correspondence", async () => {
    await using search = await openSearch();
    const { room, anna } = search;
    await expect(room.settled(anna.topic.search({ text: "x" }).next())).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    const tooLong = anna.topic.search({ text: "ü".repeat(3_000) }).next();
    await expect(room.settled(tooLong)).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: "unable to send search; text is not Unicode text of at most 4096 bytes",
    });
    await expect(room.settled(anna.topic.history())).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    expect(anna.client.state).toBe("online");
  });
});

describe("the messages to pick from", () => {
  it("are the server's and the topic's, and are sent with their placeholders filled", async () => {
    await using room = await openDealRoom(PEOPLE);
    const { id = "" } = (await room.store.findTopic({ title: DEAL })) ?? {};
    await room.store.prepared?.replace(undefined, [{ kind: "note", title: "Date", text: "We answer by {date}." }]);
    await room.store.prepared?.replace(id, [{ kind: "question", text: "Who pays?" }]);
    const mona = await room.join("mona");
    const prepared = await room.settled(mona.topic.prepared());
    expect(prepared).toMatchObject([
      { kind: "note", title: "Date", text: "We answer by {date}.", shared: true },
      { kind: "question", text: "Who pays?", shared: false },
    ]);
    const [date, pays] = prepared;
    if (date === undefined || pays === undefined) throw new Error("there are two");
    expect(() => mona.topic.sendPrepared(date)).toThrow(expect.objectContaining({ code: "TEXT_INVALID" }));
    await room.settled(mona.topic.sendPrepared(date, { date: "3 March" }));
    await room.settled(mona.topic.sendPrepared(pays, {}, { to: ["anna"], priority: "high" }));
    await room.until(() => mona.messages.length === 2);
    expect(mona.messages.map(({ kind, text, priority }) => [kind, text, priority])).toEqual([
      ["note", "We answer by 3 March.", undefined],
      ["question", "Who pays?", "high"],
    ]);
  });
});
