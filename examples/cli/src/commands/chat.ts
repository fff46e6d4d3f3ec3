import type { RedRoomClient, Topic, TopicListing } from "@redroom/sdk";
import { type Chat, mayUse, PROMPT } from "../chat/chat.ts";
import { type Completed, complete, completeFrom } from "../chat/completion.ts";
import { askForConsent } from "../chat/consent.ts";
import { hintFor } from "../chat/hint.ts";
import { OpenQuestions } from "../chat/open-questions.ts";
import { runLine } from "../chat/run-line.ts";
import { showEvents } from "../chat/show-events.ts";
import { type ConnectionOptions, connect } from "../connect.ts";
import type { Context } from "../context.ts";
import { Conversation } from "../conversation.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { CommandFailure, usageFailure } from "../failure.ts";
import { onSignal } from "../signals.ts";
import { cut } from "../terminal/layout.ts";
import { printable } from "../terminal/printable.ts";
import { dim, Terminal } from "../terminal/terminal.ts";
import type { Texts } from "../texts/texts.ts";

export interface ChatOptions extends ConnectionOptions {
  readonly topic?: string;
}

/** So much of the history is shown at the start. */
const HISTORY = 20;

/** A conversation in a terminal. Nothing of it is written anywhere but to the screen. */
export async function chat(address: string, options: ChatOptions, context: Context): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) throw usageFailure("failure.noTerminal");
  await using client = await connect(address, options, context);
  using terminal = new Terminal(process.stdin, process.stdout);
  client.on("closed", (cause) => terminal.stop(cause));
  using _signals = onSignal(() => terminal.stop());
  await askForConsent(client, terminal, context.texts);
  await converse(client, terminal, options, context.texts);
}

async function converse(client: RedRoomClient, terminal: Terminal, options: ChatOptions, texts: Texts): Promise<void> {
  const topics = await client.topics();
  const title = options.topic ?? (await chooseTopic(topics, terminal, texts));
  if (title === undefined) return;
  const topic = client.topic(title);
  const conversation = new Conversation(() => ({ id: topic.self?.id ?? "", name: client.user.name }), terminal, texts);
  const questions = new OpenQuestions(topic, () => terminal.update());
  showEvents({ client, topic, terminal, texts, questions, conversation });
  const known = topics.find((listed) => listed.title === topic.title);
  await topic.open({ from: Math.max(1, (known?.head ?? 0) - HISTORY + 1) });
  void questions.refresh();

  const around = surroundings({ client, topic, terminal, texts, questions }, conversation);
  const joined: Chat = { client, topic, terminal, texts, questions, around };
  terminal.show(PROMPT, around);
  for (let line = await terminal.line(); line !== undefined; line = await terminal.line()) {
    if (await runLine(line, joined)) break;
  }
  await leave(client, topic, conversation, terminal, texts);
}

async function leave(
  client: RedRoomClient,
  topic: Topic,
  conversation: Conversation,
  terminal: Terminal,
  texts: Texts,
): Promise<void> {
  if (topic.unstored > 0) terminal.print(texts("chat.leaving"));
  const failedBefore = conversation.failed;
  await client.close();
  conversation.end();
  const count = conversation.failed - failedBefore;
  if (count > 0) throw new CommandFailure(EXIT_CODES.connectionLost, "failure.notStored", { count });
  terminal.show("");
  terminal.print(texts("chat.bye"));
}

/** Above the line: what is on its way, and what can be typed next. Tab completes, and shows what there is to choose from. */
function surroundings(chat: Omit<Chat, "around">, conversation: Conversation): Chat["around"] {
  const { topic, questions, terminal } = chat;
  const others = () => topic.members.filter(({ id }) => id !== topic.self?.id).map(({ name }) => name);
  return {
    above: (columns, typed) => [...conversation.own(columns), dim(cut(`  ${hintFor(typed, chat)}`, columns))],
    complete: (before) => {
      const completed = complete(before, {
        isAllowed: (command) => mayUse(chat, command),
        names: others,
        numbers: (which) => questions.of(which).map(({ message }) => message.seq),
      });
      return shown(completed, terminal);
    },
  };
}

/** What stands before the cursor from now on; what there is to choose from is printed. */
function shown({ before, candidates }: Completed, terminal: Terminal): string {
  if (candidates.length > 0) terminal.print(dim(`  ${candidates.map(printable).join("  ")}`));
  return before;
}

/** @returns `undefined` when the person wants to leave instead. */
async function chooseTopic(
  topics: readonly TopicListing[],
  terminal: Terminal,
  texts: Texts,
): Promise<string | undefined> {
  const count = topics.length;
  if (count === 0) throw new CommandFailure(EXIT_CODES.topicUnknown, "failure.noTopics");
  for (const [index, { title }] of topics.entries()) {
    terminal.print(`${String(index + 1).padStart(4)}  ${printable(title)}`);
  }
  const titles = topics.map(({ title }) => title);
  terminal.show(texts("chat.choose", { count }), {
    above: (columns) => [dim(cut(`  ${texts("hint.topic")}`, columns))],
    complete: (before) => shown(completeFrom(titles, before), terminal),
  });
  for (let line = await terminal.line(); line !== undefined; line = await terminal.line()) {
    const chosen = /^\s*[0-9]+\s*$/.test(line) ? topics[Number(line) - 1] : undefined;
    if (chosen !== undefined) return chosen.title;
    if (titles.includes(line.trim())) return line.trim();
    if (line.trim() === "/quit") return undefined;
    terminal.print(texts("chat.chooseAgain", { count }));
  }
  return undefined;
}
