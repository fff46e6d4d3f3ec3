import { describe, expect, it } from "vitest";
import { findAnswer, readAnswers } from "../../bot/src/answers.ts";
import { lineKey, readConversation } from "../src/conversation.ts";

const { people, bot, roles, topics, lines } = readConversation();
const answers = readAnswers(new URL("../../bot/answers.json", import.meta.url));

describe("the written conversation", () => {
  it("has at least 40 messages, in all three topics, by both people and the bot", () => {
    expect(lines.length).toBeGreaterThanOrEqual(40);
    expect(new Set(lines.map(({ topic }) => topic))).toEqual(new Set(topics));
    expect(new Set(lines.map(({ by }) => by))).toEqual(new Set([...people, bot]));
  });

  it.each([
    ["umlauts", /[äöüß]/],
    ["the euro sign", /€/],
    ["emoji of several code points", /\p{Emoji}\u200d\p{Emoji}/u],
    ["Arabic", /\p{Script=Arabic}{3}/u],
    ["Hebrew", /\p{Script=Hebrew}{3}/u],
    ["several lines in one message", /\n/],
    ["English", /\bthe\b/],
    ["German", /\bder\b/],
  ])("has %s", (_, pattern) => {
    expect(lines.some(({ text }) => pattern.test(text))).toBe(true);
  });

  it("has a message of 10 kB", () => {
    expect(Math.max(...lines.map(({ text }) => Buffer.byteLength(text)))).toBeGreaterThanOrEqual(10_000);
  });

  it("says nothing twice in a topic, so that what is heard can be told apart", () => {
    expect(new Set(lines.map(lineKey)).size).toBe(lines.length);
  });

  it("numbers the messages of each topic 1, 2, 3 …", () => {
    for (const title of topics) {
      const seqs = lines.filter(({ topic }) => topic === title).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, place) => place + 1));
    }
  });

  it("lets answers refer to a question of another participant in the same topic, and nothing else to anything", () => {
    for (const { topic, by, kind, re } of lines) {
      const question = lines.find((line) => line.topic === topic && line.seq === re);
      if (kind === "answer") expect(question).toMatchObject({ kind: "question", by: expect.not.stringMatching(by) });
      else expect(re).toBeUndefined();
    }
  });

  it("needs only what the roles allow: the bot answers, and whoever writes notes leads the conversation", () => {
    expect(roles[bot]).toEqual(["interviewee"]);
    for (const name of people) expect(roles[name]).toEqual(["superuser"]);
    for (const { kind } of lines.filter(({ by }) => by === bot)) expect(kind).toBe("answer");
  });

  it("gives the bot exactly the lines that it says by its table, right behind their questions", () => {
    lines.forEach(({ kind, text }, place) => {
      const answer = kind === "question" ? findAnswer(answers, text) : undefined;
      const next = lines[place + 1];
      if (answer === undefined) expect(next?.by).not.toBe(bot);
      else expect(next).toMatchObject({ by: bot, text: answer, re: lines[place]?.seq });
    });
  });
});
