import { RedRoomError } from "@redroom/sdk";
import { CommandFailure, explain } from "../failure.ts";
import { printable } from "../terminal/printable.ts";
import { changePassword } from "./change-password.ts";
import { allowedCommands, type Chat, mayUse, ownRoles, usableCommands } from "./chat.ts";
import { type CommandName, isCommand } from "./chat-commands.ts";
import { choosePrepared } from "./choose-prepared.ts";
import { type Input, readInput } from "./input.ts";
import { SAYINGS } from "./say.ts";
import { SHOWINGS } from "./show.ts";

/**
 * Does what a line asks for. What cannot be done is explained, and given back for correction where there is something to
 * correct. @returns Whether the person wants to leave.
 */
export async function runLine(line: string, chat: Chat): Promise<boolean> {
  if (line.trim() === "") return false;
  const { terminal, texts } = chat;
  const input = readInput(line);
  if (input.command === "quit") return true;
  try {
    await run(input, line, chat);
  } catch (thrown) {
    if (!(thrown instanceof RedRoomError || thrown instanceof CommandFailure)) throw thrown;
    terminal.print(printable(explain(thrown, texts).sentence));
    if (input.rest !== "") terminal.giveBack(line);
  }
  return false;
}

async function run({ command: typed, rest }: Input, line: string, chat: Chat): Promise<void> {
  const { topic, terminal, texts } = chat;
  const command = typed ?? (topic.can("note") ? "note" : undefined);
  if (command === undefined) {
    terminal.print(texts("command.noNote", { roles: ownRoles(chat, texts), allowed: usableCommands(chat) }));
    return terminal.giveBack(line);
  }
  if (!isCommand(command)) {
    return terminal.print(texts("chat.unknownCommand", { command: printable(`/${command}`) }));
  }
  if (!mayUse(chat, command)) {
    const allowed = allowedCommands(chat).map((name) => `/${name}`);
    const values = { command: `/${command}`, roles: ownRoles(chat, texts), allowed: allowed.join(" ") };
    return terminal.print(texts("command.notAllowed", values));
  }
  if (command === "prepared") return choosePrepared(chat);
  if (command === "passwd") return changePassword(chat);
  if (command === "name" && rest !== "") {
    const { name } = await chat.client.changeName(rest);
    return terminal.print(texts("name.done", { name: printable(name) }));
  }
  if (await complied(command, rest, chat)) return;
  terminal.print(
    texts("command.incomplete", { usage: texts(`command.${command}`), does: texts(`command.${command}.does`) }),
  );
  terminal.giveBack(rest === "" ? `/${command} ` : line);
}

async function complied(command: CommandName, rest: string, chat: Chat): Promise<boolean> {
  const saying = SAYINGS[command];
  // A message on its way is awaited by nobody: the conversation shows what becomes of it.
  if (saying !== undefined) return saying(rest, chat) !== undefined;
  return (await SHOWINGS[command]?.(rest, chat)) ?? false;
}
