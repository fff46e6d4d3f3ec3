import { describe, expect, it } from "vitest";
import { changesBy, emptyState, foldEntry, type LeafFacts, membershipText, rolesOf } from "../../src/rules.ts";

type Entry = LeafFacts & { readonly text?: string };

const fold = (regulated: boolean, ...entries: readonly Entry[]) =>
  entries.reduce((state, entry) => foldEntry(state, entry, entry.text ?? ""), emptyState(regulated));

const question: Entry = { seq: 1, kind: "question", by: "anna", to: ["bernd", "carla"], priority: "high", due: 9 };
const regulated: Entry = { ...question, asked: ["bernd", "carla"] };

describe("the members of a topic", () => {
  it("have the roles of the last entry that names them", () => {
    const { members } = fold(
      false,
      { seq: 1, kind: "membership", by: "operator", to: ["anna"], text: "interviewer legal" },
      { seq: 2, kind: "membership", by: "operator", to: ["bernd"], text: "interviewee" },
      { seq: 3, kind: "membership", by: "operator", to: ["anna"], text: "archivist" },
    );
    expect([...members]).toEqual([
      ["anna", ["archivist"]],
      ["bernd", ["interviewee"]],
    ]);
  });

  it("are members no more without a role", () => {
    const joined: Entry = { seq: 1, kind: "membership", by: "operator", to: ["anna"], text: "interviewer" };
    expect(fold(false, joined, { ...joined, seq: 2, text: "" }).members.size).toBe(0);
  });

  it("are written as they are read", () => {
    for (const roles of [[], ["legal"], ["interviewer", "interviewee"]]) {
      expect(rolesOf(membershipText(roles))).toEqual(roles);
    }
  });
});

describe("a question", () => {
  it("is open as its leaf says", () => {
    const { seq: _seq, kind: _kind, ...facts } = regulated;
    expect(fold(true, regulated).open.get(1)).toEqual(facts);
    expect(fold(false, { seq: 1, kind: "question", by: "anna" }).open.get(1)).toMatchObject({ priority: "normal" });
  });

  it("is answered by the first answer", () => {
    const state = fold(false, question, { seq: 2, kind: "answer", by: "bernd", to: ["anna"], re: 1 });
    expect(state.open.size).toBe(0);
    expect(state.sealed.size).toBe(0);
  });

  it("is answered when all have answered, where the conversation is regulated", () => {
    const first: Entry = { seq: 2, kind: "answer", by: "carla", to: ["anna"], re: 1 };
    expect(fold(true, regulated, first).open.get(1)?.asked).toEqual(["bernd"]);
    expect(fold(true, regulated, first, { ...first, seq: 3 }).open.get(1)?.asked).toEqual(["bernd"]);
    expect(fold(true, regulated, first, { ...first, seq: 3, by: "bernd" }).open.size).toBe(0);
  });

  it.each([
    ["withdrawal", "withdrawn"],
    ["closing", "closed"],
  ] as const)("is over with its %s", (kind, state) => {
    const over: Entry = { seq: 2, kind, by: "anna", re: 1 };
    expect(changesBy(fold(false, question), over, "")).toEqual([{ type: "question", seq: 1, state }]);
    expect(fold(false, question, over).open.size).toBe(0);
    expect(changesBy(fold(false, question, over), { ...over, seq: 3 }, "")).toEqual([]);
  });
});

describe("an answer of a regulated conversation", () => {
  const answer: Entry = { seq: 2, kind: "answer", by: "bernd", to: ["anna"], re: 1 };
  const correction: Entry = { seq: 3, kind: "correction", by: "bernd", to: ["anna"], re: 2 };
  const reveal: Entry = { seq: 4, kind: "reveal", by: "server", to: ["anna", "bernd"], re: 2 };

  it("is sealed for its asker until a reveal refers to it", () => {
    const sealed = fold(true, regulated, answer);
    expect([...sealed.sealed]).toEqual([[2, { by: "bernd", reader: "anna", since: 2 }]]);
    expect(foldEntry(sealed, reveal, "").sealed.size).toBe(0);
    expect(changesBy(foldEntry(sealed, reveal, ""), { ...reveal, seq: 5 }, "")).toEqual([]);
  });

  it("seals its corrections as long as itself: their age is its own", () => {
    const { sealed } = fold(true, regulated, answer, correction);
    expect(sealed.get(3)).toEqual({ by: "bernd", reader: "anna", since: 2 });
  });

  it("does not seal corrections once it is revealed", () => {
    const { sealed } = fold(true, regulated, answer, { ...reveal, seq: 3 }, { ...correction, seq: 4 });
    expect(sealed.size).toBe(0);
  });
});

describe("what changes nothing", () => {
  it.each(["note", "delivery", "erasure", "export"] as const)("is a %s", (kind) => {
    const state = fold(true, regulated);
    expect(foldEntry(state, { seq: 2, kind, by: "anna", to: ["bernd"], re: 1 }, "1")).toBe(state);
  });

  it("is the state before: a fold makes another", () => {
    const before = fold(true, regulated);
    foldEntry(before, { seq: 2, kind: "withdrawal", by: "anna", re: 1 }, "");
    expect([...before.open.keys()]).toEqual([1]);
  });
});
