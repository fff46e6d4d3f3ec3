import type { Layout } from "./layout.ts";

/** The part of a terminal that the screen writes to. */
export interface ScreenOutput {
  readonly columns: number;
  readonly rows: number;
  write(text: string): unknown;
}

const UP = (rows: number): string => (rows > 0 ? `\x1b[${rows}A` : "");
const CLEAR_DOWN = "\r\x1b[J";
const CLEAR_ALL = "\x1b[H\x1b[2J";

/** So many printed lines are drawn again after a resize, at most. */
const KEPT_LINES = 500;

/**
 * A terminal in two parts: what was printed scrolls away upwards, and below it the live area is drawn anew each time.
 *
 * What is printed may be as long as it wants: nothing ever goes back above the live area. The rows of the live area are
 * shorter than the terminal is wide, so their number is known; and the cursor gets to its column by writing the
 * text before it once more, so the terminal itself says how wide that is.
 */
export class Screen {
  readonly #output: ScreenOutput;
  readonly #live: (columns: number, rows: number) => Layout;
  readonly #printed: string[] = [];
  #waiting: string[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #cursorRow = 0;
  #liveRows = 0;

  /** @param live Lays out the live area for a terminal of this size; at most `rows - 1` rows. */
  constructor(output: ScreenOutput, live: (columns: number, rows: number) => Layout) {
    this.#output = output;
    this.#live = live;
  }

  /** Adds a line above the live area. It must hold nothing that a terminal acts upon, except our own styles. */
  print(line: string): void {
    this.#waiting.push(line);
    this.update();
  }

  /** Draws soon: once for everything that happens in one turn. */
  update(): void {
    this.#scheduled ??= setImmediate(() => this.draw());
  }

  draw(): void {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    this.#output.write(UP(this.#cursorRow) + CLEAR_DOWN + this.#lines(this.#waiting) + this.#drawLive());
    this.#printed.push(...this.#waiting);
    this.#printed.splice(0, this.#printed.length - KEPT_LINES);
    this.#waiting = [];
  }

  /** Draws everything from the top: after a resize no terminal agrees with another about where things are. */
  redraw(): void {
    const lines = [...this.#printed, ...this.#waiting].slice(-this.#output.rows);
    this.#output.write(CLEAR_ALL + this.#lines(lines) + this.#drawLive());
    this.#printed.push(...this.#waiting);
    this.#waiting = [];
  }

  /** Leaves the live area as it is, with the cursor on the line below. */
  finish(): void {
    this.draw();
    const below = this.#liveRows - this.#cursorRow;
    this.#output.write("\r\n".repeat(below));
  }

  #lines(lines: readonly string[]): string {
    return lines.map((line) => `${line}\r\n`).join("");
  }

  #drawLive(): string {
    const { rows, cursorRow, beforeCursor } = this.#live(this.#output.columns, this.#output.rows);
    this.#cursorRow = cursorRow;
    this.#liveRows = rows.length;
    return `${rows.join("\r\n")}${UP(rows.length - 1 - cursorRow)}\r${beforeCursor}`;
  }
}
