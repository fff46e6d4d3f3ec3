import { spawnSync } from "node:child_process";
import { encodeContent, type JsonObject, MAX_JSON_DEPTH, readContent } from "@redroom/sdk/evidence";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { VERIFY_PROGRAM } from "../src/export/verify-program.ts";

const python = process.platform === "win32" ? "python" : "python3";
const hasPython = spawnSync(python, ["--version"]).status === 0;

const [functions = ""] = VERIFY_PROGRAM.split("parser = argparse");
const READ_LINES = `${functions}
def reads(line):
    try: return bool(said(line))
    except Exception: return False
print(json.dumps([reads(line) for line in json.loads(sys.stdin.buffer.read())]))`;

/** Which of these content lines the program of the export can read. */
function readByPython(lines: readonly string[]): boolean[] {
  const { stdout, stderr } = spawnSync(python, ["-c", READ_LINES], { input: JSON.stringify(lines), encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as boolean[];
}

const readByUs = (lines: readonly string[]): boolean[] => lines.map((line) => readContent(line) !== undefined);

/** A content line whose metadata has one member, as a stranger might write it. */
const withNumber = (token: string): string => `{"text":"?","metadata":{"a":${token}}}`;
const nested = (depth: number): string =>
  `{"text":"?","metadata":{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}}`;

const names = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toJSON",
    "10",
    "9",
    "-1",
    "\ue000",
    "\u{1f3e6}",
    "\u2028",
    '"',
    "\\",
    "\u0000",
  ),
);
const numbers = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc
      .tuple(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: -330, max: 310 }))
      .map(([digits, e]) => Number(`${digits}e${e}`)),
  )
  .filter(Number.isFinite);
const { object } = fc.letrec<{ value: unknown; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "grapheme", maxLength: 12 }),
    numbers,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc
    .array(fc.tuple(names, tie("value")), { maxLength: 4 })
    .map(
      (members) =>
        JSON.parse(
          `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)}}`,
        ) as JsonObject,
    ),
}));

/** Numbers in all the forms that JSON allows, and some that it does not. */
const tokens = fc.oneof(
  numbers.map((value) => JSON.stringify(value)),
  numbers.map((value) => value.toExponential()),
  numbers.map((value) => value.toFixed(2)),
  fc.bigInt().map(String),
  fc.stringMatching(/^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?$/),
  fc.constantFrom(
    "-0",
    "-0.0",
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    "01",
    "+1",
    ".5",
    "1.",
    "1e5",
    "1E21",
    "1e+21",
    "5e-324",
  ),
);

const canonical = fc
  .tuple(fc.string({ unit: "grapheme" }), object, object)
  .map(([text, metadata, annotations]) => encodeContent(text, { metadata, annotations }));

/** A line of which one piece is another. */
const damaged = fc
  .tuple(
    canonical,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom("", " ", '"', ",", "0", "é", "\\u0061", "\\ud83c", "{}", "[]", "}", '"b":1,'),
  )
  .map(
    ([line, at, length, piece]) =>
      `${line.slice(0, at % line.length)}${piece}${line.slice((at % line.length) + length)}`,
  )
  .filter((line) => line.isWellFormed());

describe("both verifiers read the same of a content line:", () => {
  const cases: [string, string, boolean][] = [
    ["a text", '{"text":"?"}', true],
    ["metadata", '{"text":"?","metadata":{"a":[1,-0.5,1e+21,true,null,{"b":""}]}}', true],
    ["annotations", '{"text":"?","annotations":{"a":1}}', true],
    ["both", '{"text":"?","metadata":{"a":1},"annotations":{"a":1}}', true],
    ["both, in another order", '{"text":"?","annotations":{"a":1},"metadata":{"a":1}}', false],
    ["nothing but metadata", '{"metadata":{"a":1}}', false],
    ["empty metadata", '{"text":"?","metadata":{}}', false],
    ["metadata that is a list", '{"text":"?","metadata":[1]}', false],
    ["metadata that is nothing", '{"text":"?","metadata":null}', false],
    ["a text that is a number", '{"text":1}', false],
    ["a list", '["text"]', false],
    ["something else besides", '{"text":"?","more":{"a":1}}', false],
    ["a space", '{"text":"?","metadata":{"a": 1}}', false],
    ["members that are not sorted", '{"text":"?","metadata":{"b":1,"a":2}}', false],
    ["members that are numbers, sorted as text", '{"text":"?","metadata":{"10":1,"9":2}}', true],
    ["members sorted by UTF-16", '{"text":"?","metadata":{"\u{1f3e6}":1,"\ue000":2}}', true],
    ["members sorted by code point", '{"text":"?","metadata":{"\ue000":2,"\u{1f3e6}":1}}', false],
    ["a member twice", '{"text":"?","metadata":{"a":1,"a":1}}', false],
    ["the metadata twice", '{"text":"?","metadata":{"a":1},"metadata":{"a":1}}', false],
    ["a member __proto__", '{"text":"?","metadata":{"__proto__":{"admin":true}}}', true],
    ["a __proto__ beside the text", '{"text":"?","__proto__":{"metadata":{"a":1}}}', false],
    ["an escape that is none", '{"text":"?","metadata":{"a":"\\u0061"}}', false],
    ["half a character", '{"text":"?","metadata":{"a":"\\ud83c"}}', false],
    ["half a character as a name", '{"text":"?","metadata":{"\\ud83c":1}}', false],
    ["two halves", '{"text":"?","metadata":{"a":"\\ud83c\\udfe6"}}', false],
    ["a number beyond all", withNumber("1e400"), false],
    ["minus zero", withNumber("-0"), false],
    ["an integer that is rounded", withNumber("12345678901234567890"), false],
    ["what it is rounded to", withNumber("12345678901234567000"), true],
    ["a fraction that is rounded", withNumber("0.1000000000000000055"), false],
    ["another form of a number", withNumber("1.0"), false],
    ["no number", withNumber("NaN"), false],
    ["as deep as it may be", nested(MAX_JSON_DEPTH), true],
    ["deeper than that", nested(MAX_JSON_DEPTH + 1), false],
    ["so deep that parsers break", nested(200_000), false],
    ["nothing", "", false],
  ];
  const theirs = new Map<string, boolean>();
  beforeAll(() => {
    const lines = cases.map(([, line]) => line);
    const read = hasPython ? readByPython(lines) : cases.map(([, , good]) => good);
    for (const [index, line] of lines.entries()) theirs.set(line, read[index] ?? false);
  });

  it.each(cases)("%s", (_, line, good) => {
    expect(readByUs([line])).toEqual([good]);
    expect(theirs.get(line)).toBe(good);
  });

  it("and of lines at random, good ones and damaged ones", () => {
    const line = fc.oneof(
      { weight: 3, arbitrary: canonical },
      { weight: 2, arbitrary: tokens.map(withNumber) },
      { weight: 3, arbitrary: damaged },
    );
    const lines = fc.sample(line, 4_000);
    const ours = readByUs(lines);
    expect(new Set(ours)).toEqual(new Set([true, false]));
    const others = hasPython ? readByPython(lines) : ours;
    expect(lines.filter((_, index) => ours[index] !== others[index])).toEqual([]);
  });
});
