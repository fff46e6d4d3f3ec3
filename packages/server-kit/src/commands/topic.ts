import { createTopic, type Policy, RedRoomError, setRoles } from "@redroom/sdk";
import type { TopicStore, TopicSummary } from "@redroom/sdk/store";
import type { Command } from "commander";
import { DEFAULT_CONFIG, policyOf, readConfig } from "../config.ts";
import { requireInitialised, withStore } from "../data-folder.ts";
import { OPERATOR } from "../operator-entry.ts";
import { print, printJson } from "../output.ts";
import { membershipOf, membersOf, readMember, topicCalled, type WantedMember } from "./membership.ts";
import { type DataOptions, dataOption, jsonOption } from "./options.ts";

interface CreateOptions extends DataOptions {
  readonly regulated?: boolean;
  readonly member?: readonly WantedMember[];
}

export function addTopic(program: Command): void {
  const topic = program.command("topic").description("topics and who belongs to them; also while the server runs");
  const add = (words: string, description: string): Command =>
    topic.command(words).description(description).addOption(dataOption()).addOption(jsonOption());
  add("create <title>", "add a topic")
    .option("--regulated", "answers are exchanged one for the other; it stays so")
    .option("--member <name:roles>", "somebody who belongs to it, with roles joined by commas; repeatable", readMember)
    .action(create);
  add("list", "all topics").action(list);
  add("members <topic>", "who belongs to a topic, and as what").action(members);
  add("role <topic> <name> [roles...]", "give somebody exactly these roles in a topic; none: removes them").action(
    role,
  );
}

async function create(wanted: string, { data, json, regulated = false, member = [] }: CreateOptions): Promise<void> {
  const policy = await policyIn(data);
  await withStore(data, async (store) => {
    // Nothing is made where somebody is refused.
    const memberships = await Promise.all(member.map((one) => membershipOf(one, store.users, policy)));
    const { id, title } = await createTopic(store, wanted, { regulated });
    for (const membership of memberships) await setRoles(store, id, membership, { by: OPERATOR, policy });
    const people = memberships.map((one) => ({ name: one.member.name, roles: one.roles }));
    await (json
      ? printJson({ id, title, regulated, members: people })
      : print(`Created the topic "${title}".${people.length > 0 ? "" : " Nobody belongs to it yet."}`));
  });
}

async function list({ data, json }: DataOptions): Promise<void> {
  await withStore(data, async (store) => {
    for await (const { id, title, createdAt, regulated, head } of allTopics(store)) {
      const since = new Date(createdAt).toISOString();
      const kind = (regulated ? "regulated" : "").padEnd(9);
      const shown = json
        ? printJson({ id, title, createdAt: since, regulated, entries: head.seq })
        : print(`${since.slice(0, 10)}  ${String(head.seq).padStart(8)}  ${kind}  ${title}`);
      if (!(await shown)) return;
    }
  });
}

async function members(wanted: string, { data, json }: DataOptions): Promise<void> {
  await withStore(data, async (store) => {
    const { id: topicId } = await topicCalled(wanted, store);
    const all = await membersOf(topicId, store);
    const width = Math.max(...all.map(({ name }) => name.length));
    for (const { id, name, roles } of all) {
      const shown = json ? printJson({ id, name, roles }) : print(`${name.padEnd(width)}  ${roles.join(", ")}`);
      if (!(await shown)) return;
    }
  });
}

async function role(topic: string, name: string, roles: readonly string[], { data, json }: DataOptions): Promise<void> {
  const policy = await policyIn(data);
  await withStore(data, async (store) => {
    const { id, title } = await topicCalled(topic, store);
    const membership = await membershipOf({ name, roles }, store.users, policy);
    const { member } = membership;
    if (roles.length === 0) await requireMember(member.id, name, id, store);
    await setRoles(store, id, membership, { by: OPERATOR, policy });
    const said =
      roles.length > 0
        ? `${member.name} is ${roles.join(", ")} in "${title}" now.`
        : `${member.name} does not belong to "${title}" any more.`;
    await (json ? printJson({ topic: id, name: member.name, roles }) : print(said));
  });
}

/** A name that was mistaken for another is not to look as if it had worked. */
async function requireMember(userId: string, name: string, topicId: string, store: TopicStore): Promise<void> {
  const people = await store.people(topicId);
  const all = await membersOf(topicId, store);
  if (all.some(({ id }) => people.get(id)?.id === userId)) return;
  throw new RedRoomError("USER_UNKNOWN", `unable to remove "${name}"; they do not belong to the topic`, {
    remedy: "see redroom-server topic members",
  });
}

/** What the server of this data folder goes by. */
export async function policyIn(data: string): Promise<Policy> {
  return policyOf((await readConfig(requireInitialised(data).config)) ?? DEFAULT_CONFIG);
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
