import type { Priority } from "@redroom/sdk";
import { usageFailure } from "../failure.ts";
import { visible } from "../terminal/printable.ts";
import { readDeadline } from "./deadline.ts";

/** A line as it was typed. */
export interface Input {
  /** Without its slash; `undefined` for a plain text. */
  readonly command: string | undefined;
  /** What stands behind the command, or the text. */
  readonly rest: string;
}

/** What a message says, to whom, and how urgently. */
export interface Addressed {
  readonly text: string;
  readonly to?: readonly string[];
  readonly priority?: Priority;
  readonly due?: Date;
  readonly re?: number;
}

/** As people write them, in English and in German. */
const PRIORITY_WORDS: Readonly<Record<string, Priority>> = {
  high: "high",
  normal: "normal",
  low: "low",
  hoch: "high",
  niedrig: "low",
};

/** `/command rest`; `//text` is a text that begins with a slash. */
export function readInput(line: string): Input {
  const [, command, rest = ""] = /^\/(?!\/)(\S*)\s*(.*)$/s.exec(line) ?? [];
  return command === undefined ? { command, rest: line.replace(/^\/\//, "/") } : { command, rest: rest.trimEnd() };
}

const OPTION =
  /^\s*(?:@"(?<quoted>[^"]+)"|@(?<name>[^\s,]+)|!(?<priority>\p{L}+)|(?:due|bis):(?<due>[^\s,]+)|(?:re|zu):#?(?<re>[1-9][0-9]{0,14}))(?:,\s*|\s+|$)/u;

/** What may have been meant as an option, and then somebody's name. */
const MEANT_FOR_SOME = /^\s*(?:(?:!\S*|(?:due|bis|re|zu):\S*)\s+)*@/u;

/**
 * `@bernd @"anna lena" !high due:2h re:3 text`: recipients, priority, deadline and what it refers to, in any order before the
 * text. An exclamation mark before another word belongs to the text.
 *
 * @param recipientsOnly Whether the rest belongs to the text: a note has nothing else.
 * @throws {CommandFailure} For a deadline that is none, and for a recipient that cannot be read: it is not to go to everybody.
 */
export function readAddressed(rest: string, now: Date, { recipientsOnly = false } = {}): Addressed {
  const to: string[] = [];
  let priority: Priority | undefined;
  let due: Date | undefined;
  let re: number | undefined;
  let text = rest;
  for (let found = OPTION.exec(text); found !== null; found = OPTION.exec(text)) {
    const { quoted, name = quoted, priority: word, due: when, re: number } = found.groups ?? {};
    if (recipientsOnly && name === undefined) break;
    if (word !== undefined && PRIORITY_WORDS[word.toLowerCase()] === undefined) break;
    if (name !== undefined) to.push(name);
    if (word !== undefined) priority = PRIORITY_WORDS[word.toLowerCase()];
    if (when !== undefined) due = deadlineOf(when, now);
    if (number !== undefined) re = Number(number);
    text = text.slice(found[0].length);
  }
  if (MEANT_FOR_SOME.test(text)) throw usageFailure("failure.recipient", { what: visible(text.slice(0, 40)) });
  return {
    text,
    ...(to.length > 0 && { to }),
    ...(priority !== undefined && { priority }),
    ...(due !== undefined && { due }),
    ...(re !== undefined && { re }),
  };
}

/** @throws {CommandFailure} */
export function deadlineOf(typed: string, now: Date): Date {
  const due = readDeadline(typed, now);
  if (due === undefined) throw usageFailure("failure.deadline", { what: typed });
  return due;
}

/** `3 text` or `#3 text`. @returns `undefined` where no number is first. */
export function readNumbered(rest: string): { readonly seq: number; readonly text: string } | undefined {
  const [, number, text = ""] = /^#?([1-9][0-9]{0,14})(?:[:\s]\s*(.*))?$/s.exec(rest) ?? [];
  return number === undefined ? undefined : { seq: Number(number), text };
}
