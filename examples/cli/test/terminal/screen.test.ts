import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsOf } from "../../src/terminal/columns.ts";
import { crop, cut, layOut } from "../../src/terminal/layout.ts";
import { Screen } from "../../src/terminal/screen.ts";
import { VirtualScreen } from "../virtual-screen.ts";

/** A screen on a virtual terminal, with a line that is being typed. */
function screenWith(rows: number, columns: number) {
  const virtual = new VirtualScreen(rows, columns);
  const typing = { text: "", cursor: 0 };
  const output = {
    get rows() {
      return virtual.height;
    },
    get columns() {
      return virtual.width;
    },
    write: (text: string) => virtual.write(text),
  };
  const screen = new Screen(output, (width, height) =>
    crop(layOut("> ", typing.text, typing.cursor, width), height - 1),
  );
  return { virtual, screen, typing };
}

const characters = ["a", "ü", "世", "e\u0301", "א", "😀", " ", "\n"];
const line = fc.string({ unit: fc.constantFrom(...characters), maxLength: 60 });

describe("Screen", () => {
  it("keeps the half-typed line and its cursor whatever is printed and however long the line is", () => {
    fc.assert(
      fc.property(line, line, fc.array(line, { maxLength: 5 }), fc.nat(), (first, second, printed, position) => {
        const { virtual, screen, typing } = screenWith(24, 20);
        Object.assign(typing, { text: first, cursor: first.length });
        screen.draw();
        const cursor = second.length === 0 ? 0 : position % second.length;
        const boundary = layOut("> ", second, cursor, 20);
        Object.assign(typing, { text: second, cursor });
        for (const text of printed) screen.print(text.replaceAll("\n", ""));
        screen.draw();

        const { row, column } = virtual.cursor;
        const top = row - boundary.cursorRow;
        expect(virtual.lines.slice(top, top + boundary.rows.length)).toEqual(
          boundary.rows.map((text) => text.trimEnd()),
        );
        expect(column).toBe(columnsOf(boundary.beforeCursor));
        expect(virtual.lines.slice(top + boundary.rows.length).join("")).toBe("");
      }),
    );
  });

  it("puts what is printed above the line, once and in order", () => {
    const { virtual, screen, typing } = screenWith(8, 20);
    Object.assign(typing, { text: "a half-typed line, longer than a row", cursor: 5 });
    for (const text of ["one", "two", "three"]) {
      screen.print(text);
      screen.draw();
    }
    expect(virtual.lines).toEqual(["one", "two", "three", "> a half-typed line", ", longer than a row", "", "", ""]);
    expect(virtual.cursor).toEqual({ row: 3, column: 7 });
  });

  it("shows the rows around the cursor when the line is longer than the screen", () => {
    const { virtual, screen, typing } = screenWith(4, 20);
    Object.assign(typing, { text: "x".repeat(500), cursor: 500 });
    screen.print("printed");
    screen.draw();
    expect(virtual.cursor.row).toBe(3);
    Object.assign(typing, { text: "short", cursor: 5 });
    screen.draw();
    expect(virtual.text.split("\n").at(-1)).toBe("> short");
    expect(virtual.text).not.toContain("x");
  });

  it("is right again after a resize", () => {
    const { virtual, screen, typing } = screenWith(6, 40);
    Object.assign(typing, { text: "this line fits into the first width", cursor: 4 });
    screen.print("first");
    screen.print("second");
    screen.draw();
    virtual.resize(6, 20);
    screen.redraw();
    expect(virtual.lines).toEqual(["first", "second", "> this line fits in", "to the first width", "", ""]);
    expect(virtual.cursor).toEqual({ row: 2, column: 6 });
  });

  it("leaves the cursor below everything", () => {
    const { virtual, screen, typing } = screenWith(6, 20);
    Object.assign(typing, { text: "a line that is longer than a row", cursor: 0 });
    screen.finish();
    expect(virtual.cursor).toEqual({ row: 2, column: 0 });
  });
});

describe("cut", () => {
  it("keeps what fits into one row and says that there is more", () => {
    expect(cut("short", 20)).toBe("short");
    expect(cut("世界世界世界", 8)).toBe("世界世…");
  });
});
