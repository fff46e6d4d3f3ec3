import type { TopicMessage, TopicQuestion } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { foundLine } from "../../src/lists/found-line.ts";
import { questionJson, questionLine } from "../../src/lists/question-line.ts";
import { waitingLine } from "../../src/lists/waiting-line.ts";
import { textsIn } from "../../src/texts/texts.ts";

const [en, de] = [textsIn("en"), textsIn("de")];
const anna = { id: "a", name: "anna" };
const bernd = { id: "b", name: "bernd\x1b[2J" };
const message: TopicMessage = {
  seq: 3,
  id: "id",
  kind: "question",
  author: "anna",
  by: "a",
  at: new Date(2026, 0, 31, 14, 5, 9),
  text: "Wie hoch sind\ndie Rückstellungen?",
  to: [bernd],
  priority: "high",
};

describe("a line about a question", () => {
  it("says whose it is, for whom, how urgent, and who still has to answer, safe to print", () => {
    const question: TopicQuestion = { message, state: "open", asked: [bernd] };
    expect(questionLine(question, en)).toBe(
      "#3 anna asks → bernd␛[2J (high): Wie hoch sind␊die Rückstellungen? (waits for bernd␛[2J)",
    );
    expect(questionLine({ message, state: "answered" }, de)).toBe(
      "#3 anna fragt → bernd␛[2J (hoch): Wie hoch sind␊die Rückstellungen?",
    );
  });

  it("has for scripts who still has to answer, not who was asked once", () => {
    const asked: TopicMessage = { ...message, asked: [bernd] };
    expect(questionJson({ message: asked, state: "answered" })).toMatchObject({ asked: undefined, state: "answered" });
  });
});

describe("a line about who waits for whom", () => {
  const pair = { reader: anna, answerer: bernd, questions: [4, 9], answers: [7] };

  it.each([
    ["a", "Answer 2 questions (#4, #9) to read 1 answer (#7) from bernd␛[2J."],
    ["b", "anna has 2 questions (#4, #9) to answer before reading 1 answer (#7) of yours."],
    ["c", "anna has 2 questions (#4, #9) to answer before reading 1 answer (#7) from bernd␛[2J."],
  ])("is said from where %s stands", (self, line) => {
    expect(waitingLine(pair, self, en)).toBe(line);
  });

  it("is German where that is spoken", () => {
    expect(waitingLine(pair, "a", de)).toBe(
      "Beantworten Sie 2 Fragen (#4, #9), um 1 Antwort (#7) von bernd␛[2J zu lesen.",
    );
  });
});

describe("a line about what was found", () => {
  it("has in bold why, and acts upon no terminal", () => {
    const line = foundLine({ ...message, text: "Die Rückstellungen\x1b[2J" }, "ruckst", en);
    expect(line).toContain("Die \x1b[1mRückst\x1b[0mellungen␛[2J");
    expect(foundLine({ ...message, text: "\u202e Rückst" }, "ruckst", en)).not.toContain("\u202e");
  });
});
