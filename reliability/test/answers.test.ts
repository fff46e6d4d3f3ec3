import { describe, expect, it } from "vitest";
import { answerFor, faultsOfAnswers } from "../src/harness/answers.ts";
import type { RecordedEntry } from "../src/harness/record.ts";

const entry = (seq: number, kind: string, text: string, re?: number): RecordedEntry => ({
  seq,
  id: String(seq),
  author: kind === "question" ? "anna" : "bot",
  kind,
  text,
  re,
});
const question = entry(2, "question", "How many?");
const answer = entry(3, "answer", answerFor("How many?"), 2);
const faultsOf = (...entries: RecordedEntry[]): string[] => faultsOfAnswers(new Map([["Share Deal", entries]]));

describe("the answers of a record", () => {
  it("are right where each question has one", () => {
    expect(faultsOf(question, answer, entry(4, "delivery", ""))).toEqual([]);
  });

  it.each([
    ["none was given", [question], "question 2 has 0 answers"],
    ["one was given twice", [question, answer, { ...answer, seq: 4 }], "question 2 has 2 answers"],
    ["another one was given", [question, { ...answer, text: "42" }], 'question 2 has the answer "42"'],
    ["one is to nothing", [question, answer, { ...answer, seq: 4, re: 9 }], "answer 4 is to no question"],
  ])("are wrong where %s", (_, entries, fault) => {
    expect(faultsOf(...entries)).toEqual([`Share Deal: ${fault}`]);
  });
});
