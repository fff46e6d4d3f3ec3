import type { RedRoomClient, Topic, TopicListing } from "@redroom/sdk";
import { type ConnectionOptions, connect } from "../connect.ts";
import { connectionLine } from "../connection-line.ts";
import type { Context } from "../context.ts";
import { Conversation } from "../conversation.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { CommandFailure, explain, usageFailure } from "../failure.ts";
import { onSignal } from "../signals.ts";
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
  await converse(client, terminal, options, context.texts);
}

async function converse(client: RedRoomClient, terminal: Terminal, options: ChatOptions, texts: Texts): Promise<void> {
  const topics = await client.topics();
  const title = options.topic ?? (await chooseTopic(topics, terminal, texts));
  if (title === undefined) return;

  const conversation = new Conversation(client.user.name, terminal, texts);
  client.on("message", ({ message }) => conversation.arrived(message));
  client.on("withheld", ({ seq }) => conversation.withheld(seq));
  client.on("outgoing", ({ sending }) => conversation.changed(sending));
  client.on("delivered", () => terminal.update());
  client.on("state", (change) => {
    const line = connectionLine(change, texts);
    if (line !== undefined) terminal.print(dim(`— ${line} —`));
  });
  const known = topics.find((topic) => topic.title === title.normalize("NFC"));
  if (known !== undefined) {
    terminal.print(texts("chat.welcome", { topic: printable(known.title), user: printable(client.user.name) }));
  }
  const topic = await client.topic(title).open({ from: Math.max(1, (known?.head ?? 0) - HISTORY + 1) });
  terminal.show("> ", (columns) => conversation.own(columns));

  await readLines(topic, terminal, texts);
  if (topic.unstored > 0) terminal.print(texts("chat.leaving"));
  const failedBefore = conversation.failed;
  await client.close();
  conversation.end();
  const count = conversation.failed - failedBefore;
  if (count > 0) throw new CommandFailure(EXIT_CODES.connectionLost, "failure.notStored", { count });
  terminal.show("");
  terminal.print(texts("chat.bye"));
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
  terminal.show(texts("chat.choose", { count }));
  for (let line = await terminal.line(); line !== undefined; line = await terminal.line()) {
    const chosen = /^\s*[0-9]+\s*$/.test(line) ? topics[Number(line) - 1] : undefined;
    if (chosen !== undefined) return chosen.title;
    if (line.trim() === "/quit") return undefined;
    terminal.print(texts("chat.chooseAgain", { count }));
  }
  return undefined;
}

/** Until the person leaves. */
async function readLines(topic: Topic, terminal: Terminal, texts: Texts): Promise<void> {
  for (let line = await terminal.line(); line !== undefined; line = await terminal.line()) {
    const command = /^\/(?!\/)\S*/.exec(line)?.[0];
    if (command === "/quit") return;
    if (command === "/help") terminal.print(texts("chat.help"));
    else if (command !== undefined) terminal.print(texts("chat.unknownCommand", { command: printable(command) }));
    else if (line.trim() !== "") say(line.replace(/^\/\//, "/"), topic, terminal, texts);
  }
}

function say(text: string, topic: Topic, terminal: Terminal, texts: Texts): void {
  try {
    topic.send(text).then(undefined, () => {}); // the conversation shows what becomes of it
  } catch (thrown) {
    terminal.print(printable(explain(thrown, texts).sentence));
    terminal.giveBack(text);
  }
}
