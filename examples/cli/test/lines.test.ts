import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type LineOptions, LineTooLong, splitLines } from "../src/lines.ts";

const LF = 0x0a;

async function* inChunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (let turn = 0; start < bytes.byteLength; turn += 1) {
    const end = start + (sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function split(chunks: AsyncIterable<Uint8Array>, options: LineOptions) {
  const lines: { number: number; text: string }[] = [];
  for await (const { number, bytes } of splitLines(chunks, options)) {
    lines.push({ number, text: Buffer.from(bytes).toString("latin1") });
  }
  return lines;
}

const splitText = (text: string, options: Partial<LineOptions> = {}) =>
  split(inChunks(Buffer.from(text), [3]), { maxBytes: 100, ...options });

describe("splitLines", () => {
  it("gives back any bytes in any chunks, line by line", async () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => array.map((byte) => (byte % 8 === 0 ? LF : byte)));
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(bytes, sizes, async (input, chunkSizes) => {
        const lines = await split(inChunks(input, chunkSizes), { maxBytes: 200 });

        const expected = Buffer.from(input).toString("latin1").split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(lines).toEqual(expected.map((text, index) => ({ number: index + 1, text })));
      }),
    );
  });

  it("counts a last line without a line feed, and nothing behind a last line feed", async () => {
    expect(await splitText("a\nb")).toMatchObject([{ text: "a" }, { text: "b" }]);
    expect(await splitText("a\nb\n")).toMatchObject([{ text: "a" }, { text: "b" }]);
    expect(await splitText("")).toEqual([]);
  });

  it("keeps carriage returns, unless they end lines as on Windows", async () => {
    expect(await splitText("a\r\nb\rc\n\r\n")).toMatchObject([{ text: "a\r" }, { text: "b\rc" }, { text: "\r" }]);
    expect(await splitText("a\r\nb\rc\n\r\n", { crlf: true })).toMatchObject([
      { text: "a" },
      { text: "b\rc" },
      { text: "" },
    ]);
  });

  it.each([false, true])("takes a line of exactly the limit and none longer (CRLF: %s)", async (crlf) => {
    const end = crlf ? "\r\n" : "\n";
    const options = { maxBytes: 5, crlf };
    expect(await splitText(`12345${end}12345`, options)).toHaveLength(2);
    await expect(splitText(`1${end}2${end}123456${end}4`, options)).rejects.toMatchObject({
      name: "LineTooLong",
      lineNumber: 3,
    });
    await expect(splitText("123456", options)).rejects.toThrow(LineTooLong);
  });

  it("gives up on a line without end as soon as it is too long", async () => {
    let chunks = 0;
    const endless = async function* () {
      for (;;) {
        chunks += 1;
        yield new Uint8Array(100);
      }
    };
    await expect(split(endless(), { maxBytes: 1000 })).rejects.toThrow(LineTooLong);
    expect(chunks).toBe(11);
  });
});
