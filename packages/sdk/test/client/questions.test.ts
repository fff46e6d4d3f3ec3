import type { QuestionsOptions, Topic } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import type { Message, MessageOf } from "../../src/protocol/messages.ts";
import { type DealRoom, openDealRoom, PARTY } from "./deal-room.ts";

const PEOPLE = { anna: PARTY, bernd: PARTY, mona: ["superuser"] };

/** Five questions: open, answered, withdrawn and closed ones of Anna's, and one of Bernd's to her. */
async function openQuestions(room: DealRoom) {
  const [anna, bernd, mona] = [await room.join("anna"), await room.join("bernd"), await room.join("mona")];
  await room.settled(anna.topic.ask("open"));
  await room.settled(bernd.topic.answer(await room.settled(anna.topic.ask("answered")), "Yes."));
  await room.settled(anna.topic.withdraw(await room.settled(anna.topic.ask("withdrawn"))));
  await room.settled(mona.topic.closeQuestion(await room.settled(anna.topic.ask("closed")), "No."));
  await room.settled(bernd.topic.ask("to anna", { to: ["anna"] }));
  return { anna, bernd, mona };
}

describe("the questions of a topic", () => {
  it("are listed with their states, by state, by who asks and by who is asked", async () => {
    await using room = await openDealRoom(PEOPLE);
    const { anna } = await openQuestions(room);
    const list = async (options?: QuestionsOptions) =>
      (await room.settled(anna.topic.questions(options))).map(({ message, state }) => [message.text, state]);
    expect(await list()).toEqual([
      ["open", "open"],
      ["answered", "answered"],
      ["withdrawn", "withdrawn"],
      ["closed", "closed"],
      ["to anna", "open"],
    ]);
    expect(await list({ state: "closed" })).toEqual([["closed", "closed"]]);
    expect(await list({ state: "open", of: "me" })).toEqual([["open", "open"]]);
    expect(await list({ of: "bernd" })).toEqual([["to anna", "open"]]);
    expect(await list({ state: "open", for: "me" })).toEqual([["to anna", "open"]]);
    await expect(anna.topic.questions({ of: "nobody" })).rejects.toMatchObject({ code: "RECIPIENT_INVALID" });
  });

  it("are read page by page, as many as are wanted, and on behind the last", async () => {
    await using room = await openDealRoom(PEOPLE);
    const { anna } = await openQuestions(room);
    const asked: number[] = [];
    room.liar.lie = (message) => {
      if (message.type === "questionList") asked.push(message.questions.length);
      return [message];
    };
    const texts = async (topic: Topic, options: QuestionsOptions) =>
      (await room.settled(topic.questions(options))).map(({ message }) => message.text);
    const first = await room.settled(anna.topic.questions({ limit: 2 }));
    expect(first.map(({ message }) => message.text)).toEqual(["open", "answered"]);
    expect(await texts(anna.topic, { after: first.at(-1)?.message.seq ?? 0 })).toEqual([
      "withdrawn",
      "closed",
      "to anna",
    ]);
    expect(asked).toEqual([2, 3]);
  });

  it("name who still has to answer, in a regulated topic", async () => {
    await using room = await openDealRoom(PEOPLE, { regulated: true });
    const [anna, bernd] = [await room.join("anna"), await room.join("bernd")];
    const question = await room.settled(anna.topic.ask("Who pays?"));
    await room.settled(bernd.topic.answer(question, "A bank."));
    const [listed] = await room.settled(anna.topic.questions());
    expect(listed?.asked?.map(({ name }) => name)).toEqual(["mona"]);
    expect(listed?.message.asked?.map(({ name }) => name)).toEqual(["bernd", "mona"]);
  });

  const lies: Readonly<Record<string, (message: Message) => readonly Message[]>> = {
    "a list without its entries": (message) => (message.type === "entry" ? [] : [message]),
    "the entry of another question": (message) =>
      message.type === "questionList" ? [{ ...message, questions: [...message.questions].reverse() }] : [message],
    "an answer among the questions": (message) => (message.type === "questionList" ? [withSeq(message, 4)] : [message]),
  };
  const withSeq = (list: MessageOf<"questionList">, seq: number): MessageOf<"questionList"> => ({
    ...list,
    questions: list.questions.map((question) => ({ ...question, seq })),
  });
  it.each(Object.entries(lies))("shown as %s end the session", async (_, lie) => {
    await using room = await openDealRoom(PEOPLE);
    const { anna } = await openQuestions(room);
    const ended = new Promise<unknown>((resolve) => anna.client.on("closed", resolve));
    room.liar.lie = lie;
    await expect(room.settled(anna.topic.questions({ of: "me" }))).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
    expect(await room.settled(ended)).toMatchObject({ code: "PROTOCOL_ERROR" });
  });
});
