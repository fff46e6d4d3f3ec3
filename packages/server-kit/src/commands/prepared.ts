import { readFile } from "node:fs/promises";
import { placeholdersOf, RedRoomError } from "@redroom/sdk";
import type { SqliteStore } from "@redroom/sdk/sqlite";
import type { PreparedMessage, TopicSummary } from "@redroom/sdk/store";
import type { Command } from "commander";
import { withStore } from "../data-folder.ts";
import { print, printJson } from "../output.ts";
import { parsePrepared } from "../prepared-file.ts";
import { topicCalled } from "./membership.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";
import { allTopics } from "./topic.ts";

interface PreparedOptions extends DataOptions {
  readonly topic?: string;
}

const EXAMPLE = `
A file has a heading for each message, and its text below:

  ## question: Provisions
  How high are the provisions on {date}?

  ## answer
  We will answer by {date}.

Kinds are question, answer, note (or Frage, Antwort, Notiz). {date} is a placeholder that
the writer fills; {{ and }} stand for braces.`;

export function addPrepared(program: Command): void {
  const prepared = program.command("prepared").description("messages to choose from; also while the server runs");
  const withOptions = (command: Command, topic: string): Command =>
    command.addOption(dataOption()).option("--topic <topic>", topic).addOption(jsonOption());
  withOptions(prepared.command("import").argument("<file>"), "for this topic only: its title or id")
    .description("replace the messages of the server, or of a topic, with those of a file")
    .addHelpText("after", EXAMPLE)
    .action(importFile);
  withOptions(prepared.command("clear"), "those of this topic: its title or id")
    .description("remove the messages of the server, or of a topic")
    .action(clear);
  withOptions(prepared.command("list"), "only what this topic offers: its own and the server's")
    .description("all messages, with their placeholders")
    .action(list);
}

async function importFile(file: string, { data, topic: wanted, json }: PreparedOptions): Promise<void> {
  const messages = parsePrepared(await readText(file));
  await withStore(data, async (store) => {
    const topic = await findTopic(store, wanted);
    await store.prepared.replace(topic?.id, messages);
    const count = messages.length;
    if (json) await printJson({ topic: topic?.id, messages: count });
    else await print(`Imported ${count} prepared ${count === 1 ? "message" : "messages"} for ${nameOf(topic)}.`);
  });
}

async function clear({ data, topic: wanted, json }: PreparedOptions): Promise<void> {
  await withStore(data, async (store) => {
    const topic = await findTopic(store, wanted);
    await store.prepared.replace(topic?.id, []);
    await (json ? printJson({ topic: topic?.id, messages: 0 }) : print(`Removed the messages of ${nameOf(topic)}.`));
  });
}

async function list({ data, topic: wanted, json }: PreparedOptions): Promise<void> {
  await withStore(data, async (store) => {
    const topic = await findTopic(store, wanted);
    for await (const [title, message] of topic ? messagesOf(store, topic) : allMessages(store)) {
      if (!(await (json ? printJson(factsOf(message)) : print(lineOf(title, message))))) return;
    }
  });
}

async function* messagesOf(store: SqliteStore, topic: TopicSummary) {
  for (const message of await store.prepared.list(topic.id)) {
    yield [message.topic && topic.title, message] as const;
  }
}

/** The server's once, and behind them those of each topic. */
async function* allMessages(store: SqliteStore) {
  for (const message of await store.prepared.list(undefined)) yield [undefined, message] as const;
  for await (const { id, title } of allTopics(store)) {
    for (const message of await store.prepared.list(id)) if (message.topic === id) yield [title, message] as const;
  }
}

const factsOf = ({ id, topic, kind, title, text }: PreparedMessage) => ({
  id,
  topic,
  kind,
  title,
  text,
  placeholders: placeholdersOf(text),
});

const lineOf = (topic: string | undefined, { kind, title, text }: PreparedMessage): string =>
  [kind.padEnd(8), topic === undefined ? "(all topics)" : `"${topic}"`, title, text.replace(/\s+/g, " ")]
    .filter(Boolean)
    .join("  ");

const nameOf = (topic: TopicSummary | undefined): string => (topic === undefined ? "all topics" : `"${topic.title}"`);

const findTopic = async (store: SqliteStore, wanted: string | undefined): Promise<TopicSummary | undefined> =>
  wanted === undefined ? undefined : topicCalled(wanted, store);

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    const reason = cause instanceof TypeError ? "it is not UTF-8 text" : (cause as Error).message;
    throw new RedRoomError("OPTIONS_INVALID", `unable to read the file ${file}; ${reason}`, { cause });
  }
}
