import { fill, type PreparedMessage, placeholdersOf } from "@redroom/sdk";
import { printable } from "../terminal/printable.ts";
import { askLine, type Chat, mayUse } from "./chat.ts";
import { type CommandName, isCommand } from "./chat-commands.ts";

/**
 * A prepared message, chosen from a list and filled step by step. It is put on the line as the command that sends it, so that
 * the person sees what goes out.
 */
export async function choosePrepared(chat: Chat): Promise<void> {
  const { topic, terminal, texts } = chat;
  const usable = (await topic.prepared()).filter(({ kind }) => mayUse(chat, commandFor(kind)));
  if (usable.length === 0) return terminal.print(texts("prepared.none"));
  for (const [index, { kind, title, text }] of usable.entries()) {
    const name = title === undefined ? "" : `${printable(title)}: `;
    terminal.print(`${String(index + 1).padStart(4)}  ${texts(`kind.${kind}`)}  ${name}${printable(text)}`);
  }
  const chosen = await choose(usable, chat);
  const line = chosen && (await composed(chosen, chat));
  if (line === undefined) return terminal.print(texts("chat.cancelled"));
  terminal.print(texts("prepared.ready"));
  terminal.giveBack(line);
}

async function choose(usable: readonly PreparedMessage[], chat: Chat): Promise<PreparedMessage | undefined> {
  const count = usable.length;
  for (;;) {
    const line = (await askLine(chat, chat.texts("prepared.choose", { count })))?.trim();
    if (line === undefined || line === "") return undefined;
    const chosen = /^[0-9]+$/.test(line) ? usable[Number(line) - 1] : undefined;
    if (chosen !== undefined) return chosen;
    chat.terminal.print(chat.texts("chat.chooseAgain", { count }));
  }
}

/** @returns `undefined` when the person has had enough. */
async function composed({ kind, text }: PreparedMessage, chat: Chat): Promise<string | undefined> {
  const values: Record<string, string> = {};
  for (const name of placeholdersOf(text)) {
    const value = await askLine(chat, chat.texts("prepared.value", { name: printable(name) }));
    if (value === undefined || value === "") return undefined;
    values[name] = value;
  }
  const filled = fill(text, values);
  if (kind !== "answer") return `/${commandFor(kind)} ${filled}`;
  const seq = await answered(chat);
  return seq === undefined ? undefined : `/answer ${seq} ${filled}`;
}

/** The number of the question; the only one is not asked for. */
async function answered(chat: Chat): Promise<string | undefined> {
  const [only, another] = chat.questions.of("toAnswer");
  if (only !== undefined && another === undefined) return String(only.message.seq);
  const seq = (await askLine(chat, chat.texts("prepared.question")))?.trim();
  return seq === "" ? undefined : seq;
}

function commandFor(kind: PreparedMessage["kind"]): CommandName {
  return kind === "question" ? "ask" : isCommand(kind) ? kind : "note";
}
