import assert from "node:assert/strict";
import { randomId } from "../base/id.ts";
import type { LeafFields } from "../evidence/leaf.ts";
import type { SearchQuery, StoredEntry, TopicStore } from "../store/topic-store.ts";
import { deliver, draftOf, newKey, newTopic, rejectsWith, say } from "./store-entries.ts";
import type { TopicStoreUnderTest } from "./topic-store-contract-evidence.ts";
import type { TestRunner } from "./transport-world.ts";

/** The part of the suite that concerns searching. */
export function searchContract(
  name: string,
  open: () => Promise<TopicStoreUnderTest>,
  { describe, it }: TestRunner,
): void {
  describe(`${name} keeps the contract of searching`, () => {
    it("finds texts by the beginnings of their words, whatever accents and capitals, also when opened again", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const texts = [
        "Wie hoch sind die Rückstellungen?",
        "RUCKSTELLUNG für Prozesse: 5 Mio. € 🏦",
        "Straße \u202bשלום עולם\u202c",
        "nothing of it",
      ];
      for (const text of texts) await say(world.store, topic.id, text);
      const expected: Readonly<Record<string, number[]>> = {
        rückst: [2, 1],
        "RÜCK proz": [2],
        strasse: [3],
        של: [3],
        "of it nothing": [4],
        stellung: [],
        "🏦": [],
        "": [],
        "nothing OR hoch": [],
        'nothing" OR words:"x': [],
        "-nothing": [4],
        "no* (it)": [4],
      };
      for (const opened of [async () => world.store, () => world.reopen()]) {
        const store = await opened();
        for (const [text, seqs] of Object.entries(expected)) {
          assert.deepEqual(await seqsOf(store, topic.id, { text }), seqs, `for ${text}`);
        }
      }
    });

    it("finds entries by kind, author, recipient, reference and time, and by all of them together", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      const [anna, bernd, carla] = [randomId(), randomId(), randomId()];
      const entries: [author: string, text: string, fields: Partial<LeafFields>][] = [
        [anna, "alpha", { kind: "question", at: 1_000 }],
        [bernd, "beta", { kind: "answer", at: 3_000, re: 1, to: [anna] }],
        [anna, "alpha beta", { kind: "question", at: 2_000, to: [bernd, carla] }], // the clock was set back
        [carla, "beta", { kind: "answer", at: 4_000, re: 3 }],
        [bernd, "beta", { kind: "note", at: 5_000, re: 3, to: [carla] }],
      ];
      for (const [author, text, fields] of entries) {
        const key = newKey(author);
        await store.append(topic.id, key, (head) => [draftOf(topic.id, key, head, text, fields)]);
      }
      const expected: [Partial<SearchQuery>, number[]][] = [
        [{}, [5, 4, 3, 2, 1]],
        [{ order: "oldest" }, [1, 2, 3, 4, 5]],
        [{ kinds: ["answer"] }, [4, 2]],
        [{ kinds: ["answer", "note"] }, [5, 4, 2]],
        [{ kinds: [] }, []],
        [{ authors: [anna] }, [3, 1]],
        [{ authors: [anna], order: "oldest" }, [1, 3]],
        [{ authors: [anna, carla] }, [4, 3, 1]],
        [{ authors: [randomId()] }, []],
        [{ recipients: [carla] }, [5, 3]],
        [{ recipients: [anna, carla], order: "oldest" }, [2, 3, 5]],
        [{ re: 3 }, [5, 4]],
        [{ re: 3, order: "oldest", authors: [bernd] }, [5]],
        [{ from: 2_000 }, [5, 4, 3, 2]],
        [{ until: 3_000 }, [3, 1]],
        [{ from: 3_000, until: 4_000 }, [2]],
        [{ from: 9_000 }, []],
        [{ text: "beta", from: 2_000, until: 5_000, order: "oldest" }, [2, 3, 4]],
        [{ text: "beta", kinds: ["answer", "note"], authors: [bernd], recipients: [carla], re: 3, from: 1 }, [5]],
      ];
      for (const [query, seqs] of expected) {
        assert.deepEqual(await seqsOf(store, topic.id, query), seqs, JSON.stringify(query));
        assert.deepEqual(await seqsOf(store, topic.id, { ...query, limit: 1 }), seqs, "one by one");
      }
    });

    it("gives pages that are full within their limits, and goes on behind the last", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await Promise.all(
        Array.from({ length: 40 }, (_, n) => say(store, topic.id, `${n % 2 ? "odd" : "even"} ${"ü".repeat(n * 50)}`)),
      );
      const page = await store.search(topic.id, { text: "odd", limit: 3 });
      assert.deepEqual(page.entries.map(seqOf), [40, 38, 36]);
      assert.equal(page.done, false);
      const next = await store.search(topic.id, { text: "odd", limit: 3, after: page.scannedTo });
      assert.deepEqual(next.entries.map(seqOf), [34, 32, 30]);
      const oldest = await store.search(topic.id, { text: "odd", limit: 2, after: 7, order: "oldest" });
      assert.deepEqual(oldest.entries.map(seqOf), [8, 10]);
      const last = await store.search(topic.id, { text: "odd", limit: 3, after: 3 });
      assert.deepEqual([last.entries.map(seqOf), last.done], [[2], true]);
      assert.equal((await store.search(topic.id, { limit: 1, maxBytes: 1 })).entries.length, 1);
      const { entries } = await store.search(topic.id, { limit: 40, maxBytes: 10_000 });
      const bytes = entries.reduce((sum, { content }) => sum + Buffer.byteLength(content ?? ""), 0);
      assert.ok(entries.length > 1 && bytes <= 10_000, `${entries.length} entries with ${bytes} bytes`);
      assert.equal((await seqsOf(store, topic.id, { maxBytes: 10_000 })).length, 40);
    });

    it("gives the entries as reading does, with their bytes", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      for (const text of ["one", "two"]) await say(store, topic.id, text);
      const { entries } = await store.search(topic.id, { text: "o", limit: 9, order: "oldest" });
      assert.deepEqual(entries.map(plain), (await store.read(topic.id, { from: 1, limit: 1 })).map(plain));
    });

    it("comes to the end of a long topic in which nothing fits", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      const keys = Array.from({ length: 6_000 }, () => newKey());
      const [first = newKey()] = keys;
      await store.append(topic.id, first, ({ seq }) =>
        keys.map((key, n) => draftOf(topic.id, key, { seq: seq + n }, "common")),
      );
      const queries = [
        { kinds: ["answer"] },
        { text: "common", kinds: ["answer"] },
        { authors: [randomId(), randomId()] },
      ] as const;
      for (const query of queries) {
        for (const order of ["newest", "oldest"] as const) {
          assert.deepEqual(await seqsOf(store, topic.id, { ...query, order }), []);
        }
      }
      assert.equal((await seqsOf(store, topic.id, { text: "common", limit: 4_000 })).length, 6_000);
    });

    it("finds a word that was rare for long and is in every text now, from both ends", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      const keys = Array.from({ length: 5_000 }, () => newKey());
      const fits = (seq: number): boolean => seq > 4_800 || seq % 70 === 0;
      await store.append(topic.id, keys[0] ?? newKey(), ({ seq }) =>
        keys.map((key, n) => draftOf(topic.id, key, { seq: seq + n }, fits(seq + n + 1) ? "a closing" : "a note")),
      );
      const expected = keys.map((_, n) => n + 1).filter(fits);
      for (const limit of [3, 50, 500]) {
        assert.deepEqual(await seqsOf(store, topic.id, { text: "clos", order: "oldest", limit }), expected);
        assert.deepEqual(await seqsOf(store, topic.id, { text: "clos", limit }), expected.toReversed());
      }
    });

    it("never finds what was erased by its words, and its entry by everything else", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const author = randomId();
      await say(world.store, topic.id, "a secret", newKey(author));
      await say(world.store, topic.id, "another secret", newKey(author));
      const key = newKey();
      await world.store.erase(topic.id, 1, key, (head) => [
        draftOf(topic.id, key, head, "by court order", { kind: "erasure", re: 1 }),
      ]);
      for (const opened of [async () => world.store, () => world.reopen()]) {
        const store = await opened();
        assert.deepEqual(await seqsOf(store, topic.id, { text: "secret" }), [2]);
        assert.deepEqual(await seqsOf(store, topic.id, { text: "court" }), [3]);
        assert.deepEqual(await seqsOf(store, topic.id, { authors: [author] }), [2, 1]);
        const { entries } = await store.search(topic.id, { authors: [author], order: "oldest", limit: 1 });
        assert.deepEqual([entries[0]?.content, entries[0]?.salt], [undefined, undefined]);
      }
    });

    it("finds what was appended at once, deliveries by no word, and nothing of another topic", async () => {
      await using world = await open();
      const { store } = world;
      const [topic, other] = [await newTopic(store), await newTopic(store)];
      for (let n = 1; n <= 20; n += 1) {
        await say(store, topic.id, "1 word");
        assert.equal((await seqsOf(store, topic.id, { text: "word" })).length, n);
      }
      await deliver(store, topic.id, { to: ["anna"], first: 1, last: 20 });
      assert.equal((await seqsOf(store, topic.id, { text: "1" })).length, 20);
      assert.deepEqual(await seqsOf(store, topic.id, { kinds: ["delivery"] }), [21]);
      assert.deepEqual(await seqsOf(store, other.id, { text: "word" }), []);
      assert.deepEqual(await seqsOf(store, other.id, {}), []);
      await rejectsWith("TOPIC_UNKNOWN", store.search(randomId(), { limit: 1 }));
    });
  });
}

/** Everything that fits, asked on until it is done. */
async function seqsOf(store: TopicStore, topicId: string, query: Partial<SearchQuery>): Promise<number[]> {
  const seqs: number[] = [];
  let after = query.after;
  for (;;) {
    const page = await store.search(topicId, { limit: 100, ...query, after });
    seqs.push(...page.entries.map(seqOf));
    if (page.done) return seqs;
    assert.notEqual(page.scannedTo, after);
    after = page.scannedTo;
  }
}

const seqOf = ({ seq }: StoredEntry): number => seq;

const plain = ({ salt, ...entry }: StoredEntry) => ({ ...entry, salt: salt && [...salt] });
