import assert from "node:assert/strict";
import { randomId } from "../base/id.ts";
import { MESSAGE_KINDS } from "../base/message-kind.ts";
import { type LeafFields, parseContent, parseLeaf } from "../evidence/leaf.ts";
import { emptyState, type TopicState } from "../rules/topic-state.ts";
import type { Appended, EntryKey, Head, QuestionPage, TopicStore } from "../store/topic-store.ts";
import { deliver, draftOf, newKey, newTopic, rejectsWith, say, statesOf } from "./store-entries.ts";
import type { TopicStoreUnderTest } from "./topic-store-contract-evidence.ts";
import type { TestRunner } from "./transport-world.ts";

/** The part of the suite that concerns what the entries of a topic lead to. */
export function stateContract(
  name: string,
  open: () => Promise<TopicStoreUnderTest>,
  { describe, it }: TestRunner,
): void {
  describe(`${name} keeps the contract of states`, () => {
    it("keeps whether a topic is regulated", async () => {
      await using world = await open();
      const [regulated, plain] = [await newTopic(world.store, "r", true), await newTopic(world.store, "p")];
      const store = await world.reopen();
      assert.deepEqual(await store.findTopic({ id: regulated.id }), { ...regulated, head: { seq: 0 } });
      assert.equal((await store.findTopic({ title: "p" }))?.regulated, false);
      assert.deepEqual(await store.head(regulated.id), { seq: 0, state: emptyState(true) });
      assert.deepEqual(await store.head(plain.id), { seq: 0, state: emptyState(false) });
      await rejectsWith("TOPIC_UNKNOWN", store.head(randomId()));
    });

    it("has the state that the entries lead to after each of them, also when opened again", async () => {
      await using world = await open();
      const topic = await newTopic(world.store, "Share Deal", true);
      let expected = emptyState(true);
      for (const step of EXCHANGE) {
        const { head } = await write(world.store, topic.id, step);
        expected = (await statesOf(world.store, topic.id, true)).at(-1) ?? expected;
        assert.deepEqual(head, { seq: head?.seq, state: expected });
        assert.deepEqual(await world.store.head(topic.id), head);
      }
      // What the fold says is tested where it is; here it must have come through.
      assert.deepEqual(
        [...expected.members],
        [
          ["anna", ["interviewer"]],
          ["bernd", ["interviewee", "legal"]],
        ],
      );
      assert.deepEqual([...expected.open.keys()], [5]);
      assert.deepEqual([...expected.sealed.keys()], [11]);
      assert.deepEqual((await (await world.reopen()).head(topic.id)).state, expected);
    });

    it("gives every call of a batch the state that those before it lead to", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store, "Share Deal", true);
      const seen: TopicState[] = [];
      const calls = EXCHANGE.map((step) => {
        const key = newKey(step.by);
        return store.append(topic.id, key, (head) => {
          seen.push(head.state);
          return [draftOf(topic.id, key, head, step.text ?? "", fieldsOf(step))];
        });
      });
      const heads = (await Promise.all(calls)).map(({ head }) => head?.state);
      const states = await statesOf(store, topic.id, true);
      assert.deepEqual(heads, states);
      assert.deepEqual(seen.slice(-states.length), [emptyState(true), ...states.slice(0, -1)]);
    });

    it("gives a call that adds several entries the state behind all of them, and none to a duplicate", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store, "Share Deal", true);
      for (const step of EXCHANGE.slice(0, 6)) await write(store, topic.id, step);
      const answer = { kind: "answer", by: "anna", to: ["bernd"], re: 5 } as const;
      const reveal = { kind: "reveal", by: "server", to: ["bernd", "anna"], re: 7 } as const;
      const key = newKey("anna");
      const build = (head: Head) => [
        draftOf(topic.id, key, head, "both", fieldsOf(answer)),
        draftOf(topic.id, newKey("server"), { seq: head.seq + 1 }, "", fieldsOf(reveal)),
      ];
      const { head } = await store.append(topic.id, key, build);
      assert.deepEqual([head?.seq, head?.state.sealed.size, head?.state.open.has(5)], [8, 0, false]);
      assert.deepEqual(await store.head(topic.id), head);
      const again = await store.append(topic.id, key, build);
      assert.deepEqual([again.duplicate, again.head], [true, undefined]);
      assert.deepEqual(await store.head(topic.id), head);
    });

    it("changes no state by what it does not store", async () => {
      await using world = await open();
      const { store } = world;
      const topic = await newTopic(store);
      await write(store, topic.id, { kind: "membership", by: "server", to: ["anna"], text: "interviewer" });
      const before = await store.head(topic.id);
      const key = newKey("server");
      for (const text of ["interviewer ", " ", "a\u0000b", "two  spaces", "\ud800"]) {
        const fields = fieldsOf({ kind: "membership", by: "server", to: ["bernd"] });
        await rejectsWith(
          "INTERNAL",
          store.append(topic.id, key, (head) => [draftOf(topic.id, key, head, text, fields)]),
        );
      }
      assert.deepEqual(await store.head(topic.id), before);
    });

    it("keeps a state whose contents are erased, and erases all that people write, and nothing else", async () => {
      await using world = await open();
      const topic = await newTopic(world.store, "Share Deal", true);
      for (const step of EXCHANGE) await write(world.store, topic.id, step);
      const before = await world.store.head(topic.id);
      const entries = await world.store.read(topic.id, { from: 1, limit: 100 });
      const kinds = new Map(entries.map(({ seq, leaf }) => [seq, parseLeaf(leaf)?.kind]));
      for (const [seq, kind] of kinds) {
        const key = newKey();
        const erasing = world.store.erase(topic.id, seq, key, (head) => [
          draftOf(topic.id, key, head, "by court order", { kind: "erasure", re: seq }),
        ]);
        const erasable = (MESSAGE_KINDS as readonly (string | undefined)[]).includes(kind);
        await (erasable ? erasing : rejectsWith("REFERENCE_INVALID", erasing));
      }
      assert.deepEqual((await (await world.reopen()).head(topic.id)).state, before.state);
    });

    it("lists the topics that somebody belongs to now, page by page", async () => {
      await using world = await open();
      const { store } = world;
      const [anna, bernd] = [
        { id: randomId(), name: "anna" },
        { id: randomId(), name: "bernd" },
      ];
      const ids: string[] = [];
      for (const title of ["a", "b", "c", "d"]) {
        const { id } = await newTopic(store, title);
        ids.push(id);
        for (const person of [anna, bernd]) {
          const to = [await store.pseudonym(id, person)];
          if (person === anna && title === "b") continue;
          await write(store, id, { kind: "membership", by: "server", to, text: "legal" });
          if (person === anna && title === "c") await write(store, id, { kind: "membership", by: "server", to });
        }
      }
      const titles = async (page: { member: string; after?: string | undefined; limit: number }) =>
        (await store.listTopics(page)).map(({ title }) => title);
      assert.deepEqual(await titles({ member: anna.id, limit: 9 }), ["a", "d"]);
      assert.deepEqual(await titles({ member: bernd.id, limit: 2 }), ["a", "b"]);
      assert.deepEqual(await titles({ member: bernd.id, after: ids[1], limit: 9 }), ["c", "d"]);
      assert.deepEqual(await titles({ member: randomId(), limit: 9 }), []);
      await rejectsWith("TOPIC_UNKNOWN", store.listTopics({ member: anna.id, after: randomId(), limit: 9 }));
    });

    it("lists questions by state, author and recipient, page by page, as they are now", async () => {
      await using world = await open();
      const topic = await newTopic(world.store, "Share Deal", true);
      await write(world.store, topic.id, { kind: "note", by: "anna" });
      const ask = (by: string, to?: string[]) =>
        write(world.store, topic.id, { kind: "question", by, ...(to && { to }), asked: ["bernd", "carla"] });
      for (const by of ["anna", "bernd"])
        for (const to of [undefined, ["carla"], ["bernd", "carla"]]) await ask(by, to);
      await write(world.store, topic.id, { kind: "answer", by: "bernd", to: ["anna"], re: 2 });
      await write(world.store, topic.id, { kind: "withdrawal", by: "anna", re: 3 });
      await write(world.store, topic.id, { kind: "closing", by: "emil", re: 6, text: "asked before" });
      for (const by of ["bernd", "carla"])
        await write(world.store, topic.id, { kind: "answer", by, to: ["anna"], re: 4 });
      const store = await world.reopen();
      const list = async (page: Partial<QuestionPage>) =>
        (await store.questions(topic.id, { limit: 100, ...page })).map(({ entry, state, asked }) =>
          [entry.seq, state, ...(asked ?? [])].join(" "),
        );
      const all = ["2 open carla", "3 withdrawn", "4 answered", "5 open bernd carla", "6 closed", "7 open bernd carla"];
      assert.deepEqual(await list({}), all);
      assert.deepEqual(await list({ after: 2, limit: 3 }), all.slice(1, 4));
      assert.deepEqual(await list({ state: "open" }), [all[0], all[3], all[5]]);
      assert.deepEqual(await list({ state: "open", after: 2, limit: 1 }), [all[3]]);
      assert.deepEqual(await list({ state: "answered" }), [all[2]]);
      assert.deepEqual(await list({ of: "bernd" }), all.slice(3));
      assert.deepEqual(await list({ for: "bernd" }), [all[0], all[2]]);
      assert.deepEqual(await list({ for: "nobody", of: "anna" }), [all[0]]);
      assert.deepEqual(await list({ state: "closed", of: "anna" }), []);
      const [first] = await store.questions(topic.id, { limit: 1 });
      assert.deepEqual(first?.entry.leaf, (await store.read(topic.id, { from: 2, limit: 1 }))[0]?.leaf);
      assert.equal(parseContent(first?.entry.content ?? ""), "question");
      await rejectsWith("TOPIC_UNKNOWN", store.questions(randomId(), { limit: 1 }));
    });

    it("knows who has received an entry, and since when the record says so", async () => {
      await using world = await open();
      const topic = await newTopic(world.store);
      for (let count = 1; count <= 4; count += 1) await say(world.store, topic.id, `${count}`);
      const at = async (delivered: Promise<Appended>): Promise<number> =>
        parseLeaf((await delivered).entries[0]?.leaf ?? "")?.at ?? 0;
      const first = await at(deliver(world.store, topic.id, { to: ["bernd", "anna"], first: 2, last: 3 }));
      const second = await at(deliver(world.store, topic.id, { to: ["carla", "anna"], first: 1, last: 4 }));
      await deliver(world.store, topic.id, { to: ["carla", "bernd"], first: 4, last: 6 });
      const store = await world.reopen();
      const received = async (seq: number) =>
        (await store.deliveriesOf(topic.id, seq)).map((one) => [one.pseudonym, one.at]);
      assert.deepEqual(await received(1), [
        ["carla", second],
        ["anna", second],
      ]);
      assert.deepEqual(await received(3), [
        ["bernd", first],
        ["anna", first],
        ["carla", second],
      ]);
      assert.deepEqual(
        (await received(4)).map(([one]) => one),
        ["carla", "anna", "bernd"],
      );
      assert.deepEqual(
        (await received(6)).map(([one]) => one),
        ["carla", "bernd"],
      );
      assert.deepEqual(await received(7), []);
      assert.deepEqual(await received(99), []);
      await rejectsWith("TOPIC_UNKNOWN", store.deliveriesOf(randomId(), 1));
    });
  });
}

type Step = Pick<LeafFields, "kind" | "by"> &
  Partial<Pick<LeafFields, "to" | "re" | "priority" | "due" | "asked">> & { readonly text?: string };

/** Every kind of entry that changes the state of a regulated topic, and some that do not. */
const EXCHANGE: readonly Step[] = [
  { kind: "membership", by: "server", to: ["anna"], text: "interviewer" },
  { kind: "membership", by: "server", to: ["bernd"], text: "interviewee legal" },
  { kind: "membership", by: "server", to: ["carla"], text: "superuser" },
  { kind: "question", by: "anna", asked: ["bernd", "carla"], priority: "high", due: 9_000_000_000_000 },
  { kind: "question", by: "bernd", to: ["anna"], asked: ["anna"] },
  { kind: "question", by: "carla", to: ["bernd"], asked: ["bernd"], priority: "low" },
  { kind: "answer", by: "bernd", to: ["anna"], re: 4 },
  { kind: "correction", by: "bernd", to: ["anna"], re: 7 },
  { kind: "note", by: "carla", to: ["anna"] },
  { kind: "withdrawal", by: "carla", to: ["bernd"], re: 6 },
  { kind: "answer", by: "carla", to: ["anna"], re: 4 },
  { kind: "reveal", by: "server", to: ["anna", "bernd"], re: 7 },
  { kind: "reveal", by: "server", to: ["anna", "bernd"], re: 8 },
  { kind: "question", by: "anna", asked: [] },
  { kind: "closing", by: "carla", re: 14, text: "asked before" },
  { kind: "answer", by: "bernd", to: ["anna"], re: 99 },
  { kind: "reveal", by: "server", to: ["anna", "bernd"], re: 16 },
  { kind: "withdrawal", by: "anna", re: 4 },
  { kind: "delivery", by: "server", to: ["anna"], re: 4, text: "1" },
  { kind: "membership", by: "server", to: ["carla"], text: "" },
];

const fieldsOf = ({ text: _, ...fields }: Step): Partial<LeafFields> => fields;

/** The text is the kind where the step has none, and it is no membership. */
function write(store: TopicStore, topic: string, step: Step): Promise<Appended> {
  const key: EntryKey = newKey(step.by);
  const text = step.text ?? (step.kind === "membership" ? "" : step.kind);
  return store.append(topic, key, (head) => [draftOf(topic, key, head, text, fieldsOf(step))]);
}
