import type { Topic } from "@redroom/sdk";
import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";

async function textsOf(topic: Topic, from: "start" | "now" | number): Promise<string[]> {
  const texts: string[] = [];
  for await (const { text } of topic.messages({ from, until: "head" })) texts.push(text);
  return texts;
}

describe("a loop until the head", () => {
  it("ends behind what was there when it began", async () => {
    await using room = await createTestRoom({ members: { anna: ["superuser"] } });
    const topic = await room.as("anna").joins();
    await room.as("anna").says("one");
    const { seq } = await room.as("anna").says("two");
    const loop = topic.messages({ from: "start", until: "head" });
    const first = await room.settled(loop.next());
    await room.as("anna").says("three");
    const rest = [await room.settled(loop.next()), await room.settled(loop.next())];
    expect([first, ...rest].map(({ value }) => value?.text)).toEqual(["one", "two", undefined]);
    expect(await room.settled(textsOf(topic, seq))).toEqual(["two", "three"]);
    expect(await room.settled(textsOf(topic, "now"))).toEqual([]);
  });

  it("ends behind entries that are no messages, or not for us", async () => {
    await using room = await createTestRoom({
      members: { anna: ["interviewer", "interviewee"], bernd: ["interviewer", "interviewee"], carla: ["interviewer"] },
    });
    await room.as("bernd").joins();
    const carlas = await room.as("carla").joins();
    await room.as("anna").asks("For all?");
    await room.as("anna").asks("For Bernd?", { to: ["bernd"] });
    expect(await room.settled(textsOf(carlas, "start"))).toEqual(["For all?"]);
    await room.pass(5_000); // by then the record says who has received it
    expect(room.transcript()).toMatch(/received by [^\n]*$/);
    expect(await room.settled(textsOf(carlas, "start"))).toEqual(["For all?"]);
  });

  it("ends behind an answer that its last entry reveals", async () => {
    const PARTY = ["interviewer", "interviewee"];
    await using room = await createTestRoom({
      members: { anna: PARTY, bernd: PARTY },
      topics: { Deal: { regulated: true } },
    });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const hers = await anna.asks("How high?", { to: ["bernd"] });
    const his = await bernd.asks("Who finances it?", { to: ["anna"] });
    await bernd.answers(hers, "Two million.");
    const { seq } = await anna.answers(his, "A bank.");
    await bernd.expects("A bank.");
    const texts = await room.settled(textsOf(await bernd.joins(), seq + 1));
    expect(texts.at(-1)).toBe("A bank.");
  });

  it("goes on over a lost connection, to the same end", async () => {
    await using room = await createTestRoom({ members: { anna: ["superuser"], bernd: ["superuser"] } });
    const topic = await room.as("bernd").joins();
    const numbers = Array.from({ length: 600 }, (_, index) => `${index}`);
    for (const text of numbers) await room.as("anna").says(text);
    const loop = topic.messages({ from: "start", until: "head" });
    const texts = [(await room.settled(loop.next())).value.text];
    room.faults.cut("bernd");
    await room.as("anna").says("later");
    const rest = async () => {
      for await (const { text } of loop) texts.push(text);
    };
    await room.settled(rest());
    expect(texts).toEqual(numbers);
  });
});
