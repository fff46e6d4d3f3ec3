import type { RedRoomClient, Topic } from "@redroom/sdk";
import { rolesText } from "../lists/member-line.ts";
import type { Surroundings, Terminal } from "../terminal/terminal.ts";
import type { Texts } from "../texts/texts.ts";
import { COMMAND_NAMES, type CommandName, isAllowed } from "./chat-commands.ts";
import type { OpenQuestions } from "./open-questions.ts";

/** Somebody in a topic, at their terminal. */
export interface Chat {
  readonly client: RedRoomClient;
  readonly topic: Topic;
  readonly terminal: Terminal;
  readonly texts: Texts;
  readonly questions: OpenQuestions;
  /** What stands around the line while no step of a command asks for something. */
  readonly around: Surroundings;
}

export const PROMPT = "> ";

/** Commands by which something is written, in the order of help. */
const WRITING: readonly CommandName[] = ["ask", "answer", "note"];

export const ownRoles = ({ topic }: Pick<Chat, "topic">, texts: Texts): string =>
  rolesText(topic.self?.roles ?? [], texts);

export const mayUse = ({ topic }: Pick<Chat, "topic">, command: CommandName): boolean =>
  isAllowed(command, (capability) => topic.can(capability));

/** `/ask, /answer, /open, /help`: what somebody can begin with. */
export function usableCommands(chat: Pick<Chat, "topic">): string {
  const writing = WRITING.filter((command) => mayUse(chat, command));
  return [...writing, "open", "help"].map((command) => `/${command}`).join(" ");
}

export const allowedCommands = (chat: Pick<Chat, "topic">): CommandName[] =>
  COMMAND_NAMES.filter((command) => mayUse(chat, command));

/** Asks for one line. @returns `undefined` when the person wants to leave. */
export async function askLine(
  { terminal, texts, around }: Chat,
  prompt: string,
  { secret = false }: Pick<Surroundings, "secret"> = {},
): Promise<string | undefined> {
  terminal.show(prompt, { secret, above: () => [texts("hint.empties")] });
  try {
    return await terminal.line();
  } finally {
    terminal.show(PROMPT, around);
  }
}
