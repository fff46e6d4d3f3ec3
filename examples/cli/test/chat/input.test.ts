import { describe, expect, it } from "vitest";
import { readAddressed, readInput, readNumbered } from "../../src/chat/input.ts";

const now = new Date(2026, 0, 31, 14, 5);

describe("a line of the chat", () => {
  it.each([
    ["hello", undefined, "hello"],
    ["//slash", undefined, "/slash"],
    ["/ask  how high?", "ask", "how high?"],
    ["/open", "open", ""],
    ["/note two\nlines", "note", "two\nlines"],
  ])("%j is a command or a text", (line, command, rest) => {
    expect(readInput(line)).toEqual({ command, rest });
  });
});

describe("recipients, priority and deadline", () => {
  it("stand before the text, in any order", () => {
    const due = new Date(2026, 0, 31, 16, 5);
    const asked = { text: "How high?", to: ["bernd", "anna lena"], priority: "high", due, re: 12 };
    expect(readAddressed('@bernd, @"anna lena" !high due:2h re:12 How high?', now)).toEqual(asked);
    expect(readAddressed('zu:#12, bis:2h !Hoch @bernd @"anna lena" How high?', now)).toEqual(asked);
  });

  it("are nothing of the kind within the text, or where the word is another", () => {
    for (const text of ["How @bernd !high?", "!important this", "!! look", "mail a@b.example", "re:you"]) {
      expect(readAddressed(text, now)).toEqual({ text });
    }
  });

  it("need no space behind a comma: a text for some is never one for all", () => {
    expect(readAddressed("@anna,@erik,!high,due:2h Why?", now)).toMatchObject({ text: "Why?", to: ["anna", "erik"] });
    expect(readAddressed('@"anna lena",@erik Why?', now)).toEqual({ text: "Why?", to: ["anna lena", "erik"] });
    expect(readAddressed(" @anna Why?", now)).toEqual({ text: "Why?", to: ["anna"] });
    const unclear = [
      "@ anna Why?",
      " @ anna Why?",
      "@,anna Why?",
      "@bernd @ Why?",
      "!urgent @anna Why?",
      "re:it @anna Why?",
    ];
    for (const text of unclear) expect(() => readAddressed(text, now)).toThrow("failure.recipient");
    expect(() => readAddressed("!high @anna Why?", now, { recipientsOnly: true })).toThrow("failure.recipient");
  });

  it("are recipients only before a note: it has neither priority nor deadline", () => {
    const note = { recipientsOnly: true };
    expect(readAddressed("@bernd due:2h is too soon", now, note)).toEqual({
      text: "due:2h is too soon",
      to: ["bernd"],
    });
    expect(readAddressed("!high is what I heard", now, note)).toEqual({ text: "!high is what I heard" });
  });

  it("are refused where the deadline is none", () => {
    expect(() => readAddressed("due:soon How high?", now)).toThrow("failure.deadline");
  });
});

describe("the number of a message", () => {
  it.each([
    ["3 About 3 €", 3, "About 3 €"],
    ["#12: yes", 12, "yes"],
    ["7", 7, ""],
    ["3\ntwo lines", 3, "two lines"],
  ])("is first in %j", (rest, seq, text) => {
    expect(readNumbered(rest)).toEqual({ seq, text });
  });

  it.each(["", "three", "0 x", "3rd", "-1 x"])("is missing in %j", (rest) => {
    expect(readNumbered(rest)).toBeUndefined();
  });
});
