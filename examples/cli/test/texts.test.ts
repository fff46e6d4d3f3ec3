import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXIT_CODES } from "../src/exit-codes.ts";
import { CATALOGUES, languageOf, textsIn } from "../src/texts/texts.ts";

const { en, de } = CATALOGUES;

const placeholdersOf = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe("the catalogues", () => {
  it("have the same keys in the same order", () => {
    expect(Object.keys(de)).toEqual(Object.keys(en));
  });

  it("have the same placeholders, and a text for every key", () => {
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(placeholdersOf(de[key]), key).toEqual(placeholdersOf(en[key]));
      expect(de[key], key).not.toBe("");
    }
  });

  it("explain every exit code", () => {
    expect(Object.keys(EXIT_CODES).filter((name) => !(`exit.${name}` in en))).toEqual([]);
  });
});

describe("docs/cli.md", () => {
  it("has the exit codes as --help has them", () => {
    const page = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
    for (const [name, code] of Object.entries(EXIT_CODES).filter(([, number]) => number < 128)) {
      expect(page).toContain(`| ${code} | ${en[`exit.${name}` as keyof typeof en]} |`);
    }
  });
});

describe("texts", () => {
  it("put values in their places", () => {
    expect(textsIn("de")("send.line", { line: 17 })).toBe("Zeile 17");
  });

  it("do not read values as placeholders", () => {
    expect(textsIn("en")("error.unexpected", { reason: "{reason} $& {x}" })).toBe("unexpected error: {reason} $& {x}");
  });
});

describe("languageOf", () => {
  it.each([
    [["chat", "--lang", "de"], { LANG: "en_US.UTF-8" }, "de"],
    [["chat", "--lang=en"], { LC_ALL: "de_DE.UTF-8" }, "en"],
    [[], { LC_ALL: "de_AT", LANG: "en_US" }, "de"],
    [[], { LC_ALL: "", LC_MESSAGES: "de_DE", LANG: "en_US" }, "de"],
    [[], { LANG: "de_CH.UTF-8" }, "de"],
    [[], { LANG: "fr_FR" }, "en"],
    [[], {}, "en"],
  ])("of %j with %j is %s", (args, env, language) => {
    expect(languageOf(args, env)).toBe(language);
  });
});
