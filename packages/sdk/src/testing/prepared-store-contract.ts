import assert from "node:assert/strict";
import { randomId } from "../base/id.ts";
import type { PreparedDraft, PreparedStore } from "../store/prepared-store.ts";
import type { TopicStore } from "../store/topic-store.ts";
import { newTopic, rejectsWith } from "./store-entries.ts";
import type { TestRunner } from "./transport-world.ts";

export interface PreparedStoreUnderTest extends AsyncDisposable {
  /** Open and empty. */
  readonly store: TopicStore & { readonly prepared: PreparedStore };
  /** Closes the store and opens what it left behind, as a new process would. */
  reopen(): Promise<TopicStore & { readonly prepared: PreparedStore }>;
}

/** Holds a store of prepared messages to its contract (`prepared-store.ts`); called like `topicStoreContract`. */
export function preparedStoreContract(
  name: string,
  open: () => Promise<PreparedStoreUnderTest>,
  { describe, it }: TestRunner,
): void {
  describe(`${name} keeps the contract of prepared messages`, () => {
    it("lists the server's and then the topic's, in the order given, also when opened again", async () => {
      await using world = await open();
      const { store } = world;
      const [topic, other] = [await newTopic(store), await newTopic(store)];
      assert.deepEqual(await store.prepared.list(topic.id), []);
      await store.prepared.replace(topic.id, [TITLED, PLAIN]);
      await store.prepared.replace(undefined, [NOTE, PLAIN]);
      for (const opened of [async () => store, () => world.reopen()]) {
        const { prepared } = await opened();
        const all = await prepared.list(topic.id);
        const of = { topic: topic.id };
        assert.deepEqual(all.map(withoutId), [NOTE, PLAIN, { ...TITLED, ...of }, { ...PLAIN, ...of }]);
        assert.equal(new Set(all.map(({ id }) => id)).size, 4);
        for (const { id } of all) assert.match(id, /^[A-Za-z0-9_-]{22}$/);
        assert.deepEqual((await prepared.list(undefined)).map(withoutId), [NOTE, PLAIN]);
        assert.deepEqual((await prepared.list(other.id)).map(withoutId), [NOTE, PLAIN]);
      }
    });

    it("replaces all of one pool, and nothing of another", async () => {
      await using world = await open();
      const { prepared } = world.store;
      const topic = await newTopic(world.store);
      await prepared.replace(undefined, [NOTE]);
      await prepared.replace(topic.id, [TITLED, PLAIN]);
      await prepared.replace(topic.id, [PLAIN]);
      assert.deepEqual((await prepared.list(topic.id)).map(withoutId), [NOTE, { ...PLAIN, topic: topic.id }]);
      await prepared.replace(undefined, []);
      assert.deepEqual((await prepared.list(topic.id)).map(withoutId), [{ ...PLAIN, topic: topic.id }]);
    });

    it("knows nothing of a topic that is not there, and does nothing once closed", async () => {
      await using world = await open();
      const { store } = world;
      await rejectsWith("TOPIC_UNKNOWN", store.prepared.list(randomId()));
      await rejectsWith("TOPIC_UNKNOWN", store.prepared.replace(randomId(), [NOTE]));
      await store.prepared.replace(undefined, [NOTE]);
      await store.close();
      await rejectsWith("STORE_CLOSED", store.prepared.list(undefined));
      await rejectsWith("STORE_CLOSED", store.prepared.replace(undefined, []));
      assert.equal((await (await world.reopen()).prepared.list(undefined)).length, 1);
    });
  });
}

const TITLED: PreparedDraft = {
  kind: "question",
  title: "Rückstellungen",
  text: "Wie hoch sind sie am {Stichtag}?\n\n🏦",
};
const PLAIN: PreparedDraft = { kind: "answer", text: "We will answer by {date}." };
const NOTE: PreparedDraft = { kind: "note", text: "x".repeat(65_536) };

const withoutId = ({ id: _, ...message }: { readonly id: string }) => message;
