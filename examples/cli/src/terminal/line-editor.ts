const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A key as `node:readline` tells it. */
export interface Key {
  readonly sequence?: string | undefined;
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
}

/** What a key asks for beyond editing. */
export type EditorRequest = "submit" | "leave" | "redraw" | "complete";

/** One line of text with a cursor. Holds nothing else: no history, no files. */
export class LineEditor {
  #text = "";
  #cursor = 0;
  #pasting = false;

  get text(): string {
    return this.#text;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Empties the line and returns what it held. */
  take(): string {
    const text = this.#text;
    this.restore("");
    return text;
  }

  restore(text: string): void {
    this.#text = text;
    this.#cursor = text.length;
  }

  /** Puts another text in the place of what stands before the cursor. */
  replaceBefore(text: string): void {
    this.#replace(0, this.#cursor, text);
  }

  press(typed: string | undefined, { name, ctrl = false, meta = false }: Key): EditorRequest | undefined {
    if (name === "paste-start" || name === "paste-end") this.#pasting = name === "paste-start";
    else if (this.#pasting) this.#paste(name === "return" ? "\n" : (typed ?? ""));
    else if (name === "return" || name === "enter") return "submit";
    else if (name === "tab") return "complete";
    else if (ctrl) return this.#pressCtrl(name);
    else if (!this.#edit(name) && !meta && typed !== undefined && !/^\p{Cc}/u.test(typed)) this.#insert(typed);
    return undefined;
  }

  #pressCtrl(name: string | undefined): EditorRequest | undefined {
    switch (name) {
      case "c":
        return "leave";
      case "d":
        if (this.#text === "") return "leave";
        this.#replace(this.#cursor, this.#after(), "");
        return undefined;
      case "l":
        return "redraw";
      case "a":
        this.#cursor = 0;
        return undefined;
      case "e":
        this.#cursor = this.#text.length;
        return undefined;
      case "u":
        this.#replace(0, this.#cursor, "");
        return undefined;
      case "k":
        this.#replace(this.#cursor, this.#text.length, "");
        return undefined;
      case "w":
        this.#replace(this.#text.slice(0, this.#cursor).search(/\S*\s*$/), this.#cursor, "");
        return undefined;
      case "h":
        this.#edit("backspace");
        return undefined;
      default:
        return undefined;
    }
  }

  #edit(name: string | undefined): boolean {
    switch (name) {
      case "backspace":
        this.#replace(this.#before(), this.#cursor, "");
        return true;
      case "delete":
        this.#replace(this.#cursor, this.#after(), "");
        return true;
      case "left":
        this.#cursor = this.#before();
        return true;
      case "right":
        this.#cursor = this.#after();
        return true;
      case "home":
        this.#cursor = 0;
        return true;
      case "end":
        this.#cursor = this.#text.length;
        return true;
      default:
        return false;
    }
  }

  /** Line ends of a pasted text are part of it: only Enter sends. */
  #paste(typed: string): void {
    if (typed === "\n" || typed === "\t" || !/^\p{Cc}/u.test(typed)) this.#insert(typed);
  }

  #insert(typed: string): void {
    if (this.#cursor < this.#text.length) this.#replace(this.#cursor, this.#cursor, typed);
    else this.restore(this.#text + typed); // cheap, for a long text that is pasted arrives key by key
  }

  #replace(from: number, to: number, by: string): void {
    this.#text = this.#text.slice(0, from) + by + this.#text.slice(to);
    this.#cursor = from + by.length;
  }

  #before(): number {
    return graphemes.segment(this.#text).containing(this.#cursor - 1)?.index ?? 0;
  }

  #after(): number {
    const { index = this.#cursor, segment = "" } = graphemes.segment(this.#text).containing(this.#cursor) ?? {};
    return index + segment.length;
  }
}
