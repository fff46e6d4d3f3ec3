import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, MAX_JSON_DEPTH, parseCanonicalJson } from "../../src/base/canonical-json.ts";

/** So many objects inside each other. */
function nested(depth: number): object {
  let object: object = {};
  for (let built = 1; built < depth; built += 1) object = { a: object };
  return object;
}

describe("canonical JSON", () => {
  it("writes the example of RFC 8785", () => {
    const example = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(example)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it("sorts by UTF-16, as the example of RFC 8785", () => {
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"];
    const object = Object.fromEntries([...sorted].reverse().map((name) => [name, 1]));
    expect(canonicalJson(object)).toBe(`{${sorted.map((name) => `${JSON.stringify(name)}:1`).join(",")}}`);
  });

  it("leaves out what is undefined, and writes minus zero as zero", () => {
    expect(canonicalJson({ b: undefined, a: -0 })).toBe('{"a":0}');
  });

  it.each<[string, object, string]>([
    ["a date", { due: new Date(0) }, "due is no plain object but [object Date]"],
    ["a class with a JSON of its own", { price: new URL("redroom://x") }, "price is no plain object"],
    ["a hole in a list", { list: new Array(2) }, "list.0 is of the type undefined"],
    ["a number without end", { a: { b: Number.POSITIVE_INFINITY } }, "a.b is Infinity"],
    ["half a character", { a: "\ud800" }, "a is no Unicode"],
    ["half a character as a name", { "\ud800": 1 }, "it is no Unicode"],
    ["a function", { a: () => {} }, "a is of the type function"],
    ["too deep", nested(MAX_JSON_DEPTH + 1), "nested more than 32 deep"],
  ])("has no form for %s", (_, object, reason) => {
    expect(() => canonicalJson(object)).toThrow(reason);
  });

  it("is read as it was written, at any depth that it may have", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue(), { minKeys: 1 }), (object) => {
        const text = canonicalJson(object);
        const read = parseCanonicalJson(text);
        expect(read).toBeDefined();
        expect(canonicalJson(read ?? {})).toBe(text);
      }),
    );
    const deepest = canonicalJson({ a: nested(MAX_JSON_DEPTH - 1) });
    expect(parseCanonicalJson(deepest)).toBeDefined();
  });

  it("is read in no other form, and whatever comes harms nothing", () => {
    const strange = [
      "",
      "{}",
      "[1]",
      "null",
      '{"a": 1}',
      '{"b":1,"a":1}',
      '{"a":1,"a":1}',
      '{"a":1.0}',
      '{"a":-0}',
      '{"a":1e400}',
      '{"a":12345678901234567890}',
      '{"a":"\\u0061"}',
      '{"a":"\\ud800"}',
      `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
    ];
    for (const text of strange) expect(parseCanonicalJson(text)).toBeUndefined();
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        (text) => parseCanonicalJson(text) === undefined || text.startsWith("{"),
      ),
    );
  });

  it("takes __proto__ for a name like any other", () => {
    const text = '{"__proto__":{"polluted":true}}';
    const read = parseCanonicalJson(text) ?? {};
    expect(Object.keys(read)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(canonicalJson(structuredClone(read))).toBe(text);
    expect({}).not.toHaveProperty("polluted");
  });
});
