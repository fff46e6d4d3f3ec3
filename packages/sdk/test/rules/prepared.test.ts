import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fill, placeholdersOf } from "../../src/rules/prepared.ts";

const invalid = (message: RegExp | string) =>
  expect.objectContaining({ code: "TEXT_INVALID", message: expect.stringMatching(message) });

describe("placeholders of a prepared text", () => {
  it.each([
    ["Wie hoch sind die Rückstellungen?", []],
    ["Please answer by {date}, {Name of the buyer}. By { date }!", ["date", "Name of the buyer"]],
    ["{{not one}} {{{one}}}", ["one"]],
    ["{Käufer 🏦}\n{constructor}", ["Käufer 🏦", "constructor"]],
  ])("%s", (text, names) => {
    expect(placeholdersOf(text)).toEqual(names);
  });

  it.each([
    ["by {date", "at character 4, the brace { is not closed"],
    ["by {da\nte}", "at character 4, the brace { is not closed"],
    ["by date}", "at character 8, the brace } closes nothing"],
    ["by {}", "at character 4, the placeholder has no name"],
    ["by { }", "has no name"],
    [`by {${"x".repeat(41)}}`, "41 characters, at most 40"],
  ])("cannot be read in %j", (text, reason) => {
    expect(() => placeholdersOf(text)).toThrow(invalid(reason));
    expect(() => fill(text, {})).toThrow(invalid(reason));
  });
});

describe("filling a prepared text", () => {
  it("puts values in their places, as they are, and braces in theirs", () => {
    const text = "{{x}} {who} pays {amount} to {who}.";
    expect(fill(text, { who: "{amount}", amount: "$& {{5}} Mio." })).toBe(
      "{x} {amount} pays $& {{5}} Mio. to {amount}.",
    );
  });

  it("wants a value for each placeholder, and no other", () => {
    const missing = invalid("has no value for {date}, {constructor}$");
    expect(() => fill("{who} {date} {constructor}", { who: "Anna" })).toThrow(missing);
    expect(() => fill("{who}", { who: "Anna", when: "now" })).toThrow(invalid("has no placeholder for {when}$"));
    expect(() => fill("nothing", { who: "Anna" })).toThrow(expect.objectContaining({ remedy: "leave out the values" }));
  });

  it("gives back any text whose braces were doubled", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("{", "}", "a", " ", "\n", "🏦") }), (text) => {
        const escaped = text.replace(/[{}]/g, "$&$&");
        expect(placeholdersOf(escaped)).toEqual([]);
        expect(fill(escaped, {})).toBe(text);
      }),
    );
  });
});
