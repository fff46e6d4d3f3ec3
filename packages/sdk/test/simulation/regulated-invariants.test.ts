import { describe, expect, it } from "vitest";
import { type Walk, walk } from "../../src/testing/simulation/log-walk.ts";
import { kept } from "../../src/testing/simulation/sight-invariants.ts";
import type { HistoryEvent, RecordedEntry } from "../../src/testing.ts";

const TOPIC = "Share Deal";
const PARTY = "interviewer interviewee";

type Facts = Pick<RecordedEntry, "kind" | "author"> & Partial<RecordedEntry>;

/** A log of these entries, behind the memberships of Anna and Bernd, the parties, and of Doris, the superuser. */
function logOf(...facts: readonly Facts[]): RecordedEntry[] {
  const member = (user: string, text: string): Facts => ({ kind: "membership", author: "server", to: [user], text });
  return [member("anna", PARTY), member("bernd", PARTY), member("doris", "superuser"), ...facts].map((fact, index) => ({
    seq: index + 1,
    id: `id ${index + 1}`,
    text: "text",
    re: undefined,
    leaf: "",
    to: [],
    at: index + 1,
    commitment: "c",
    ...fact,
  }));
}

const asks = (author: string, to: string, due?: number): Facts => ({
  kind: "question",
  author,
  to: [to],
  asked: [to],
  due,
});
const answers = (author: string, re: number, to: string): Facts => ({ kind: "answer", author, re, to: [to] });
const reveals = (re: number, to: string, author = "server"): Facts => ({ kind: "reveal", author, re, to: [to] });

/** 4: Anna asks. 5: Bernd asks. 6: Bernd answers. 7: Anna answers. 8, 9: both are revealed. */
const exchange = [
  asks("anna", "bernd"),
  asks("bernd", "anna"),
  answers("bernd", 4, "anna"),
  answers("anna", 5, "bernd"),
  reveals(6, "anna"),
  reveals(7, "bernd"),
];

const read = (...facts: readonly Facts[]): Walk => walk(logOf(...facts), true, false);

describe("what the judge reads in a log", () => {
  it("finds nothing wrong with an exchange", () => {
    expect(read(...exchange)).toMatchObject({ unjustified: [], forbidden: [] });
  });

  it("notices an answer that is revealed before its counterpart, and one that stays sealed", () => {
    const [ask, askBack, answer, answerBack, first, second] = exchange as [Facts, Facts, Facts, Facts, Facts, Facts];
    expect(read(ask, askBack, answer, first).unjustified).toEqual([
      "7 of server reveals 6 to anna, who owes an answer to 5",
    ]);
    expect(read(ask, askBack, answer, answerBack, first).unjustified).toEqual([
      "answer 7 of anna stays sealed for bernd, who owes nothing",
    ]);
    expect(read(...exchange, second).unjustified).toEqual(["10 reveals 7, which is not sealed"]);
  });

  it("lets a younger question keep nothing sealed", () => {
    const [ask, askBack, answer] = exchange as [Facts, Facts, Facts];
    expect(read(ask, answers("bernd", 4, "anna"), reveals(5, "anna"), askBack).unjustified).toEqual([]);
    expect(read(ask, answers("bernd", 4, "anna"), askBack).unjustified).toHaveLength(1);
    expect(read(ask, askBack, answer).unjustified).toEqual([]);
  });

  it("lets a superuser release what waits for a question whose deadline is over, and nobody release anything else", () => {
    const [ask, , answer] = exchange as [Facts, Facts, Facts];
    const release = reveals(6, "anna", "doris");
    expect(read(ask, asks("bernd", "anna", 6), answer, release)).toMatchObject({ unjustified: [], forbidden: [] });
    expect(read(ask, asks("bernd", "anna", 100), answer, release).unjustified).toHaveLength(1);
    expect(read(ask, asks("bernd", "anna"), answer, release).unjustified).toHaveLength(1);
    expect(read(ask, asks("bernd", "anna", 6), answer, { ...release, author: "anna" }).forbidden).toEqual([
      "7 is a reveal of anna: the role does not allow it",
    ]);
  });

  it("notices what the role of its author did not allow at its place", () => {
    const demoted: Facts = { kind: "membership", author: "server", to: ["anna"], text: "interviewee" };
    expect(read(asks("anna", "bernd"), demoted).forbidden).toEqual([]);
    expect(read(demoted, asks("anna", "bernd")).forbidden).toEqual([
      "5 is a question of anna: the role does not allow it",
    ]);
    expect(read({ kind: "note", author: "anna" }).forbidden).toHaveLength(1);
    expect(read({ kind: "note", author: "doris" }).forbidden).toEqual([]);
  });

  it("notices an answer to a question of others, to a withdrawn one, and one question too many", () => {
    const withdrawn: Facts = { kind: "withdrawal", author: "anna", re: 4, to: ["bernd"] };
    expect(read(asks("anna", "bernd"), answers("doris", 4, "anna")).forbidden).toHaveLength(1);
    expect(read(asks("anna", "bernd"), withdrawn, answers("bernd", 4, "anna")).forbidden).toHaveLength(1);
    const questions = [1, 2, 3, 4].map(() => asks("anna", "bernd"));
    expect(read(...questions.slice(1)).forbidden).toEqual([]);
    expect(read(...questions).forbidden).toEqual(["7 makes 4 open questions of anna"]);
  });
});

describe("what the judge sees being sent", () => {
  const sent = (user: string, seq: number | undefined, step: number, known: number, durable: number): string[] => {
    const events = [
      { type: "knows", server: "server 1", topic: TOPIC, last: known },
      { type: "committed", topic: TOPIC, first: 1, last: durable, messages: [], checkpoint: "" },
      { type: "sentTo", server: "server 1", topic: TOPIC, user, what: "entry", seq },
    ].map((event, index) => ({ ...event, at: 10, step: index === 2 ? step : 1 })) as HistoryEvent[];
    const removed: Facts = { kind: "membership", author: "server", to: ["bernd"], text: "" };
    const entries = logOf(...exchange, removed);
    const state = { regulated: true, members: new Map(), sealed: [], questions: [] };
    const history = { events, record: new Map([[TOPIC, entries]]), states: new Map([[TOPIC, state]]) };
    return kept({ ...history, open: false, timersLeft: 0 });
  };

  it("notices the text of an answer that is sealed for who gets it, until its reveal is durable", () => {
    expect(sent("anna", 6, 2, 7, 7)).toHaveLength(1);
    expect(sent("anna", 6, 2, 8, 8)).toEqual([]);
    expect(sent("bernd", 6, 2, 7, 7)).toEqual([]);
    expect(sent("doris", 6, 2, 7, 7)).toEqual([]);
  });

  it("notices a text that is for others, and one where none belongs", () => {
    expect(sent("carla", 4, 2, 7, 7)).toHaveLength(1);
    expect(sent("anna", 0, 2, 7, 7)).toHaveLength(1);
  });

  it("notices whatever is sent to somebody of whose removal the server knows, in a later turn", () => {
    expect(sent("bernd", undefined, 2, 10, 10)).toHaveLength(1);
    expect(sent("bernd", undefined, 1, 10, 10)).toEqual([]);
    expect(sent("bernd", undefined, 2, 9, 10)).toEqual([]);
  });
});
