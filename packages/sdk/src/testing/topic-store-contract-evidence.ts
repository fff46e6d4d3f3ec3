import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { randomId } from "../base/id.ts";
import { openCheckpoint, originOf } from "../evidence/checkpoint.ts";
import { type Hash, hashChildren, hashLeaf, rootOf } from "../evidence/merkle.ts";
import { verifyConsistency, verifyInclusion } from "../evidence/proofs.ts";
import type { Appended, Head, TopicStore } from "../store/topic-store.ts";
import { deliver, draftOf, newKey, newTopic, rejectsWith, say } from "./store-entries.ts";
import type { TestRunner } from "./transport-world.ts";

export interface TopicStoreUnderTest extends AsyncDisposable {
  /** Open and empty. */
  readonly store: TopicStore;
  /** Closes the store and opens what it left behind, as a new process would. */
  reopen(): Promise<TopicStore>;
}

/** The part of the suite that concerns trees, checkpoints, proofs and erasures. */
export function evidenceContract(
  name: string,
  open: () => Promise<TopicStoreUnderTest>,
  { describe, it }: TestRunner,
): void {
  describe(`${name} keeps the contract of evidence`, () => {
    it("signs the head of every commit, in the commit, with a key that stays", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const publicKey = await world.store.logKey();
      assert.equal(publicKey.byteLength, 32);
      assert.equal(await world.store.checkpoint(topic.id), undefined);
      const appended: Appended[] = [];
      for (let count = 0; count < 5; count += 1) appended.push(await say(world.store, topic.id, `${count}`));
      appended.push(...(await Promise.all([5, 6, 7, 8].map((count) => say(world.store, topic.id, `${count}`)))));
      const three = [newKey(), newKey(), newKey()] as const;
      appended.push(
        await world.store.append(topic.id, three[0], ({ seq }) =>
          three.map((key, at) => draftOf(topic.id, key, { seq: seq + at }, "together")),
        ),
      );
      const repeated = await say(world.store, topic.id, "again", three[1]);
      assert.equal(repeated.duplicate, true);
      const leaves = (await world.store.read(topic.id, { from: 1, limit: 100 })).map(({ leaf }) => leaf);
      for (const { entries, checkpoint } of [...appended, repeated]) {
        const opened = openCheckpoint(checkpoint, { origin: originOf(topic.id), publicKey });
        assert.ok(opened, `not a checkpoint signed by the log key: ${checkpoint}`);
        assert.ok(opened.size >= (entries.at(-1)?.seq ?? 0), `${opened.size} does not cover the entries`);
        assertHash(opened.root, treeHash(leaves.slice(0, opened.size)));
      }
      const newest = await world.store.checkpoint(topic.id);
      assert.equal(newest, appended.at(-1)?.checkpoint);
      const store = await world.reopen();
      assert.deepEqual(Buffer.from(await store.logKey()), Buffer.from(publicKey));
      assert.equal(await store.checkpoint(topic.id), newest);
    });

    it("proves every entry and every growth, for every size of the topic, also when opened again", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const total = 35;
      await Promise.all(Array.from({ length: total }, (_, at) => say(world.store, topic.id, `message ${at}`)));
      const store = await world.reopen();
      await say(store, topic.id, "and one more");
      const leaves = (await store.read(topic.id, { from: 1, limit: 100 })).map(({ leaf }) => leaf);
      const trees = Array.from({ length: total + 2 }, (_, size) => ({ size, root: treeHash(leaves.slice(0, size)) }));
      for (const tree of trees) {
        const { size, root } = tree;
        const frontier = await store.frontier(topic.id, size);
        assert.equal(frontier.size, size);
        assertHash(rootOf(frontier), root);
        for (const [index, leaf] of leaves.slice(0, size).entries()) {
          const proof = await store.proveInclusion(topic.id, index + 1, size);
          assert.ok(verifyInclusion({ leafHash: hashLeaf(leaf), index, size, root }, proof), `${index} of ${size}`);
        }
        for (const before of trees.slice(0, size + 1)) {
          const proof = await store.proveConsistency(topic.id, before.size, size);
          assert.ok(verifyConsistency(before, tree, proof), `${before.size} to ${size}`);
        }
      }
    });

    it("proves nothing beyond the head, and nothing backwards", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await say(store, topic.id, "one");
      await say(store, topic.id, "two");
      await rejectsWith("PROOF_UNAVAILABLE", store.frontier(topic.id, 3));
      await rejectsWith("PROOF_UNAVAILABLE", store.proveInclusion(topic.id, 3, 3));
      await rejectsWith("PROOF_UNAVAILABLE", store.proveInclusion(topic.id, 2, 1));
      await rejectsWith("PROOF_UNAVAILABLE", store.proveConsistency(topic.id, 2, 3));
      await rejectsWith("PROOF_UNAVAILABLE", store.proveConsistency(topic.id, 2, 1));
      const unknown = (await newTopic(store)).id.split("").reverse().join("");
      await rejectsWith("TOPIC_UNKNOWN", store.checkpoint(unknown));
      await rejectsWith("TOPIC_UNKNOWN", store.frontier(unknown, 0));
      await rejectsWith("TOPIC_UNKNOWN", store.proveInclusion(unknown, 1, 1));
      await rejectsWith("TOPIC_UNKNOWN", store.proveConsistency(unknown, 0, 0));
    });

    it("keeps the trees of topics apart when they grow in one commit", async () => {
      await using world = await open();
      const { store } = world;
      const topics = [await newTopic(store), await newTopic(store), await newTopic(store)];
      await Promise.all(Array.from({ length: 21 }, (_, at) => say(store, topics[at % 3]?.id ?? "", `message ${at}`)));
      const publicKey = await store.logKey();
      for (const { id } of topics) {
        const leaves = (await store.read(id, { from: 1, limit: 100 })).map(({ leaf }) => leaf);
        const note = (await store.checkpoint(id)) ?? "";
        assertHash(openCheckpoint(note, { origin: originOf(id), publicKey })?.root, treeHash(leaves));
      }
    });

    it("knows what everybody has received, from the deliveries, also when opened again", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const other = await newTopic(world.store);
      assert.deepEqual(await world.store.received(topic.id), new Map());
      for (let count = 1; count <= 9; count += 1) await say(world.store, topic.id, `${count}`);
      const repeated = newKey();
      await Promise.all([
        deliver(world.store, topic.id, { to: ["anna", "bernd"], first: 1, last: 2 }),
        deliver(world.store, topic.id, { to: ["anna"], first: 5, last: 6 }, repeated),
        deliver(world.store, topic.id, { to: ["carla"], first: 9, last: 9 }),
      ]);
      await deliver(world.store, topic.id, { to: ["anna"], first: 8, last: 9 });
      await deliver(world.store, topic.id, { to: ["bernd"], first: 2, last: 4 });
      assert.equal(
        (await deliver(world.store, topic.id, { to: ["emil"], first: 1, last: 1 }, repeated)).duplicate,
        true,
      );
      const ranges = new Map([
        ["anna", ["1-2", "5-6", "8-9"]],
        ["bernd", ["1-4"]],
        ["carla", ["9-9"]],
      ]);
      assert.deepEqual(await receivedOf(world.store, topic.id), ranges);
      const store = await world.reopen();
      assert.deepEqual(await receivedOf(store, topic.id), ranges);
      await deliver(store, topic.id, { to: ["anna"], first: 3, last: 7 });
      assert.deepEqual((await receivedOf(store, topic.id)).get("anna"), ["1-9"]);
      assert.deepEqual(await store.received(other.id), new Map());
      await rejectsWith("TOPIC_UNKNOWN", store.received(randomId()));
    });

    it("refuses a delivery that says nothing, and one of what is not there yet", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await say(store, topic.id, "one");
      const wrong = [
        { to: ["anna"], first: 2, last: 1 },
        { to: ["anna"], first: 0, last: 1 },
        { to: ["anna"], first: 1.5, last: 1 },
        { to: ["anna"], first: 1, last: 2 },
        { to: ["anna", "anna"], first: 1, last: 1 },
        { to: [], first: 1, last: 1 },
        { to: Array.from({ length: 257 }, () => randomId()), first: 1, last: 1 },
      ];
      for (const delivery of wrong) await rejectsWith("INTERNAL", deliver(store, topic.id, delivery));
      const key = newKey();
      const vague = (head: Head) => [draftOf(topic.id, key, head, "01", { kind: "delivery", to: ["anna"], re: 1 })];
      await rejectsWith("INTERNAL", store.append(topic.id, key, vague));
      assert.deepEqual(await store.received(topic.id), new Map());
      assert.equal((await store.findTopic({ id: topic.id }))?.head.seq, 1);
    });

    it("erases a content and its salt for good, says so on record, and still proves everything", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      const key = newKey();
      await say(world.store, topic.id, "one");
      await say(world.store, topic.id, "two", key);
      await say(world.store, topic.id, "three");
      const before = await world.store.read(topic.id, { from: 1, limit: 9 });
      const { entries, duplicate } = await erase(world.store, topic.id, 2, "by court order");
      assert.deepEqual([entries.map(({ seq }) => seq), duplicate], [[4], false]);
      const store = await world.reopen();
      const after = await store.read(topic.id, { from: 1, limit: 9 });
      assert.deepEqual(
        after.map(({ leaf }) => leaf),
        [...before.map(({ leaf }) => leaf), entries[0]?.leaf],
      );
      assert.deepEqual(
        after.map(({ content, salt }) => [content !== undefined, salt !== undefined]),
        [1, 0, 1, 1].map((there) => [there === 1, there === 1]),
      );
      const opened = openCheckpoint((await store.checkpoint(topic.id)) ?? "", {
        origin: originOf(topic.id),
        publicKey: await store.logKey(),
      });
      const root = treeHash(after.map(({ leaf }) => leaf));
      assertHash(opened?.root, root);
      for (const [index, { leaf }] of after.entries()) {
        const proof = await store.proveInclusion(topic.id, index + 1, 4);
        assert.ok(verifyInclusion({ leafHash: hashLeaf(leaf), index, size: 4, root }, proof));
      }
      const again = await say(store, topic.id, "two, once more", key);
      assert.deepEqual([again.duplicate, again.entries[0]?.seq, again.entries[0]?.content], [true, 2, undefined]);
    });

    it("erases once, and answers the same again", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      await say(world.store, topic.id, "one");
      const first = await erase(world.store, topic.id, 1, "first");
      await say(world.store, topic.id, "three");
      const store = await world.reopen();
      const second = await erase(store, topic.id, 1, "second");
      assert.equal(second.duplicate, true);
      assert.deepEqual(
        second.entries.map(({ seq, leaf, content }) => [seq, leaf, content]),
        first.entries.map(({ seq, leaf, content }) => [seq, leaf, content]),
      );
      assert.equal((await store.findTopic({ id: topic.id }))?.head.seq, 3);
    });

    it("erases no entry that is not there, and nothing of what the operator did", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await say(store, topic.id, "one");
      await erase(store, topic.id, 1, "by court order");
      const key = newKey();
      await store.append(topic.id, key, (head) => [draftOf(topic.id, key, head, "all of it", { kind: "export" })]);
      await deliver(store, topic.id, { to: ["anna"], first: 1, last: 1 });
      for (const seq of [2, 3, 4, 5, 0]) {
        await rejectsWith("REFERENCE_INVALID", erase(store, topic.id, seq, "to hide it"));
      }
      await rejectsWith("TOPIC_UNKNOWN", erase(store, topic.id.split("").reverse().join(""), 1, "nowhere"));
      const contents = (await store.read(topic.id, { from: 1, limit: 3 })).map(({ content }) => content);
      assert.deepEqual(contents, [undefined, '{"text":"by court order"}', '{"text":"all of it"}']);
    });

    it("erases while others write, and loses nothing of theirs", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await Promise.all(Array.from({ length: 10 }, (_, at) => say(store, topic.id, `before ${at}`)));
      const erasing = [2, 5, 9].map((seq) => erase(store, topic.id, seq, `no longer ${seq}`));
      const writing = Array.from({ length: 30 }, (_, at) => say(store, topic.id, `after ${at}`));
      await Promise.all([...erasing, ...writing]);
      const entries = await store.read(topic.id, { from: 1, limit: 100 });
      assert.equal(entries.length, 43);
      const gone = entries.filter(({ content }) => content === undefined).map(({ seq }) => seq);
      assert.deepEqual(gone, [2, 5, 9]);
    });
  });
}

function erase(store: TopicStore, topic: string, seq: number, reason: string): Promise<Appended> {
  const key = newKey();
  return store.erase(topic, seq, key, (head) => [draftOf(topic, key, head, reason, { kind: "erasure", re: seq })]);
}

/** As texts, by receiver. */
async function receivedOf(store: TopicStore, topic: string): Promise<Map<string, string[]>> {
  const all = await store.received(topic);
  return new Map([...all].map(([one, ranges]) => [one, ranges.map(({ first, last }) => `${first}-${last}`)]));
}

/** The definition of RFC 6962 §2.1, word for word and slowly. */
function treeHash(leaves: readonly string[]): Hash {
  if (leaves.length === 0) return createHash("sha256").digest();
  if (leaves.length === 1) return hashLeaf(leaves[0] ?? "");
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hashChildren(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

function assertHash(actual: Hash | undefined, expected: Hash): void {
  assert.equal(Buffer.from(actual ?? []).toString("hex"), Buffer.from(expected).toString("hex"));
}
