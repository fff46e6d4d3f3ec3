import { headingOf } from "../message-heading.ts";
import { printable, visible } from "../terminal/printable.ts";
import type { Texts } from "../texts/texts.ts";
import { type Chat, mayUse, usableCommands } from "./chat.ts";
import { COMMAND_NAMES, type CommandName, commandOf, isCommand, type Numbers } from "./chat-commands.ts";
import { readNumbered } from "./input.ts";

/** What can be typed next, for the line as it is now. */
export function hintFor(typed: string, chat: Pick<Chat, "topic" | "texts" | "questions">): string {
  const { topic, texts } = chat;
  if (typed === "") return texts("hint.empty", { allowed: usableCommands(chat) });
  const [, name, space = "", rest = ""] = /^\/(?!\/)(\S*)(\s*)(.*)$/s.exec(typed) ?? [];
  if (name === undefined) {
    if (!topic.can("note")) return texts("hint.noNote", { allowed: usableCommands(chat) });
    return /^\s*@/.test(typed) ? usageOf("note", texts) : texts("hint.note");
  }
  if (!isCommand(name) || (space === "" && COMMAND_NAMES.some((one) => one !== name && one.startsWith(name)))) {
    const fitting = COMMAND_NAMES.filter((command) => command.startsWith(name) && mayUse(chat, command));
    if (fitting.length > 0) return fitting.map((command) => `/${command}`).join(" ");
    return texts("chat.unknownCommand", { command: visible(`/${name}`) });
  }
  const { numbers } = commandOf(name);
  const usage = usageOf(name, texts);
  return numbers === undefined ? usage : questionHint(rest, numbers, usage, chat);
}

function questionHint(
  rest: string,
  numbers: Numbers,
  usage: string,
  { texts, questions }: Pick<Chat, "texts" | "questions">,
): string {
  const seq = readNumbered(rest)?.seq;
  const question = seq === undefined ? undefined : questions.find(seq);
  if (question !== undefined) {
    const { message } = question;
    const values = { seq: message.seq, author: headingOf(message, texts), text: printable(message.text) };
    return texts("hint.question", values);
  }
  const open = questions.of(numbers).map(({ message }) => `#${message.seq}`);
  return `${usage} · ${open.length === 0 ? texts("hint.nothingOpen") : open.join(" ")}`;
}

const usageOf = (name: CommandName, texts: Texts): string =>
  texts("command.usage", { usage: texts(`command.${name}`), does: texts(`command.${name}.does`) });
