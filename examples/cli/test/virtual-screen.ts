/** One column of the screen; the second one of a wide character is empty. */
type Cell = string;

const WIDE = /[\u1100-\u115f\u2e80-\u9fff\uac00-\ud7a3\uff00-\uff60\u{1f300}-\u{1faff}]/u;
const ZERO_WIDTH = /[\p{Mn}\p{Me}\u200b-\u200f\u2066-\u2069]/u;

/**
 * A terminal that knows the few sequences which the chat writes, and throws on every other: text of strangers that reached
 * it uninterpreted would be found here.
 */
export class VirtualScreen {
  #rows: Cell[][] = [];
  #row = 0;
  #column = 0;
  /** The last column is written; the next character goes to the next row. */
  #wrapping = false;
  #rest = "";

  constructor(
    public height: number,
    public width: number,
  ) {
    this.#clear();
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** All rows, without the blanks at their ends. */
  get lines(): string[] {
    return this.#rows.map((row) => row.join("").trimEnd());
  }

  get text(): string {
    return this.lines.join("\n").trimEnd();
  }

  resize(height: number, width: number): void {
    this.height = height;
    this.width = width;
    this.#rows = Array.from({ length: height }, (_, row) => (this.#rows[row] ?? []).slice(0, width));
    this.#row = Math.min(this.#row, height - 1);
    this.#column = Math.min(this.#column, width - 1);
  }

  write(output: string): void {
    let rest = this.#rest + output;
    while (rest !== "") {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's language
      const sequence = /^\x1b\[(\??)([0-9]*)([A-Za-z])/.exec(rest);
      if (sequence !== null) {
        this.#act(`${sequence[1]}${sequence[3]}`, sequence[2] === "" ? undefined : Number(sequence[2]), sequence[0]);
        rest = rest.slice(sequence[0].length);
      } else if (rest.startsWith("\x1b") && rest.length < 8) break;
      else {
        const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
        this.#put(character);
        rest = rest.slice(character.length);
      }
    }
    this.#rest = rest;
  }

  #act(name: string, count: number | undefined, sequence: string): void {
    if (name === "A") this.#row = Math.max(0, this.#row - (count ?? 1));
    else if (name === "J" && count === undefined) this.#clearDown();
    else if (name === "J" && count === 2) this.#clear();
    else if (name === "H" && count === undefined) this.#row = this.#column = 0;
    else if (!(name === "m" || ((name === "?h" || name === "?l") && count === 2004))) {
      throw new Error(`unknown sequence ${JSON.stringify(sequence)}`);
    }
    this.#wrapping = false;
  }

  #put(character: string): void {
    if (character === "\r") {
      this.#column = 0;
      this.#wrapping = false;
    } else if (character === "\n") this.#down();
    else if (/\p{Cc}/u.test(character)) throw new Error(`unknown control character ${JSON.stringify(character)}`);
    else if (ZERO_WIDTH.test(character)) this.#combine(character);
    else this.#draw(character, WIDE.test(character) ? 2 : 1);
  }

  #draw(character: string, columns: number): void {
    if (this.#wrapping || this.#column + columns > this.width) {
      this.#column = 0;
      this.#wrapping = false;
      this.#down();
    }
    const row = this.#cells();
    while (row.length < this.#column) row.push(" ");
    row[this.#column] = character;
    if (columns === 2) row[this.#column + 1] = "";
    this.#column += columns;
    if (this.#column >= this.width) {
      this.#column = this.width - 1;
      this.#wrapping = true;
    }
  }

  #combine(character: string): void {
    const row = this.#cells();
    let at = this.#wrapping ? this.#column : this.#column - 1;
    while (at > 0 && row[at] === "") at -= 1;
    if (at >= 0) row[at] = `${row[at] ?? " "}${character}`;
  }

  #cells(): Cell[] {
    const row = this.#rows[this.#row];
    if (row === undefined) throw new Error(`there is no row ${this.#row}`);
    return row;
  }

  #down(): void {
    this.#row += 1;
    this.#wrapping = false;
    if (this.#row < this.height) return;
    this.#rows.shift();
    this.#rows.push([]);
    this.#row = this.height - 1;
  }

  #clearDown(): void {
    this.#cells().length = Math.min(this.#cells().length, this.#column);
    for (let row = this.#row + 1; row < this.height; row += 1) this.#rows[row] = [];
  }

  #clear(): void {
    this.#rows = Array.from({ length: this.height }, () => []);
  }
}
