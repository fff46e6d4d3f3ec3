import type { SealedMessage, TopicMessage } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { type DealRoom, openDealRoom, PARTY } from "./deal-room.ts";

/** Anna's question and Bernd's, and Bernd's answer, which Anna may not read before she has given hers. */
async function openExchange(room: DealRoom) {
  const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
  const hers = await anna.topic.ask("How high are the provisions?");
  const his = await bernd.topic.ask("Who finances the deal?");
  const answered = await bernd.topic.answer(hers, "Two million.");
  return { anna, bernd, hers, his, answered };
}

const regulatedRoom = () => openDealRoom({ anna: PARTY, bernd: PARTY }, { regulated: true });
const kindsAndTexts = (messages: readonly TopicMessage[]) => messages.map(({ kind, text }) => [kind, text]);
const answersIn = (messages: readonly TopicMessage[]) => messages.filter(({ kind }) => kind === "answer");

describe("an answer of a regulated topic", () => {
  it("comes sealed, and as a message behind its reveal, once the counterpart is given", async () => {
    await using room = await regulatedRoom();
    const { anna, bernd, his, answered } = await openExchange(room);
    await room.until(() => anna.sealed.length > 0);
    expect(anna.sealed).toMatchObject([
      { seq: answered.seq, kind: "answer", author: "bernd", re: 3, to: [{ name: "anna", id: anna.topic.self?.id }] },
    ]);
    expect(anna.sealed[0]).not.toHaveProperty("text");
    expect(answersIn(anna.messages)).toEqual([]);

    await anna.topic.answer(his, "A bank.");
    await room.until(() => answersIn(anna.messages).length === 2 && answersIn(bernd.messages).length === 2);
    const reveal = anna.messages.find(({ kind, re }) => kind === "reveal" && re === answered.seq);
    expect(anna.messages.find(({ seq }) => seq === answered.seq)).toMatchObject({
      text: "Two million.",
      by: bernd.topic.self?.id,
      revealedBy: reveal?.seq,
    });
    expect(answersIn(bernd.messages)).toMatchObject([{ text: "Two million." }, { text: "A bank." }]);
    expect(anna.sealed).toHaveLength(1);
  });

  it("was received with its reveal, says the record, and so was a correction of it: the commitment is no answer", async () => {
    await using room = await regulatedRoom();
    const { anna, bernd, his, answered } = await openExchange(room);
    const corrected = await bernd.topic.correct(answered, "Three million.");
    await room.until(() => anna.sealed.length === 2);
    await room.pass(5_000);
    const receiptsOf = async (seq: number) =>
      (await room.settled(bernd.topic.deliveries({ seq }))).filter(({ member }) => member.name === "anna");
    expect(await receiptsOf(answered.seq)).toEqual([]);
    const before = room.clock.now();
    await room.settled(anna.topic.answer(his, "A bank."));
    await room.pass(5_000);
    for (const { seq } of [answered, corrected]) {
      const [receipt] = await receiptsOf(seq);
      expect(receipt?.at.getTime()).toBeGreaterThanOrEqual(before);
    }
  });

  it("is handed over once, in its place, to whoever reads it when it is revealed already", async () => {
    await using room = await regulatedRoom();
    const { anna, his } = await openExchange(room);
    await anna.topic.answer(his, "A bank.");
    await room.until(() => answersIn(anna.messages).length === 2);
    const again = await room.join("anna");
    await room.until(() => again.messages.some(({ kind, re }) => kind === "reveal" && re === 5));
    await room.pass(1_000);
    expect(answersIn(again.messages).map(({ text, revealedBy }) => [text, revealedBy])).toEqual([
      ["Two million.", undefined],
      ["A bank.", undefined],
    ]);
    expect([again.sealed, again.withheld]).toEqual([[], []]);
  });

  it("is handed over, proved to be in the log, to whoever began to read behind it", async () => {
    await using room = await regulatedRoom();
    const { anna, his } = await openExchange(room);
    const late = await room.join("anna", { from: "now" });
    await anna.topic.answer(his, "A bank.");
    await room.until(() => answersIn(late.messages).length === 2);
    expect(
      answersIn(late.messages)
        .map(({ text }) => text)
        .sort(),
    ).toEqual(["A bank.", "Two million."]);
    expect([late.client.state, late.sealed]).toEqual(["online", []]);
  });

  it("is handed over once when the connection is lost between its reveal and itself", async () => {
    await using room = await regulatedRoom();
    const { anna, bernd, his } = await openExchange(room);
    await room.until(() => anna.sealed.length > 0);
    let cutOff = false;
    room.liar.lie = (message) => {
      cutOff ||= message.type === "revealed";
      return cutOff && ["revealed", "entry", "checkpoint"].includes(message.type) ? [] : [message];
    };
    void anna.topic.answer(his, "A bank.");
    await room.until(() => cutOff);
    await room.pass(1_000);
    expect(anna.texts()).not.toContain("Two million.");
    room.liar.lie = (message) => [message];
    room.network.cut();
    await room.until(() => anna.texts().includes("Two million.") && bernd.texts().includes("A bank."));
    await room.pass(2_000);
    expect(anna.texts().filter((text) => text === "Two million.")).toHaveLength(1);
    expect(anna.messages.filter(({ kind, re }) => kind === "reveal" && re === 5)).toHaveLength(1);
    expect(anna.withheld).toEqual([]);
  });

  it("is handed over once, and behind its reveal, whatever was the last to come before the connection was lost", async () => {
    const ofTheLog = ["entry", "sealed", "revealed", "placeholder", "checkpoint"];
    for (let last = 0; last < 12; last += 1) {
      await using room = await regulatedRoom();
      const { anna, bernd, his } = await openExchange(room);
      await room.until(() => anna.sealed.length > 0);
      let came = 0;
      room.liar.lie = (message) => {
        if (ofTheLog.includes(message.type)) came += 1;
        return came > last && ofTheLog.includes(message.type) ? [] : [message];
      };
      void anna.topic.answer(his, "A bank.");
      await room.pass(400);
      room.liar.lie = (message) => [message];
      room.network.cut();
      await room.until(() => [anna, bernd].every(({ messages }) => answersIn(messages).length === 2));
      await room.pass(400);
      for (const { messages, withheld } of [anna, bernd]) {
        expect([
          answersIn(messages)
            .map(({ text }) => text)
            .sort(),
          withheld,
        ]).toEqual([["A bank.", "Two million."], []]);
        const places = messages.map(({ seq, revealedBy = seq }) => revealedBy);
        expect(places, `lost behind ${last}`).toEqual(places.toSorted((a, b) => a - b));
      }
      // Hers was revealed before Bernd had it sealed.
      const revealed = anna.messages.findIndex(({ revealedBy }) => revealedBy !== undefined);
      expect(anna.messages[revealed - 1]).toMatchObject({ kind: "reveal", re: anna.messages[revealed]?.seq });
    }
  });

  it("is handed over once when it was sealed before the connection was lost, and revealed meanwhile", async () => {
    await using room = await regulatedRoom();
    const { anna, his } = await openExchange(room);
    const other = await room.join("anna");
    await room.until(() => other.sealed.length > 0);
    await room.settled(other.client.close());
    const [there, back] = [await room.join("anna", { from: 5 }), answersIn(other.messages)];
    await room.until(() => there.sealed.length > 0);
    room.network.cut();
    await anna.topic.answer(his, "A bank.");
    await room.until(() => there.texts().includes("Two million."));
    expect(answersIn(there.messages).filter(({ text }) => text === "Two million.")).toHaveLength(1);
    expect(back).toEqual([]);
  });

  it("is told to a loop and in the history as sealed, in its place, until it is revealed", async () => {
    await using room = await openDealRoom({ anna: [...PARTY, "legal"], bernd: PARTY }, { regulated: true });
    const { anna, his } = await openExchange(room);
    const [inLoop, inHistory]: [SealedMessage[], SealedMessage[]] = [[], []];
    const onSealed = (message: SealedMessage): void => void inLoop.push(message);
    const loop = anna.topic.messages({ from: "start", onSealed });
    const seen = [await loop.next(), await loop.next()].map(({ value }) => value.text);
    expect(seen).toEqual(["How high are the provisions?", "Who finances the deal?"]);
    const history = await room.settled(anna.topic.history({ onSealed: (message) => inHistory.push(message) }));
    expect(history.map(({ text }) => text)).toEqual(seen);
    await anna.topic.answer(his, "A bank.");
    for (let text = ""; text !== "Two million."; ) text = (await room.settled(loop.next())).value.text;
    expect(inLoop).toMatchObject([{ seq: 5 }]);
    expect(inHistory).toEqual(inLoop);
    expect(kindsAndTexts(await room.settled(anna.topic.history())).slice(0, 4)).toEqual([
      ["question", "How high are the provisions?"],
      ["question", "Who finances the deal?"],
      ["answer", "Two million."],
      ["answer", "A bank."],
    ]);
  });

  it("tells both sides who waits for whom, and when nobody does any more", async () => {
    await using room = await regulatedRoom();
    const { anna, bernd, his } = await openExchange(room);
    await room.until(() => anna.topic.waiting.length > 0 && bernd.topic.waiting.length > 0);
    expect(anna.topic.waiting).toEqual([
      {
        reader: { id: anna.topic.self?.id, name: "anna" },
        answerer: { id: bernd.topic.self?.id, name: "bernd" },
        answers: [5],
        questions: [4],
      },
    ]);
    expect(bernd.topic.waiting).toEqual(anna.topic.waiting);
    const told: number[] = [];
    anna.client.on("waiting", ({ waiting }) => told.push(waiting.length));
    await anna.topic.answer(his, "A bank.");
    await room.until(() => bernd.topic.waiting.length === 0 && told.length > 0);
    expect(told).toEqual([0]);
  });

  it("that nobody answers for in time is released by who moderates, and withheld from nobody", async () => {
    await using room = await openDealRoom({ anna: PARTY, bernd: PARTY, mona: ["superuser"] }, { regulated: true });
    const [anna, bernd, mona] = [await room.join("anna"), await room.join("bernd"), await room.join("mona")];
    const hers = await anna.topic.ask("How high are the provisions?", { to: ["bernd"] });
    const due = new Date(room.clock.now() + 60_000);
    await bernd.topic.ask("Who finances the deal?", { to: ["anna"], due });
    const answered = await bernd.topic.answer(hers, "Two million.");
    await expect(room.settled(mona.topic.release(answered))).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    await room.pass(61_000, 1_000);
    await room.settled(mona.topic.release(answered, "She had a minute."));
    await room.until(() => anna.texts().includes("Two million."));
    expect(anna.messages.find(({ kind }) => kind === "reveal")).toMatchObject({
      author: "mona",
      text: "She had a minute.",
    });
  });

  it("is delivered to its asker when it has come sealed, also to a sender who waits for nobody else", async () => {
    await using room = await openDealRoom({ anna: PARTY, bernd: PARTY, carla: PARTY }, { regulated: true });
    const { bernd, hers } = await openExchange(room);
    const more = bernd.topic.answer(hers, "Rather three.");
    expect((await room.settled(more.delivered())).by).toEqual(["anna"]);
  });
});
