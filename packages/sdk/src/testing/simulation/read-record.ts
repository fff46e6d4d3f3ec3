import { parseContent, parseLeaf } from "../../evidence/leaf.ts";
import type { Person, TopicStore, TopicSummary } from "../../store/topic-store.ts";
import type { RecordedEntry, RecordedState } from "./history.ts";

type NameOf = (pseudonym: string) => string;

const nameIn =
  (people: ReadonlyMap<string, Person>): NameOf =>
  (pseudonym) =>
    people.get(pseudonym)?.name ?? "?";

/** The log of a topic as the store has it, with names for pseudonyms. */
export async function readRecord(store: TopicStore, title: string): Promise<RecordedEntry[]> {
  const topic = await find(store, title);
  const nameOf = nameIn(await store.people(topic.id));
  const entries = await store.read(topic.id, { from: 1, limit: 10_000, maxBytes: Number.MAX_SAFE_INTEGER });
  return entries.map(({ leaf, content }) => {
    const fields = parseLeaf(leaf);
    if (fields === undefined) throw new TypeError(`the store returned the leaf ${leaf}`);
    const { seq, id, kind, by, to = [], re, asked, due, at, commitment } = fields;
    const text = parseContent(content ?? "") ?? "";
    const names = { author: nameOf(by), to: to.map(nameOf), asked: asked?.map(nameOf) };
    return { seq, id, kind, ...names, text, re, leaf, due, at, commitment };
  });
}

/** What the store keeps beside the log. */
export async function readState(store: TopicStore, title: string): Promise<RecordedState> {
  const topic = await find(store, title);
  const nameOf = nameIn(await store.people(topic.id));
  const { state } = await store.head(topic.id);
  const questions = await store.questions(topic.id, { limit: 10_000 });
  return {
    regulated: topic.regulated,
    members: new Map([...state.members].map(([one, roles]) => [nameOf(one), roles])),
    sealed: [...state.sealed.keys()],
    questions: questions.map(({ entry: { seq }, state: stands, asked }) => ({
      seq,
      state: stands,
      asked: asked?.map(nameOf),
    })),
  };
}

async function find(store: TopicStore, title: string): Promise<TopicSummary> {
  const topic = await store.findTopic({ title });
  if (topic === undefined) throw new TypeError(`the store has no topic ${title}`);
  return topic;
}
