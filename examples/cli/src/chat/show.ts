import { foundLine } from "../lists/found-line.ts";
import { nameText, presenceText, rolesText } from "../lists/member-line.ts";
import { questionLine } from "../lists/question-line.ts";
import { waitingLine } from "../lists/waiting-line.ts";
import { localTime } from "../message-line.ts";
import { membersByName } from "../roster.ts";
import { printable } from "../terminal/printable.ts";
import { bold } from "../terminal/terminal.ts";
import type { TextKey } from "../texts/texts.ts";
import { allowedCommands, type Chat, ownRoles } from "./chat.ts";
import type { CommandName } from "./chat-commands.ts";
import { readNumbered } from "./input.ts";

/** Shows something. @returns `false` where something is missing behind the command. */
type Showing = (rest: string, chat: Chat) => boolean | Promise<boolean>;

/** The commands that only show something. */
export const SHOWINGS: Partial<Readonly<Record<CommandName, Showing>>> = {
  help: (_, chat) => {
    const { terminal, texts } = chat;
    for (const name of allowedCommands(chat)) {
      terminal.print(
        texts("command.usage", { usage: bold(texts(`command.${name}`)), does: texts(`command.${name}.does`) }),
      );
    }
    return true;
  },
  open: async (_, chat) => {
    await chat.questions.refresh();
    showOpen(chat);
    return true;
  },
  members: (_, { topic, terminal, texts }) => {
    for (const member of membersByName(topic)) {
      const name = nameText(member, topic.self?.id, texts);
      terminal.print(`  ${bold(name)}  ${rolesText(member.roles, texts)}  ${presenceText(member, texts)}`);
    }
    return true;
  },
  presence: (_, { topic, terminal, texts }) => {
    for (const member of membersByName(topic)) {
      terminal.print(`  ${bold(nameText(member, topic.self?.id, texts))}  ${presenceText(member, texts)}`);
    }
    return true;
  },
  search: showFound,
  delivered: showDeliveries,
  whoami: (_, chat) => {
    const { client, topic, terminal, texts } = chat;
    const capabilities = topic.self?.capabilities.map((one) => texts(`capability.${one}`)).join(", ");
    const values = { name: printable(client.user.name), roles: ownRoles(chat, texts) };
    terminal.print(texts("whoami.line", { ...values, capabilities: capabilities || texts("whoami.nothing") }));
    return true;
  },
};

function showOpen({ topic, terminal, texts, questions }: Chat): void {
  const toAnswer = questions.of("toAnswer");
  const mine = questions.of("mine");
  const others = questions.of("open").filter((one) => !toAnswer.includes(one) && !mine.includes(one));
  const show = (title: TextKey, list: typeof toAnswer): void => {
    if (list.length > 0) terminal.print(texts(title));
    for (const question of list) terminal.print(`  ${questionLine(question, texts)}`);
  };
  if (toAnswer.length + mine.length + others.length === 0) terminal.print(texts("open.none"));
  show("open.toAnswer", toAnswer);
  show("open.mine", mine);
  show("open.others", others);
  for (const pair of topic.waiting) terminal.print(waitingLine(pair, topic.self?.id ?? "", texts));
}

/** So many messages are shown of what was found. */
const FOUND = 20;

async function showFound(query: string, { topic, terminal, texts }: Chat): Promise<boolean> {
  if (query.trim() === "") return false;
  let count = 0;
  for await (const { message } of topic.search({ text: query, limit: FOUND })) {
    terminal.print(`  ${foundLine(message, query, texts)}`);
    count += 1;
  }
  if (count === 0) terminal.print(texts("search.none"));
  if (count === FOUND) terminal.print(texts("search.more", { count }));
  return true;
}

async function showDeliveries(rest: string, { topic, terminal, texts }: Chat): Promise<boolean> {
  const read = readNumbered(rest);
  if (read === undefined) return false;
  const { seq } = read;
  const receipts = (await topic.deliveries({ seq })).filter(({ member }) => member.id !== topic.self?.id);
  for (const { member, at } of receipts) {
    terminal.print(`  ${texts("delivered.by", { seq, name: printable(member.name), at: localTime(at) })}`);
  }
  if (receipts.length === 0) terminal.print(`  ${texts("delivered.nobody", { seq })}`);
  return true;
}
