import { emitKeypressEvents } from "node:readline";
import { crop, type Layout, layOut } from "./layout.ts";
import { type Key, LineEditor } from "./line-editor.ts";
import { Screen } from "./screen.ts";

const PASTE_ON = "\x1b[?2004h";
const PASTE_OFF = "\x1b[?2004l";

/** Bold and dim are the only styles: they are legible on every background. */
export const bold = (text: string): string => `\x1b[1m${text}\x1b[0m`;
export const dim = (text: string): string => `\x1b[2m${text}\x1b[0m`;

/** What stands around the line that is typed. */
export interface Surroundings {
  /** Rows above the line, none wider than the columns; where there is no room for all, the last ones are shown. */
  readonly above?: (columns: number, typed: string) => readonly string[];
  /** What Tab puts in the place of the text before the cursor. */
  readonly complete?: (before: string) => string;
  /** What is typed is not shown. */
  readonly secret?: boolean;
}

/** A person at a terminal: lines that they type, below what is printed meanwhile. */
export class Terminal implements Disposable {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #screen: Screen;
  readonly #editor = new LineEditor();
  readonly #lines: string[] = [];
  #prompt = "";
  #around: Surroundings = {};
  #over: { readonly error: Error | undefined } | undefined;
  #wake: () => void = () => {};

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.#input = input;
    this.#output = output;
    this.#screen = new Screen(output, (columns, rows) => this.#layOut(Math.max(columns, 20), Math.max(rows, 4)));
    input.on("error", () => this.stop()); // for good: a terminal that is gone cannot be given back either
    emitKeypressEvents(input);
    input.setRawMode(true);
    input.on("keypress", this.#onKey).on("end", this.#onEnd).resume();
    output.on("resize", this.#onResize);
    output.write(PASTE_ON);
  }

  /** Prints a line above what is being typed. See `Screen.print`. */
  print(line: string): void {
    this.#screen.print(line);
  }

  /** Draws again soon: something in `above` has changed. */
  update(): void {
    this.#screen.update();
  }

  /** What stands before the line and around it, from now on. */
  show(prompt: string, around: Surroundings = {}): void {
    this.#prompt = prompt;
    this.#around = around;
    this.#screen.update();
  }

  /** The next line typed; `undefined` once the person wants to leave. What `stop` was given is thrown. */
  async line(): Promise<string | undefined> {
    while (this.#lines.length === 0 && this.#over === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#over?.error !== undefined) throw this.#over.error;
    return this.#lines.shift();
  }

  /** Puts a line that was refused back for correction, before what has been typed since. */
  giveBack(line: string): void {
    this.#editor.restore(line + this.#editor.text);
    this.#screen.update();
  }

  /** Ends `line()`, behind the lines already typed; with an error at once. */
  stop(error?: Error): void {
    this.#over ??= { error };
    this.#wake();
  }

  /** Gives the terminal back as it was, with everything left to read. */
  [Symbol.dispose](): void {
    this.#screen.finish();
    this.#output.write(PASTE_OFF);
    this.#output.off("resize", this.#onResize);
    this.#input.off("keypress", this.#onKey).off("end", this.#onEnd).pause();
    this.#input.setRawMode(false);
  }

  readonly #onKey = (typed: string | undefined, key: Key): void => {
    const request = this.#editor.press(typed, key);
    if (request === "redraw") this.#screen.redraw();
    else if (request === "leave") this.stop();
    else if (request === "complete") this.#complete();
    else if (request === "submit") {
      this.#lines.push(this.#editor.take());
      this.#wake();
    }
    this.#screen.update();
  };

  readonly #onEnd = (): void => this.stop();

  readonly #onResize = (): void => this.#screen.redraw();

  #complete(): void {
    const { text, cursor } = this.#editor;
    const before = text.slice(0, cursor);
    this.#editor.replaceBefore(this.#around.complete?.(before) ?? before);
  }

  /** The live area never takes so much that nothing can be read above it. */
  #layOut(columns: number, rows: number): Layout {
    const { text, cursor } = this.#editor;
    const { above: rowsAbove, secret = false } = this.#around;
    const above = rowsAbove?.(columns, secret ? "" : text).slice(-Math.floor(rows / 3)) ?? [];
    const typed = secret ? layOut(this.#prompt, "", 0, columns) : layOut(this.#prompt, text, cursor, columns);
    const line = crop(typed, Math.floor(rows / 2));
    return { ...line, rows: [...above, ...line.rows], cursorRow: above.length + line.cursorRow };
  }
}
