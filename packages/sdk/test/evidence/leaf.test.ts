import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  commit,
  encodeContent,
  encodeLeaf,
  type LeafFields,
  parseContent,
  parseLeaf,
  peopleIn,
} from "../../src/evidence.ts";

const fields: LeafFields = {
  topic: "AAECAwQFBgcICQoLDA0ODw",
  seq: 7,
  id: "EBESExQVFhcYGRobHB0eHw",
  kind: "answer",
  by: "ICEiIyQlJicoKSorLC0uLw",
  at: 1_767_225_600_123,
  re: 3,
  commitment: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
};

const LEAF =
  '{"v":1,"topic":"AAECAwQFBgcICQoLDA0ODw","seq":7,"id":"EBESExQVFhcYGRobHB0eHw","kind":"answer",' +
  '"by":"ICEiIyQlJicoKSorLC0uLw","at":1767225600123,"re":3,"commitment":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}';

describe("the leaf line", () => {
  it("has these bytes", () => {
    expect(encodeLeaf(fields)).toBe(LEAF);
  });

  it("leaves out what it does not refer to", () => {
    expect(encodeLeaf({ ...fields, re: undefined })).toBe(LEAF.replace('"re":3,', ""));
  });

  it("has the members in this order, whatever the order of the fields", () => {
    expect(encodeLeaf(Object.fromEntries(Object.entries(fields).reverse()) as unknown as LeafFields)).toBe(LEAF);
  });

  it("reads what it wrote", () => {
    expect(parseLeaf(LEAF)).toEqual(fields);
    expect(parseLeaf(LEAF.replace('"re":3,', ""))).toEqual({ ...fields, re: undefined });
  });

  const wrong: Readonly<Record<string, string>> = {
    "another version": LEAF.replace('"v":1', '"v":2'),
    "a space": LEAF.replace(",", ", "),
    "an unknown member": LEAF.replace("}", ',"more":1}'),
    "a member twice": LEAF.replace('"seq":7,', '"seq":7,"seq":7,'),
    "another order": LEAF.replace('"v":1,', "").replace("}", ',"v":1}'),
    "a missing member": LEAF.replace('"seq":7,', ""),
    "a number of another form": LEAF.replace('"seq":7', '"seq":7.0'),
    "seq 0": LEAF.replace('"seq":7', '"seq":0'),
    "a negative time": LEAF.replace('"at":', '"at":-'),
    "an unknown kind": LEAF.replace("answer", "rumour"),
    "a string for a number": LEAF.replace('"seq":7', '"seq":"7"'),
    "an escape that is not needed": LEAF.replace("answer", "\\u0061nswer"),
    "a line break": `${LEAF}\n`,
    null: "null",
    nothing: "",
  };
  for (const [what, leaf] of Object.entries(wrong)) {
    it(`is not read with ${what}`, () => {
      expect(parseLeaf(leaf)).toBeUndefined();
    });
  }
});

describe("the leaf of each kind", () => {
  const [anna, bernd] = ["ICEiIyQlJicoKSorLC0uLw", "MDEyMzQ1Njc4OTo7PD0-Pw"];
  const read = (leaf: Partial<LeafFields>): boolean => parseLeaf(encodeLeaf({ ...fields, ...leaf })) !== undefined;
  const question = { kind: "question", re: undefined } as const;

  it("has priority, deadline and those who are asked in this place", () => {
    const leaf = encodeLeaf({ ...fields, ...question, to: [bernd], priority: "high", due: 9, asked: [bernd] });
    expect(leaf).toContain(`"to":["${bernd}"],"priority":"high","due":9,"asked":["${bernd}"],"commitment"`);
    expect(parseLeaf(leaf)).toMatchObject({ to: [bernd], priority: "high", due: 9, asked: [bernd] });
  });

  it.each<[string, Partial<LeafFields>, boolean]>([
    ["a question with low priority", { ...question, priority: "low" }, true],
    ["a question with normal priority, which is left out", { ...question, priority: "normal" as "low" }, false],
    ["a question that nobody has to answer", { ...question, asked: [] }, true],
    ["a question that asks somebody twice", { ...question, asked: [anna, anna] }, false],
    ["a question that asks half a character", { ...question, asked: ["\ud800"] }, false],
    ["a question wanted until 0", { ...question, due: 0 }, false],
    ["a question wanted until a half", { ...question, due: 1.5 }, false],
    ["a note with a priority", { kind: "note", priority: "high" }, false],
    ["an answer with a deadline", { kind: "answer", due: 9 }, false],
    ["a correction that asks somebody", { kind: "correction", asked: [bernd] }, false],
    ["a withdrawal", { kind: "withdrawal" }, true],
    ["a closing to two", { kind: "closing", to: [anna, bernd] }, true],
    ["a membership of one", { kind: "membership", to: [anna] }, true],
    ["a membership of two", { kind: "membership", to: [anna, bernd] }, false],
    ["a membership of nobody", { kind: "membership", to: [] }, false],
    ["a membership without a person", { kind: "membership" }, false],
    ["a reveal to its reader and its author", { kind: "reveal", to: [anna, bernd] }, true],
    ["a reveal to nobody", { kind: "reveal", to: [] }, false],
    ["a reveal to one twice", { kind: "reveal", to: [anna, anna] }, false],
    ["a reveal of nothing", { kind: "reveal", to: [anna], re: undefined }, false],
    ["a reveal of itself", { kind: "reveal", to: [anna], re: 7 }, false],
    ["a delivery of itself", { kind: "delivery", to: [anna], re: 7 }, false],
  ])("%s: %#", (_, leaf, good) => {
    expect(read(leaf)).toBe(good);
  });

  it("names all people that occur in it", () => {
    expect(peopleIn({ ...fields, to: [bernd], asked: [bernd, anna] })).toEqual([fields.by, bernd, bernd, anna]);
  });
});

describe("the content line", () => {
  it("has these bytes", () => {
    expect(encodeContent('Wie hoch? "5 Mio. €"\n🏦\u0000\u2028\ud800')).toBe(
      '{"text":"Wie hoch? \\"5 Mio. €\\"\\n🏦\\u0000\u2028\\ud800"}',
    );
  });

  it("gives back any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => parseContent(encodeContent(text)) === text));
  });

  it("is not read in any other form", () => {
    for (const content of ['{"text": "a"}', '{"text":"a","more":1}', '{"text":1}', '"a"', "{}", "null", ""]) {
      expect(parseContent(content)).toBeUndefined();
    }
  });
});

describe("the commitment", () => {
  it("is the SHA-256 of salt and content, in base64url", () => {
    const salt = Uint8Array.from({ length: 32 }, (_, index) => index);
    const content = '{"text":"Prüfung €"}';
    const hash = createHash("sha256").update(salt).update(content, "utf8").digest("base64url");
    expect(commit(salt, content)).toBe(hash);
    expect(commit(salt, content)).toBe("Ok3y6mpMvVCnR37UTA4wYYwVJ_D33qmrsZ8ygGMCGDE");
  });

  it("changes with any bit of salt or content", () => {
    const salt = new Uint8Array(32);
    const other = new Uint8Array(32).fill(1, 31);
    expect(new Set([commit(salt, "{}"), commit(other, "{}"), commit(salt, "{ }")]).size).toBe(3);
  });
});
