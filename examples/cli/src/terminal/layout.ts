import { columnsOf } from "./columns.ts";
import { visible } from "./printable.ts";

/** Rows of the screen with a cursor in one of them. */
export interface Layout {
  readonly rows: readonly string[];
  readonly cursorRow: number;
  /** What of that row stands before the cursor. */
  readonly beforeCursor: string;
}

/**
 * Breaks a line that is being typed into rows.
 *
 * @param columns Width of the terminal; its last column stays free, so that it never breaks a row by itself.
 * @param cursor Index in `line`.
 */
export function layOut(prompt: string, line: string, cursor: number, columns: number): Layout {
  const width = columns - 1;
  const rows: string[] = [];
  let row = prompt;
  let used = columnsOf(prompt);
  let at: { readonly cursorRow: number; readonly beforeCursor: string } | undefined;
  let index = 0;
  // By code points: combining marks have no columns and so never begin a row, and graphemes take seconds for a long text.
  for (const character of line) {
    const shown = visible(character);
    const wide = columnsOf(shown);
    if (used + wide > width) {
      rows.push(row);
      row = "";
      used = 0;
    }
    if (index >= cursor && wide > 0) at ??= { cursorRow: rows.length, beforeCursor: row };
    row += shown;
    used += wide;
    index += character.length;
  }
  rows.push(row);
  return { rows, ...(at ?? { cursorRow: rows.length - 1, beforeCursor: row }) };
}

/** The `height` rows around the cursor. */
export function crop({ rows, cursorRow, beforeCursor }: Layout, height: number): Layout {
  const first = Math.max(0, Math.min(cursorRow - height + 1, rows.length - height));
  return { rows: rows.slice(first, first + height), cursorRow: cursorRow - first, beforeCursor };
}

/** As much of a text as fits into one row. */
export function cut(text: string, columns: number): string {
  const { rows } = layOut("", text, 0, columns - 1);
  const [first = ""] = rows;
  return rows.length === 1 ? first : `${first}…`;
}
