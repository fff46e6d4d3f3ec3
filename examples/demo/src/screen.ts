import { styleText } from "node:util";
import type { Heard } from "./report.ts";
import type { Latencies } from "./stage.ts";

type Style = Parameters<typeof styleText>[0];

const MAX_SHOWN_CHARACTERS = 320;
const INDENT = " ".repeat(10);
const AUTHOR_STYLES: readonly Style[] = ["cyan", "yellow", "magenta"];

/** Lays the conversation out for people: in colour on a terminal, plain elsewhere. */
export class Screen {
  readonly #colour = process.stdout.isTTY && process.stdout.hasColors();
  readonly #width = Math.max(60, Math.min(process.stdout.columns || 100, 110)); // 0 where a terminal does not know
  readonly #authors: readonly string[];

  constructor(authors: readonly string[]) {
    this.#authors = authors;
  }

  heading(text: string): void {
    this.print(`\n${this.#paint("bold", text)}\n`);
  }

  command(text: string): void {
    this.print(`  ${this.#paint("dim", "$")} ${text}`);
  }

  message({ topic, seq, author, kind, at, text, re }: Heard): void {
    const what = `${kind} ${seq}${re === undefined ? "" : ` to ${re}`}`;
    const facts = `${timeOf(at)}  ${this.#author(author)}  ${what.padEnd(15)}  ${this.#paint("dim", topic)}`;
    this.print(`${facts}\n${wrap(shorten(text, MAX_SHOWN_CHARACTERS), this.#width - INDENT.length)}\n`);
  }

  /** What the file holds of a topic. */
  topic(title: string, messages: readonly Heard[]): void {
    this.print(`  ${this.#paint("bold", title)}: ${messages.length} messages`);
    const ends = [
      ["first", messages[0]],
      ["last ", messages.at(-1)],
    ] as const;
    for (const [which, one] of ends) {
      if (one === undefined) continue;
      const start = `    ${which} ${String(one.seq).padStart(3)}  ${timeOf(one.at)}  `;
      const room = this.#width - start.length - this.#longestAuthor - 2;
      this.print(`${start}${this.#author(one.author)}  ${shorten(one.text.replaceAll("\n", " "), room - 1, false)}`);
    }
  }

  latencies({ ackMs, deliveredMs }: Latencies): void {
    const row = (what: string, values: readonly number[], meaning: string): void => {
      const sorted = [...values].sort((a, b) => a - b);
      const show = (ms = Number.NaN): string => `${ms.toFixed(1).padStart(6)} ms`;
      const median = sorted[Math.floor((sorted.length - 1) / 2)];
      this.print(`  ${what}  median ${show(median)}   worst ${show(sorted.at(-1))}   ${this.#paint("dim", meaning)}`);
    };
    row("publish → ack      ", ackMs, `${ackMs.length} messages, synced to disk before the ack`);
    row("publish → delivered", deliveredMs, `${deliveredMs.length} messages, from one person to the other`);
  }

  verdict(faults: readonly string[], good: string): void {
    if (faults.length === 0) this.print(`  ${this.#paint("green", "✔")} ${good}`);
    for (const fault of faults) this.print(`  ${this.#paint("red", "✘")} ${fault}`);
  }

  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  get #longestAuthor(): number {
    return Math.max(...this.#authors.map((author) => author.length));
  }

  #author(author: string): string {
    const style = AUTHOR_STYLES[this.#authors.indexOf(author)] ?? "bold";
    return this.#paint(style, author.padEnd(this.#longestAuthor));
  }

  #paint(style: Style, text: string): string {
    return this.#colour ? styleText(style, text) : text;
  }
}

function timeOf(at: string): string {
  return new Date(at).toLocaleTimeString("de-DE");
}

/** Cuts a text, and takes what would move the cursor out of it. */
function shorten(text: string, maxCharacters: number, tellSize = true): string {
  const shown = [...text.replaceAll(/(?!\n)\p{Cc}/gu, "�")];
  if (shown.length <= maxCharacters) return shown.join("");
  const size = ` (${Buffer.byteLength(text).toLocaleString("en")} bytes)`;
  return `${shown.slice(0, maxCharacters).join("").trimEnd()}…${tellSize ? size : ""}`;
}

function wrap(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((paragraph) => {
      const rows = [""];
      for (const word of paragraph.split(/(?<=\S)(?= )/u)) {
        const row = `${rows.at(-1)}${word}`;
        if ([...row].length <= width) rows[rows.length - 1] = row;
        else rows.push(word.trimStart());
      }
      return rows;
    })
    .map((row) => `${INDENT}${row}`)
    .join("\n");
}
