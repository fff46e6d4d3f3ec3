import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EntryKind } from "../../src/base/message-kind.ts";
import type { LeafFields } from "../../src/evidence/leaf.ts";
import { emptyState } from "../../src/rules/topic-state.ts";
import { type Appended, type EntryKey, type Head, memoryStore, type TopicStore } from "../../src/store.ts";
import { draftOf, newTopic, statesOf, textsOf } from "../../src/testing/store-entries.ts";
import { openStore } from "./sqlite-files.ts";

interface Step {
  readonly topic: number;
  readonly author: number;
  readonly id: number;
  readonly throws: boolean;
  readonly kind: EntryKind;
  /** What an entry refers to that changes another. */
  readonly re: number;
  /** How many turns pass before the next call. */
  readonly turns: number;
  readonly wait: boolean;
  readonly store: number;
}

const steps = fc.array(
  fc.record<Step>({
    topic: fc.nat(2),
    author: fc.nat(1),
    id: fc.nat(9),
    throws: fc.nat(9).map((number) => number === 0),
    kind: fc.constantFrom<EntryKind>(
      "note",
      "membership",
      "question",
      "answer",
      "correction",
      "withdrawal",
      "closing",
      "reveal",
    ),
    re: fc.nat(9).map((number) => number + 1),
    turns: fc.nat(2),
    wait: fc.boolean(),
    store: fc.nat(1),
  }),
  { maxLength: 40, size: "max" },
);

/** Authors, members and askers are the same two, so that much is answered. What refers to nothing before it is a note. */
function fieldsOf({ author, kind, re }: Step, { seq }: Head, regulated: boolean): Partial<LeafFields> {
  const other = [`author-${1 - author}`];
  if (kind === "membership") return { kind, to: other };
  if (kind === "question") return { kind, ...(regulated && { asked: other }) };
  if (kind === "note" || re > seq) return {};
  return { kind, to: other, re };
}

/** The first topic of each is regulated. */
async function newTopics(store: TopicStore): Promise<string[]> {
  const ids: string[] = [];
  for (const regulated of [true, false, false]) ids.push((await newTopic(store, undefined, regulated)).id);
  return ids;
}

/** Appends as the steps say, without waiting for the results. */
async function play(stores: readonly TopicStore[], topics: readonly string[], all: readonly Step[]) {
  const results: Promise<Appended | "thrown">[] = [];
  for (const [number, step] of all.entries()) {
    const { topic, author, id, throws, turns, wait, store } = step;
    const topicId = topics[topic] ?? "";
    const key: EntryKey = { author: `author-${author}`, id: `id-${id}` };
    const result = stores[store % stores.length]?.append(topicId, key, (head) => {
      if (throws) throw "thrown";
      const text = `${key.author} ${key.id} by step ${number}`;
      return [draftOf(topicId, key, head, text, fieldsOf(step, head, topic === 0))];
    });
    if (result !== undefined)
      results.push(result.catch((error) => (error === "thrown" ? error : Promise.reject(error))));
    for (let count = 0; count < turns; count++) await turn();
    if (wait) await results.at(-1);
  }
  return Promise.all(results);
}

/** What one store must do: the first call of a key that builds something is stored, in call order. */
function model(all: readonly Step[]): {
  texts: string[][];
  results: ({ seq: number; duplicate: boolean } | "thrown")[];
} {
  const texts: string[][] = [[], [], []];
  const seqs = new Map<string, number>();
  const results = all.map(({ topic, author, id, throws }, number) => {
    const key = `${topic} ${author} ${id}`;
    const known = seqs.get(key);
    if (known !== undefined) return { seq: known, duplicate: true };
    if (throws) return "thrown";
    const seq = texts[topic]?.push(`author-${author} id-${id} by step ${number}`) ?? 0;
    seqs.set(key, seq);
    return { seq, duplicate: false };
  });
  return { texts, results };
}

const brief = (result: Appended | "thrown") =>
  result === "thrown" ? result : { seq: result.entries[0]?.seq ?? 0, duplicate: result.duplicate };

/** A call that throws for a key that is there already may do either: nothing is added in any case. */
function agree(
  all: readonly Step[],
  got: readonly (Appended | "thrown")[],
  wanted: ReturnType<typeof model>["results"],
) {
  for (const [number, result] of got.entries()) {
    if (result === "thrown" && all[number]?.throws) continue;
    expect(brief(result)).toEqual(wanted[number]);
  }
}

/** The head, as each call was told it and as the store gives it, is what the entries lead to. */
async function agreeOnStates(
  stores: readonly TopicStore[],
  topics: readonly string[],
  all: readonly Step[],
  got: readonly (Appended | "thrown")[],
) {
  for (const [index, topic] of topics.entries()) {
    const states = await statesOf(stores[0] as TopicStore, topic, index === 0);
    for (const [number, result] of got.entries()) {
      if (all[number]?.topic !== index || result === "thrown" || result.duplicate) continue;
      const seq = result.entries.at(-1)?.seq ?? 0;
      expect(result.head).toEqual({ seq, state: states[seq - 1] });
    }
    const head = { seq: states.length, state: states.at(-1) ?? emptyState(index === 0) };
    for (const store of stores) expect(await store.head(topic)).toEqual(head);
  }
}

describe("appending, whatever the order and the repetitions", () => {
  it("does what the model does, in memory", async () => {
    const store = memoryStore();
    await store.open();
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const topics = await newTopics(store);
        const { texts, results } = model(all);
        const got = await play([store], topics, all);
        agree(all, got, results);
        await agreeOnStates([store], topics, all, got);
        for (const [index, topic] of topics.entries()) expect(await textsOf(store, topic)).toEqual(texts[index]);
      }),
      { numRuns: 300 },
    );
  });

  it("does what the model does, in SQLite", async () => {
    await using world = await openStore();
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { store } = world;
        const topics = await newTopics(store);
        const { texts, results } = model(all);
        const got = await play([store], topics, all);
        agree(all, got, results);
        await agreeOnStates([store], topics, all, got);
        for (const [index, topic] of topics.entries()) expect(await textsOf(store, topic)).toEqual(texts[index]);
      }),
      { numRuns: 40 },
    );
  });

  it("loses, doubles and reorders nothing when two stores write to one file", async () => {
    await using world = await openStore();
    const stores = [world.store, await world.another()];
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const topics = await newTopics(world.store);
        const results = await play(stores, topics, all);
        await agreeOnStates(stores, topics, all, results);
        const seen = new Map<string, string>();
        for (const [number, result] of results.entries()) {
          const { topic = 0, author, id, throws } = all[number] ?? {};
          if (result === "thrown") expect(throws).toBe(true);
          else {
            const [entry] = result.entries;
            const key = `${topic} ${author} ${id}`;
            expect(entry?.leaf).toBe(seen.get(key) ?? entry?.leaf);
            seen.set(key, entry?.leaf ?? "");
          }
        }
        for (const [index, topic] of topics.entries()) {
          const texts = await textsOf(stores[index % 2] ?? world.store, topic);
          const keys = texts.map((text) => text.split(" by ")[0]);
          expect(new Set(keys).size).toBe(texts.length);
          expect(texts.length).toBe([...seen.keys()].filter((key) => key.startsWith(`${index} `)).length);
          for (const which of [0, 1]) {
            const numbers = texts.map((text) => Number(text.split("step ")[1])).filter((n) => all[n]?.store === which);
            expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
