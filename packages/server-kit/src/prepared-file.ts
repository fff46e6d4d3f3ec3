import { DEFAULT_LIMITS, PREPARED_KINDS, type PreparedKind, placeholdersOf, RedRoomError } from "@redroom/sdk";
import type { PreparedDraft } from "@redroom/sdk/store";

const MAX_MESSAGES = 1_000;
const MAX_TITLE_CHARACTERS = 100;

/** As people write them, in English and in German. */
const KINDS: Readonly<Record<string, PreparedKind>> = {
  ...(Object.fromEntries(PREPARED_KINDS.map((kind) => [kind, kind])) as Record<PreparedKind, PreparedKind>),
  frage: "question",
  antwort: "answer",
  notiz: "note",
};

interface Block {
  /** The line of its heading. */
  readonly line: number;
  readonly kind: PreparedKind;
  readonly title: string | undefined;
  readonly lines: string[];
}

/**
 * Reads prepared messages from a file: a heading `## question: Title` (or `answer`, `note`, `Frage`, `Antwort`, `Notiz`; the title
 * may be left out), and under it the text. Headings with one `#` may stand before the first.
 *
 * @throws {RedRoomError} `TEXT_INVALID`, naming the line, for anything else.
 */
export function parsePrepared(file: string): PreparedDraft[] {
  const blocks: Block[] = [];
  for (const [index, text] of file
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const block = blocks.at(-1);
    if (/^##(?!#)/.test(text)) blocks.push(readHeading(text, line));
    else if (block !== undefined) block.lines.push(readLine(text, line));
    else if (!/^(\s*|#\s.*)$/.test(text)) throw wrong(line, "it stands before the first message, which begins with ##");
    if (blocks.length > MAX_MESSAGES) throw wrong(line, `there are more than ${MAX_MESSAGES} messages`);
  }
  if (blocks.length === 0) throw wrong(1, "there is no message; each begins with a line such as ## question: Title");
  return blocks.map(draftOf);
}

function readHeading(text: string, line: number): Block {
  const [, name = "", title = ""] = /^##([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const kind = Object.hasOwn(KINDS, keyOf(name)) ? KINDS[keyOf(name)] : undefined;
  if (kind === undefined) {
    throw wrong(line, `"${name.trim()}" is no kind of message; write one of ${Object.keys(KINDS).join(", ")}`);
  }
  checkCharacters(title, line);
  const length = [...title.trim()].length;
  if (length > MAX_TITLE_CHARACTERS) {
    throw wrong(line, `the title has ${length} characters, at most ${MAX_TITLE_CHARACTERS} are allowed`);
  }
  return { line, kind, title: title.trim() || undefined, lines: [] };
}

/** Placeholders do not go beyond their line, so the line can say what is wrong with them. */
function readLine(text: string, line: number): string {
  checkCharacters(text, line);
  try {
    placeholdersOf(text);
  } catch (cause) {
    throw wrong(line, (cause as Error).message.replace(/^.*?; /, ""), cause);
  }
  return text;
}

function draftOf({ line, kind, title, lines }: Block): PreparedDraft {
  const text = lines.join("\n").trim();
  if (text === "") throw wrong(line, "the message has no text");
  const bytes = Buffer.byteLength(text);
  if (bytes > DEFAULT_LIMITS.maxTextBytes) {
    throw wrong(line, `the text has ${bytes} bytes, at most ${DEFAULT_LIMITS.maxTextBytes} are allowed`);
  }
  return { kind, text, ...(title !== undefined && { title }) };
}

function checkCharacters(text: string, line: number): void {
  const found = /[^\P{Cc}\t]/u.exec(text)?.[0];
  if (found === undefined) return;
  throw wrong(
    line,
    `it has the control character U+${found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

const keyOf = (name: string): string => name.trim().toLowerCase();

const wrong = (line: number, reason: string, cause?: unknown): RedRoomError =>
  new RedRoomError("TEXT_INVALID", `unable to read the prepared messages; line ${line}: ${reason}`, {
    ...(cause !== undefined && { cause }),
    remedy: "correct the line and import the file again; nothing was changed",
  });
