import { emitKeypressEvents } from "node:readline";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { type EditorRequest, type Key, LineEditor } from "../../src/terminal/line-editor.ts";

const LEFT = "\x1b[D";
const RIGHT = "\x1b[C";
const DELETE = "\x1b[3~";
const PASTE = (text: string): string => `\x1b[200~${text}\x1b[201~`;

/** What a terminal sends, through the decoder of Node. */
function type(keys: string): { editor: LineEditor; requests: EditorRequest[] } {
  const editor = new LineEditor();
  const requests: EditorRequest[] = [];
  const input = new PassThrough();
  emitKeypressEvents(input);
  input.on("keypress", (typed: string | undefined, key: Key) => {
    const request = editor.press(typed, key);
    if (request !== undefined) requests.push(request);
  });
  input.emit("data", Buffer.from(keys));
  return { editor, requests };
}

describe("LineEditor", () => {
  it.each([
    ["ab世👩‍💻", "ab世👩‍💻"],
    [`ac${LEFT}b`, "abc"],
    [`ab👩‍💻${LEFT}c${RIGHT}d`, "abc👩‍💻d"],
    ["abe\u0301\x7f", "ab"],
    [`abc${LEFT}${LEFT}${DELETE}`, "ac"],
    ["abc\x01x\x05y", "xabcy"],
    ["abc\x15d", "d"],
    [`abcd${LEFT}${LEFT}\x0b`, "ab"],
    ["one two  \x17x", "one x"],
    [`ab${LEFT}\x04`, "a"],
    ["a\x1b[Ab\x1bOPc\x1b[5~\t\x00", "abc"],
    [PASTE("two\rlines\twith\x1b[31m colour\x03"), "two\nlines\twith colour"],
  ])("makes of %j the line %j", (keys, text) => {
    expect(type(keys).editor.text).toBe(text);
  });

  it("asks for what is not editing", () => {
    expect(type("a\r").requests).toEqual(["submit"]);
    expect(type("\n").requests).toEqual(["submit"]);
    expect(type("a\x03").requests).toEqual(["leave"]);
    expect(type("\x04").requests).toEqual(["leave"]);
    expect(type("\x0c").requests).toEqual(["redraw"]);
  });

  it("gives the line away and starts anew", () => {
    const { editor } = type("abc");
    expect(editor.take()).toBe("abc");
    expect(editor).toMatchObject({ text: "", cursor: 0 });
  });
});
