import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasWords, highlightsOf, queryWords, wordsOf } from "../../src/rules/search-words.ts";

/** What a screen would mark. */
const marked = (text: string, query: string): string[] =>
  highlightsOf(text, queryWords(query)).map(({ start, end }) => text.slice(start, end));

describe("the words of a text", () => {
  it.each([
    ["Wie hoch sind die Rückstellungen?", ["wie", "hoch", "sind", "die", "ruckstellungen"]],
    ["RÜCKSTELLUNG Rückstellung", ["ruckstellung"]],
    ["Rück\u00adstellung", ["ruckstellung"]],
    ["Straße STRASSE strasse STRAẞE", ["strasse"]],
    ["Mueller Müller", ["mueller", "muller"]],
    ["Łódź Ærø Œuvre İstanbul ısı", ["lodz", "aero", "oeuvre", "istanbul", "isi"]],
    ["ΟΔΟΣ οδός", ["οδοσ"]],
    ["5 Mio. €, 1.250,75 m²", ["5", "mio", "1", "250", "75", "m2"]],
    ["🏦👩‍⚖️ 👍🏽 1️⃣", ["1"]],
    ["שָׁלוֹם עולם", ["שלום", "עולם"]],
    ["\u202bمرحبا\u202c", ["مرحبا"]],
    ['"a" OR NOT NEAR(b*) AND {c} : ^d', ["a", "or", "not", "near", "b", "and", "c", "d"]],
    ["\ud800 half", ["half"]],
    ["", []],
  ])("%s", (text, words) => {
    expect(wordsOf(text)).toEqual(words);
    expect(wordsOf(text.normalize("NFD"))).toEqual(words);
  });

  it("are cut at 64 characters, never within one", () => {
    expect(wordsOf("x".repeat(65_536))).toEqual(["x".repeat(64)]);
    expect(wordsOf("𝒳𐐀".repeat(40))).toEqual(["x𐐨".repeat(32)]);
  });

  it("stay what they are when they are taken for a text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
        const words = wordsOf(text);
        expect(wordsOf(words.join(" "))).toEqual(words);
      }),
    );
  });
});

describe("a query", () => {
  it("finds a text in which each of its words begins a word", () => {
    const text = "Wie hoch sind die Rückstellungen für Prozesse?";
    for (const query of ["ruck", "RÜCK proz", "prozesse wie", "h"])
      expect(hasWords(text, queryWords(query))).toBe(true);
    for (const query of ["stellung", "rück xyz", "", "🏦"]) expect(hasWords(text, queryWords(query))).toBe(false);
  });

  it("has at most 32 words", () => {
    expect(queryWords(Array.from({ length: 40 }, (_, n) => `w${n}`).join(" "))).toHaveLength(32);
  });
});

describe("highlights", () => {
  it.each([
    ["Die Rückstellungen, RÜCKSTELLUNG", "rück", ["Rück", "RÜCK"]],
    ["Die Ru\u0308ckstellungen", "ru", ["Ru\u0308"]],
    ["Straße", "stras", ["Straß"]],
    ["Straße", "strasse", ["Straße"]],
    ["🏦 Bank 🏦 Bänke", "ban", ["Ban", "Bän"]],
    ["Rück\u00adstellung", "rückst", ["Rück\u00adst"]],
    ["Abstellung", "stellung", []],
    ["ver verein Vereinbarung", "ver verein", ["ver", "verein", "Verein"]],
    ["שָׁלוֹם", "של", ["שָׁל"]],
    ["½ Anteil", "2", ["½"]],
    ["½ und ½½", "½", ["½", "½", "½"]],
    ["nothing", "", []],
  ])("of %s for %s", (text, query, parts) => {
    expect(marked(text, query)).toEqual(parts);
  });

  it("are ascending parts of the text, there exactly when the text has one of the words", () => {
    const unit = fc.constantFrom(..."aäAÄu\u0308ßsSﬁ½ıİ 🏦-\u00adא\u05b8ﷺ");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 30 }), fc.string({ unit, maxLength: 6 }), (text, query) => {
        const words = queryWords(query);
        const found = highlightsOf(text, words);
        expect(found.length > 0).toBe(words.some((word) => hasWords(text, [word])));
        let before = 0;
        for (const { start, end } of found) {
          expect(start >= before && start < end && end <= text.length).toBe(true);
          expect(wordsOf(text.slice(start, end))).not.toEqual([]);
          before = end;
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
