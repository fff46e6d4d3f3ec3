import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { randomId } from "../base/id.ts";
import type { Appended, EntryDraft, Head, StoredEntry } from "../store/topic-store.ts";
import { draftOf, newKey, newTopic, rejectsWith, say, textsOf } from "./store-entries.ts";
import { evidenceContract, type TopicStoreUnderTest } from "./topic-store-contract-evidence.ts";
import { searchContract } from "./topic-store-contract-search.ts";
import { stateContract } from "./topic-store-contract-state.ts";
import type { TestRunner } from "./transport-world.ts";

export type { TopicStoreUnderTest } from "./topic-store-contract-evidence.ts";

/**
 * Holds a store to its contract (`topic-store.ts`).
 *
 * @example
 * topicStoreContract("the SQLite store", openInNewFolder, { describe, it });
 */
export function topicStoreContract(
  name: string,
  open: () => Promise<TopicStoreUnderTest>,
  { describe, it }: TestRunner,
): void {
  describe(`${name} keeps the contract of topics`, () => {
    it("finds a topic by id and by title, compared exactly", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store, "Vermögensübertragung: Share Deal Szenario");
      const summary = { ...topic, head: { seq: 0 } };
      assert.deepEqual(await store.findTopic({ id: topic.id }), summary);
      assert.deepEqual(await store.findTopic({ title: topic.title }), summary);
      assert.equal(await store.findTopic({ title: topic.title.toLowerCase() }), undefined);
      assert.equal(await store.findTopic({ title: topic.title.normalize("NFD") }), undefined);
      assert.equal(await store.findTopic({ id: randomId() }), undefined);
    });

    it("keeps titles unique", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store, "Share Deal");
      await rejectsWith("TOPIC_EXISTS", newTopic(store, "Share Deal"));
      await rejectsWith("TOPIC_EXISTS", store.createTopic({ ...topic, title: "Another" }));
      const twice = await Promise.allSettled([newTopic(store, "Asset Deal"), newTopic(store, "Asset Deal")]);
      assert.deepEqual(twice.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
      assert.equal((await store.listTopics({ limit: 10 })).length, 2);
    });

    it("lists topics page by page in the order of their creation", async () => {
      await using world = await open();
      const { store } = world;
      const titles = ["c", "a", "b", "e", "d"];
      const ids: string[] = [];
      for (const title of titles) ids.push((await newTopic(store, title)).id);
      const titlesOf = async (page: { after?: string | undefined; limit: number }) =>
        (await store.listTopics(page)).map(({ title }) => title);
      assert.deepEqual(await titlesOf({ limit: 2 }), ["c", "a"]);
      assert.deepEqual(await titlesOf({ after: ids[1], limit: 2 }), ["b", "e"]);
      assert.deepEqual(await titlesOf({ after: ids[3], limit: 2 }), ["d"]);
      assert.deepEqual(await titlesOf({ after: ids[4], limit: 2 }), []);
      await rejectsWith("TOPIC_UNKNOWN", store.listTopics({ after: randomId(), limit: 2 }));
    });

    it("gives a person one random pseudonym in a topic, for ever", async () => {
      await using world = await open();
      const one = await newTopic(world.store);
      const two = await newTopic(world.store);
      const anna = { id: randomId(), name: "anna" };
      const asked = await Promise.all([1, 2, 3].map(() => world.store.pseudonym(one.id, anna)));
      const store = await world.reopen();
      const pseudonyms = new Set([...asked, await store.pseudonym(one.id, anna)]);
      assert.equal(pseudonyms.size, 1);
      assert.match([...pseudonyms].join(), /^[A-Za-z0-9_-]{22}$/);
      assert.notEqual(await store.pseudonym(two.id, anna), asked[0]);
      assert.notEqual(await store.pseudonym(one.id, { id: randomId(), name: "anna" }), asked[0]);
      await rejectsWith("TOPIC_UNKNOWN", store.pseudonym(randomId(), anna));
    });

    it("keeps a directory of people with their present names for each topic", async () => {
      await using world = await open();
      const { store } = world;
      const one = await newTopic(store);
      const two = await newTopic(store);
      const person = { id: randomId(), name: "anna" };
      const [first, second] = [await store.pseudonym(one.id, person), await store.pseudonym(two.id, person)];
      assert.deepEqual(await store.people(one.id), new Map([[first, person]]));
      const married = { ...person, name: "Anna Ängström" };
      await store.pseudonym(two.id, married);
      assert.deepEqual(await store.people(one.id), new Map([[first, married]]));
      assert.deepEqual(await store.people(two.id), new Map([[second, married]]));
      await rejectsWith("TOPIC_UNKNOWN", store.people(randomId()));
    });
  });

  describe(`${name} keeps the contract of entries`, () => {
    it("numbers entries densely, and gives back their very bytes, also when opened again", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const texts = ["a", "Prüfung €5 Mio. 🏦", "", "line\nline\u0000\u2028\ud800", "x".repeat(65_536)];
      const appended: StoredEntry[] = [];
      for (const text of texts) appended.push(...(await say(world.store, topic.id, text)).entries);
      assert.deepEqual(
        appended.map(({ seq }) => seq),
        [1, 2, 3, 4, 5],
      );
      const store = await world.reopen();
      const read = await store.read(topic.id, { from: 1, limit: 10 });
      assert.deepEqual(read.map(plain), appended.map(plain));
      assert.deepEqual(await textsOf(store, topic.id), texts);
      assert.deepEqual((await store.findTopic({ id: topic.id }))?.head, { seq: 5 });
    });

    it("takes many concurrent appends to several topics in call order", async () => {
      await using world = await open();
      const { store } = world;
      const topics = [await newTopic(store), await newTopic(store), await newTopic(store)];
      const texts = Array.from({ length: 300 }, (_, index) => `message ${index}`);
      const all = await Promise.all(texts.flatMap((text) => topics.map((topic) => say(store, topic.id, text))));
      assert.ok(all.every(({ duplicate }) => !duplicate));
      for (const topic of topics) assert.deepEqual(await textsOf(store, topic.id), texts);
    });

    it("adds the entries of one call together", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await say(store, topic.id, "first");
      const build = (head: Head): EntryDraft[] =>
        ["a", "b", "c"].map((text, index) =>
          draftOf(topic.id, keys[index] ?? newKey(), { seq: head.seq + index }, text),
        );
      const keys = [newKey(), newKey(), newKey()];
      const [three, after] = await Promise.all([
        store.append(topic.id, keys[0] ?? newKey(), build),
        say(store, topic.id, "last"),
      ]);
      assert.deepEqual(seqsOf(three), [2, 3, 4]);
      assert.deepEqual(seqsOf(after), [5]);
      assert.deepEqual(await textsOf(store, topic.id), ["first", "a", "b", "c", "last"]);
      for (const [index, key] of keys.entries()) {
        const again = await say(store, topic.id, "again", key);
        assert.deepEqual([again.duplicate, ...seqsOf(again)], [true, 2 + index]);
      }
    });

    it("stores a key once: later, at the same time, and after a restart", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const other = await newTopic(world.store);
      const key = newKey();
      await say(world.store, topic.id, "before");
      const together = await Promise.all([1, 2, 3].map((n) => say(world.store, topic.id, `version ${n}`, key)));
      assert.deepEqual(
        together.map(({ duplicate }) => duplicate),
        [false, true, true],
      );
      const store = await world.reopen();
      const later = await say(store, topic.id, "version 4", key);
      for (const { entries } of [...together, later]) {
        assert.deepEqual(entries.map(plain), together[0]?.entries.map(plain));
      }
      assert.equal(later.duplicate, true);
      assert.deepEqual(await textsOf(store, topic.id), ["before", "version 1"]);
      // The same id is another key for another author, and in another topic.
      assert.equal((await say(store, topic.id, "of another", { ...key, author: randomId() })).duplicate, false);
      assert.equal((await say(store, other.id, "elsewhere", key)).duplicate, false);
    });

    it("rejects a call whose build throws with what it threw, and no other", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      const thrown = new Error("not in this topic");
      const failing = () => {
        throw thrown;
      };
      const [before, failed, after] = await Promise.allSettled([
        say(store, topic.id, "before"),
        store.append(topic.id, newKey(), failing),
        say(store, topic.id, "after"),
      ]);
      assert.deepEqual([before.status, after.status], ["fulfilled", "fulfilled"]);
      assert.equal(failed.status === "rejected" && failed.reason, thrown);
      assert.deepEqual(await textsOf(store, topic.id), ["before", "after"]);
    });

    it("refuses entries that are not the next of their topic, and stores the others", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      const [key, second] = [newKey(), newKey()];
      const wrong: ((head: Head) => readonly EntryDraft[])[] = [
        () => [],
        ({ seq }) => [draftOf(topic.id, key, { seq: seq + 1 }, "a gap")],
        ({ seq }) => [draftOf(topic.id, key, { seq: seq - 1 }, "an overlap")],
        (head) => [draftOf(topic.id, key, head, "one"), draftOf(topic.id, second, head, "the same number")],
        ({ seq }) => [0, 1].map((more) => draftOf(topic.id, key, { seq: seq + more }, "the same key")),
        (head) => [draftOf(topic.id, second, head, "another key")],
        (head) => [draftOf(topic.id, key, head, "another topic", { topic: randomId() })],
        (head) => [{ ...draftOf(topic.id, key, head, "no leaf"), leaf: "{}" }],
        (head) => [{ ...draftOf(topic.id, key, head, "short salt"), salt: new Uint8Array(31) }],
      ];
      const good = say(store, topic.id, "good");
      const bad = wrong.map((build) => rejectsWith("INTERNAL", store.append(topic.id, key, build)));
      await Promise.all([good, ...bad, say(store, topic.id, "good too")]);
      assert.deepEqual(await textsOf(store, topic.id), ["good", "good too"]);
      const repeats = ({ seq }: Head) => [
        draftOf(topic.id, key, { seq }, "new"),
        draftOf(topic.id, second, { seq: seq + 1 }, "there already"),
      ];
      await say(store, topic.id, "second", second);
      await rejectsWith("INTERNAL", store.append(topic.id, key, repeats));
      assert.deepEqual(await textsOf(store, topic.id), ["good", "good too", "second"]);
    });

    it("knows no entries of a topic that is not there", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      const [known, unknown] = await Promise.allSettled([
        say(store, topic.id, "kept"),
        rejectsWith("TOPIC_UNKNOWN", say(store, randomId(), "lost")),
      ]);
      assert.deepEqual([known.status, unknown.status], ["fulfilled", "fulfilled"]);
      await rejectsWith("TOPIC_UNKNOWN", store.read(randomId(), { from: 1, limit: 1 }));
    });

    it("reads pages that are dense, within their limits, and never empty before the end", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      assert.deepEqual(await store.read(topic.id, { from: 1, limit: 10 }), []);
      await Promise.all(Array.from({ length: 40 }, (_, index) => say(store, topic.id, "ü".repeat(index * 50))));
      const seqs = async (from: number, limit: number, maxBytes?: number) =>
        (await store.read(topic.id, { from, limit, ...(maxBytes !== undefined && { maxBytes }) })).map(
          ({ seq }) => seq,
        );
      assert.deepEqual(await seqs(1, 3), [1, 2, 3]);
      assert.deepEqual(await seqs(39, 3), [39, 40]);
      assert.deepEqual(await seqs(41, 3), []);
      assert.deepEqual(await seqs(40, 10, 1), [40]);
      const page = await store.read(topic.id, { from: 11, limit: 30, maxBytes: 10_000 });
      const bytes = page.reduce((sum, { content }) => sum + Buffer.byteLength(content ?? ""), 0);
      assert.ok(page.length > 1 && bytes <= 10_000, `${page.length} entries with ${bytes} bytes`);
      assert.equal((await textsOf(store, topic.id, 7)).length, 40);
    });

    it("never shows an entry before those under it, and always those that were appended", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      let done = 0;
      const writing = Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const { entries } = await say(store, topic.id, `message ${index}`);
          done = Math.max(done, entries[0]?.seq ?? 0);
        }),
      );
      let writes = true;
      const end = () => {
        writes = false;
      };
      writing.then(end, end);
      while (writes) {
        await turn();
        const least = done;
        const head = (await store.findTopic({ id: topic.id }))?.head.seq ?? 0;
        const texts = await textsOf(store, topic.id);
        assert.ok(least <= head && head <= texts.length, `${least} ${head} ${texts.length}`);
      }
      await writing;
    });
  });

  evidenceContract(name, open, { describe, it });
  stateContract(name, open, { describe, it });
  searchContract(name, open, { describe, it });

  describe(`${name} keeps the contract of its lifetime`, () => {
    it("finishes what is under way when it is closed, and refuses the rest", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      const underWay = Array.from({ length: 50 }, (_, index) => say(store, topic.id, `message ${index}`));
      const reading = store.read(topic.id, { from: 1, limit: 1 });
      const closing = store.close();
      await rejectsWith("STORE_CLOSED", say(store, topic.id, "too late"));
      await Promise.all([...underWay, reading, closing, store.close()]);
      await store.close();
      const refused = [
        () => say(store, topic.id, "too late"),
        () => store.read(topic.id, { from: 1, limit: 1 }),
        () => newTopic(store),
        () => store.findTopic({ id: topic.id }),
        () => store.listTopics({ limit: 1 }),
        () => store.pseudonym(topic.id, { id: randomId(), name: "anna" }),
        () => store.probe(),
        () => store.people(topic.id),
        () => store.received(topic.id),
        () => store.head(topic.id),
        () => store.questions(topic.id, { limit: 1 }),
        () => store.deliveriesOf(topic.id, 1),
        () => store.logKey(),
        () => store.checkpoint(topic.id),
        () => store.frontier(topic.id, 1),
        () => store.proveInclusion(topic.id, 1, 1),
        () => store.proveConsistency(topic.id, 1, 1),
        () => store.erase(topic.id, 1, newKey(), () => []),
        () => store.search(topic.id, { limit: 1 }),
      ];
      for (const call of refused) await rejectsWith("STORE_CLOSED", call());
      assert.equal((await textsOf(await world.reopen(), topic.id)).length, 50);
    });

    it("says that a commit could be done, and leaves no trace of having tried", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await say(store, topic.id, "before");
      await Promise.all([store.probe(), store.probe(), say(store, topic.id, "meanwhile")]);
      assert.deepEqual(await textsOf(store, topic.id), ["before", "meanwhile"]);
      await (await world.reopen()).probe();
    });

    it("opens more than once, and again after it was closed", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await Promise.all([store.open(), store.open()]);
      await say(store, topic.id, "before");
      await store.close();
      await Promise.all([store.open(), store.open()]);
      await say(store, topic.id, "after");
      assert.deepEqual(await textsOf(store, topic.id), ["before", "after"]);
      await store.close();
    });
  });
}

const seqsOf = ({ entries }: Appended): number[] => entries.map(({ seq }) => seq);

/** Salts as plain bytes, so that a `Buffer` equals a `Uint8Array`. */
const plain = ({ salt, ...entry }: StoredEntry) => ({ ...entry, salt: salt && [...salt] });
