import { describe, expect, it } from "vitest";
import { ENTRY_KINDS } from "../../src/base/message-kind.ts";
import {
  type Capability,
  emptyState,
  foldEntry,
  isReader,
  type LeafFacts,
  type TopicState,
  visibilityOf,
} from "../../src/rules.ts";

const state = emptyState(true);
const seen = (
  leaf: Omit<LeafFacts, "seq">,
  pseudonym: string,
  capabilities: readonly Capability[],
  its: TopicState = state,
) => visibilityOf({ seq: 7, ...leaf }, { pseudonym, capabilities: new Set(capabilities) }, its);

describe("what somebody sees of an entry", () => {
  const forAll: Omit<LeafFacts, "seq"> = { kind: "note", by: "anna" };
  const forBernd: Omit<LeafFacts, "seq"> = { kind: "note", by: "anna", to: ["bernd"] };

  it.each([
    ["the author", forBernd, "anna", ["readAddressed"], "full"],
    ["a recipient", forBernd, "bernd", ["readAddressed"], "full"],
    ["another member", forBernd, "carla", ["readAddressed"], "hidden"],
    ["who reads everything", forBernd, "carla", ["readAll"], "full"],
    ["a member, where it is for all", forAll, "carla", ["readAddressed"], "full"],
    ["who reads everything, where it is for all", forAll, "carla", ["readAll"], "full"],
    [
      "a recipient who may not read",
      forBernd,
      "bernd",
      ["ask", "answer", "note", "queryHistory", "moderate"],
      "hidden",
    ],
    ["an author who may not read any more", forBernd, "anna", [], "hidden"],
    ["an administrator", forAll, "dora", ["manageTopics", "manageUsers"], "hidden"],
  ] as const)("is, for %s: %#", (_, leaf, who, capabilities, visibility) => {
    expect(seen(leaf, who, capabilities)).toBe(visibility);
  });

  it("is everything that concerns all who read, and nothing for who does not", () => {
    for (const kind of ENTRY_KINDS) {
      const concernsAll = ["membership", "delivery", "erasure", "export"].includes(kind);
      const leaf: Omit<LeafFacts, "seq"> = { kind, by: "server", to: ["bernd"], re: 1 };
      expect(seen(leaf, "carla", ["readAddressed"]), kind).toBe(concernsAll ? "full" : "hidden");
      expect(seen(leaf, "carla", ["moderate", "queryHistory"]), kind).toBe("hidden");
    }
  });
});

describe("what somebody sees of a sealed answer", () => {
  const question: LeafFacts = { seq: 6, kind: "question", by: "anna", to: ["bernd"], asked: ["bernd"] };
  const answer: LeafFacts = { seq: 7, kind: "answer", by: "bernd", to: ["anna"], re: 6 };
  const sealed = [question, answer].reduce((before, leaf) => foldEntry(before, leaf, ""), state);
  const reveal: LeafFacts = { seq: 8, kind: "reveal", by: "server", to: ["anna", "bernd"], re: 7 };
  const revealed = foldEntry(sealed, reveal, "");

  it.each([
    ["its asker", "anna", ["readAddressed"], "sealed", "full"],
    ["its asker, also with the right to read all", "anna", ["readAddressed", "readAll"], "sealed", "full"],
    ["its asker, when no reader any more", "anna", ["ask"], "hidden", "hidden"],
    ["its author", "bernd", ["readAddressed"], "full", "full"],
    ["another member", "carla", ["readAddressed"], "hidden", "hidden"],
    ["an archivist", "carla", ["readAll"], "full", "full"],
  ] as const)("is, for %s", (_, who, capabilities, before, after) => {
    expect(seen(answer, who, capabilities, sealed)).toBe(before);
    expect(seen(answer, who, capabilities, revealed)).toBe(after);
  });
});

describe("a reader", () => {
  it("is who may read what is addressed to them, or everything", () => {
    expect(isReader(new Set(["readAddressed"]))).toBe(true);
    expect(isReader(new Set(["readAll"]))).toBe(true);
    expect(isReader(new Set(["ask", "answer", "note", "queryHistory", "moderate", "manageTopics"]))).toBe(false);
  });
});
