import { COMMAND_NAMES, type CommandName, commandOf, isCommand, type Numbers } from "./chat-commands.ts";

/** What there is to complete with. */
export interface CompletionWorld {
  readonly isAllowed: (command: CommandName) => boolean;
  /** Names of the other members. */
  readonly names: () => readonly string[];
  /** Numbers of open questions. */
  readonly numbers: (which: Numbers) => readonly number[];
}

/** What Tab makes of a line. */
export interface Completed {
  /** What stands before the cursor from now on. */
  readonly before: string;
  /** More than one: the person has to type on. */
  readonly candidates: readonly string[];
}

/** Completes the word before the cursor: a command, a recipient, or the number of a question. */
export function complete(before: string, world: CompletionWorld): Completed {
  const { start, candidates } = candidatesFor(before, world);
  return completeFrom(candidates, before, start);
}

/** Completes what stands behind `start` with one of the candidates. */
export function completeFrom(candidates: readonly string[], before: string, start = 0): Completed {
  const typed = before.slice(start);
  const fitting = candidates.filter((candidate) => plain(candidate).startsWith(plain(typed)));
  const [only] = fitting;
  if (only === undefined) return { before, candidates: [] };
  if (fitting.length === 1) return { before: `${before.slice(0, start)}${only} `, candidates: [] };
  const common = commonStart(fitting);
  return { before: before.slice(0, start) + (common.length > typed.length ? common : typed), candidates: fitting };
}

function candidatesFor(before: string, world: CompletionWorld): { start: number; candidates: readonly string[] } {
  if (/^\/[^\s/]*$/.test(before)) {
    return { start: 0, candidates: COMMAND_NAMES.filter(world.isAllowed).map((name) => `/${name}`) };
  }
  const line = before.startsWith("/") ? before : `/note ${before}`; // a text without a command is one
  const [, name = "", between = "", last = ""] = /^\/(\S+)(\s+(?:.*\s)?)(\S*)$/s.exec(line) ?? [];
  const start = before.length - last.length;
  if (!isCommand(name)) return { start, candidates: [] };
  const { numbers, addressed } = commandOf(name);
  if (numbers !== undefined && between.trim() === "") {
    return { start, candidates: world.numbers(numbers).map(String) };
  }
  if (addressed && last.startsWith("@")) return { start, candidates: world.names().map(recipient) };
  return { start, candidates: [] };
}

/** As it is typed to name somebody. */
const recipient = (name: string): string => (/[\s,]/.test(name) ? `@"${name}"` : `@${name}`);

/** Nobody types quotation marks before they know that a name needs them. */
const plain = (word: string): string => word.replaceAll('"', "").toLowerCase();

function commonStart(all: readonly string[]): string {
  const [first = ""] = all;
  const characters = [...first];
  const length = characters.findIndex((_, index) => {
    const start = characters.slice(0, index + 1).join("");
    return !all.every((one) => one.startsWith(start));
  });
  return characters.slice(0, length === -1 ? characters.length : length).join("");
}
