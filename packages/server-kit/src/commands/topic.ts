import { createTopic } from "@redroom/sdk";
import type { TopicStore, TopicSummary } from "@redroom/sdk/store";
import type { Command } from "commander";
import { withStore } from "../data-folder.ts";
import { print, printJson } from "../output.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";

export function addTopic(program: Command): void {
  const topic = program.command("topic").description("topics; also while the server runs");
  topic
    .command("create")
    .description("add a topic")
    .argument("<title>")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(create);
  topic.command("list").description("all topics").addOption(dataOption()).addOption(jsonOption()).action(list);
}

async function create(wanted: string, { data, json }: DataOptions): Promise<void> {
  const { id, title } = await withStore(data, (store) => createTopic(store, wanted));
  await (json ? printJson({ id, title }) : print(`Created the topic "${title}".`));
}

async function list({ data, json }: DataOptions): Promise<void> {
  await withStore(data, async (store) => {
    for await (const { id, title, createdAt, head } of allTopics(store)) {
      const since = new Date(createdAt).toISOString();
      const shown = json
        ? printJson({ id, title, createdAt: since, entries: head.seq })
        : print(`${since.slice(0, 10)}  ${String(head.seq).padStart(8)}  ${title}`);
      if (!(await shown)) return;
    }
  });
}

export async function* allTopics(store: TopicStore): AsyncGenerator<TopicSummary> {
  const limit = 256;
  let after: string | undefined;
  while (true) {
    const page = await store.listTopics({ after, limit });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < limit) return;
  }
}
