import { RedRoomError } from "../base/errors.ts";

/** What a message can be that was prepared. */
export const PREPARED_KINDS = ["question", "answer", "note"] as const;

export type PreparedKind = (typeof PREPARED_KINDS)[number];

const MAX_NAME_CHARACTERS = 40;

type Part = { readonly literal: string } | { readonly name: string };

/**
 * The names of a prepared text's placeholders, in their order, each once. A placeholder is `{name}`, on one line, with a name
 * of 1 to 40 characters; `{{` and `}}` stand for braces that are meant as such.
 *
 * @throws {RedRoomError} `TEXT_INVALID` when a brace has no other that belongs to it, or a name cannot be one.
 */
export function placeholdersOf(text: string): string[] {
  return [...new Set(partsOf(text).flatMap((part) => ("name" in part ? [part.name] : [])))];
}

/**
 * The text with a value for each of its placeholders. Values are taken as they are: braces in them mean nothing.
 *
 * @example
 * fill("We will answer by {date}.", { date: "3 March" }); // "We will answer by 3 March."
 *
 * @throws {RedRoomError} `TEXT_INVALID` when a value is missing, or there is one for no placeholder; as `placeholdersOf`.
 */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  const parts = partsOf(text);
  const names = new Set(parts.flatMap((part) => ("name" in part ? [part.name] : [])));
  const missing = [...names].filter((name) => !Object.hasOwn(values, name));
  const unknown = Object.keys(values).filter((name) => !names.has(name));
  if (missing.length > 0) throw unfilled(`it has no value for ${quoted(missing)}`, names);
  if (unknown.length > 0) throw unfilled(`it has no placeholder for ${quoted(unknown)}`, names);
  return parts.map((part) => ("name" in part ? (values[part.name] ?? "") : part.literal)).join("");
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  for (const { 0: token, index } of text.matchAll(/\{\{|\}\}|\{[^{}\r\n]*\}|[{}]|[^{}]+/g)) {
    if (token === "{{" || token === "}}") parts.push({ literal: token.charAt(0) });
    else if (token === "{") throw malformed(index, "the brace { is not closed on its line; write {{ for a brace");
    else if (token === "}") throw malformed(index, "the brace } closes nothing; write }} for a brace");
    else if (token.startsWith("{")) parts.push({ name: nameOf(token, index) });
    else parts.push({ literal: token });
  }
  return parts;
}

function nameOf(token: string, index: number): string {
  const name = token.slice(1, -1).trim();
  const length = [...name].length;
  if (length === 0) throw malformed(index, "the placeholder has no name");
  if (length > MAX_NAME_CHARACTERS) {
    throw malformed(
      index,
      `the placeholder's name has ${length} characters, at most ${MAX_NAME_CHARACTERS} are allowed`,
    );
  }
  return name;
}

const quoted = (names: readonly string[]): string => names.map((name) => `{${name}}`).join(", ");

const malformed = (index: number, reason: string): RedRoomError =>
  new RedRoomError("TEXT_INVALID", `unable to read the prepared text; at character ${index + 1}, ${reason}`);

const unfilled = (reason: string, names: ReadonlySet<string>): RedRoomError =>
  new RedRoomError("TEXT_INVALID", `unable to fill the prepared text; ${reason}`, {
    remedy: names.size === 0 ? "leave out the values" : `give a value for each of ${quoted([...names])}, and no other`,
  });
