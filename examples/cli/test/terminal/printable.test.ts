import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLine } from "../../src/message-line.ts";
import { printable } from "../../src/terminal/printable.ts";

const FSI = "\u2068";
const PDI = "\u2069";

/** What terminals and bidirectional display act upon. */
const ACTING = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

const acting = fc.constantFrom(..."\0\t\n\r\x1b\x7f\x85\x9b\u2028\u2029\u200f\u202a\u202e\u2066\u2067\u2068\u2069אم");
const anyText = fc.string({
  unit: fc.oneof(acting, fc.string({ unit: "binary", minLength: 1, maxLength: 1 })),
  maxLength: 50,
});

describe("printable", () => {
  it("leaves text as it is", () => {
    const text = "Rückstellungen: 1.000 € – 世界 👩‍💻 नमस्ते é";
    expect(printable(text)).toBe(text);
  });

  it("shows control characters instead of obeying them", () => {
    expect(printable("\x1b]0;title\x07\x1b[2J\r\n\t\x7f\x9b31m")).toBe("␛]0;title␇␛[2J␍␊␉␡⟨U+009B⟩31m");
  });

  it("isolates text that runs from right to left", () => {
    expect(printable("שלום")).toBe(`${FSI}שלום${PDI}`);
  });

  it("shows overrides, embeddings and isolates, so that no text can leave its isolate", () => {
    expect(printable("a\u202eb\u2069\u2066")).toBe("a⟨RLO⟩b⟨PDI⟩⟨LRI⟩");
    expect(printable("שלום\u2069 x\u2028y")).toBe(`${FSI}שלום⟨PDI⟩ x⟨U+2028⟩y${PDI}`);
  });

  it("leaves nothing to act upon in any text, but for one isolate around it", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const shown = printable(text);
        const inner = shown.startsWith(FSI) ? shown.slice(1, -1) : shown;
        expect(inner).not.toMatch(ACTING);
      }),
    );
  });
});

describe("jsonLine", () => {
  it("says any text exactly, in characters that neither terminals nor splitters of lines act upon", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = jsonLine({ text });
        expect(JSON.parse(line)).toEqual({ text });
        expect(line).not.toMatch(ACTING);
      }),
    );
  });
});
