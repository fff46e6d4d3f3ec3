import type { RedRoomClient, RedRoomError } from "@redroom/sdk";
import { sqliteStore } from "@redroom/sdk/sqlite";
import { describe, expect, it } from "vitest";
import { parseLeaf } from "../../src/evidence/leaf.ts";
import type { TopicStore } from "../../src/store/topic-store.ts";
import { draftOf, newKey, say } from "../../src/testing/store-entries.ts";
import { ManualClock } from "../../src/testing.ts";
import { openWorld, type WorldKind } from "../world.ts";

const TITLE = "Share Deal";
const MESSAGES = 60;
const OUTSIDE = 15;

/** The same numbers for the same seed (mulberry32). */
function randomness(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Erases an entry, as the operator's command does. */
async function erase(store: TopicStore, topicId: string, seq: number): Promise<void> {
  const key = newKey(await store.pseudonym(topicId, { id: "operator", name: "operator" }));
  await store.erase(topicId, seq, key, (head) => [
    draftOf(topicId, key, head, "by court order", { kind: "erasure", re: seq }),
  ]);
}

/** The seq of one that is still there. */
async function anyMessage(store: TopicStore, topicId: string, random: (below: number) => number): Promise<number> {
  const entries = await store.read(topicId, { from: 1, limit: 50 });
  const there = entries.filter(({ leaf, content }) => content !== undefined && parseLeaf(leaf)?.kind === "note");
  return there[random(there.length)]?.seq ?? 1;
}

/** Everything that a client can do with a topic, at any time and in any order. */
async function useTopic(client: RedRoomClient, random: (below: number) => number, notes: string[]): Promise<void> {
  const topic = client.topic(TITLE);
  const note = await topic.checkpoint();
  if (note !== undefined) notes.push(note);
  const { head = 0 } = (await client.topics()).find(({ title }) => title === TITLE) ?? {};
  const seq = 1 + random(Math.max(1, head));
  switch (random(5)) {
    case 0:
      await topic.history({ from: seq, limit: 1 + random(30) });
      return;
    case 1:
      if (head > 0) await topic.proof(seq);
      return;
    case 2: {
      const shown = notes[random(notes.length)];
      if (shown !== undefined) await topic.confirm(shown);
      return;
    }
    case 3: {
      const [known] = await topic.history({ from: seq, limit: 1 });
      if (known === undefined) return;
      for await (const message of topic.messages({ from: seq })) if (message.seq >= known.seq) return;
      return;
    }
    default:
      await topic.messages({ from: "now" }).return?.();
  }
}

describe.each<[WorldKind, readonly number[]]>([
  ["memory", [1, 2, 3, 4, 5, 6]],
  ["real", [7, 8]],
])("an honest server (%s)", (kind, seeds) => {
  it.each(seeds)("is never taken for a liar, whatever happens at the same time (seed %i)", async (seed) => {
    const random = randomness(seed);
    const clock = new ManualClock();
    await using world = await openWorld(kind, {
      clock,
      users: [],
      heartbeatMs: 1_000_000_000,
      limits: { maxPageEntries: 11 },
      authenticate: async ({ name }) => ({ id: name, name, admin: false }),
    });
    const topicId = (await world.store.findTopic({ title: TITLE }))?.id ?? "";
    const outside = kind === "real" ? sqliteStore(world.file) : world.store;
    await outside.open();
    const endings: (RedRoomError | undefined)[] = [];
    const clients = await Promise.all(["anna", "bernd", "carla"].map((name) => world.connect(name)));
    for (const client of clients) client.once("closed", (cause) => endings.push(cause));
    const notes: string[] = [];
    const total = clients.length * MESSAGES + OUTSIDE + 3;

    const tick = async (): Promise<void> => {
      // As slow as the store is, so that nobody takes it for dead.
      await world.store.probe();
      clock.advance(50);
      await turn();
    };
    let writing = true;
    const ticking = (async () => {
      while (writing) await tick();
    })();
    const readers = clients.flatMap((client) =>
      ["start", "start", 1].map(async (from) => {
        const seen: [number, string][] = [];
        let erased = 0;
        const onWithheld = (): void => {
          erased += 1;
        };
        for await (const { seq, text } of client.topic(TITLE).messages({ from: from as "start" | 1, onWithheld })) {
          seen.push([seq, text]);
          if (seen.length + erased === total) return seen;
        }
        return seen;
      }),
    );
    const writers = clients.map(async (client) => {
      const topic = await client.topic(TITLE).open({ from: random(2) === 0 ? "now" : "none" });
      for (let sent = 0; sent < MESSAGES; ) {
        const burst = Math.min(1 + random(12), MESSAGES - sent);
        await Promise.all(Array.from({ length: burst }, (_, at) => topic.send(`${client.user.name} ${sent + at}`)));
        sent += burst;
      }
    });
    const users = clients.flatMap((client) =>
      [1, 2].map(async () => {
        for (let round = 0; round < 12; round += 1) await useTopic(client, random, notes);
      }),
    );
    const other = (async () => {
      for (let count = 0; count < OUTSIDE; count += 1) {
        await say(outside, topicId, `outside ${count}`);
        if (count % 5 === 4) await erase(outside, topicId, await anyMessage(outside, topicId, random));
        for (let pause = random(20); pause > 0; pause -= 1) await turn();
      }
    })();

    const all = await Promise.all([...writers, ...users, other])
      .then(() => Promise.all(readers))
      .finally(() => {
        writing = false;
      });
    await ticking;
    expect(endings).toEqual([]);
    // What was erased while they read, some have seen and some have not; all else is the same.
    const full = new Map(all.flat());
    for (const seen of all) for (const [seq, text] of seen) expect(full.get(seq)).toBe(text);
    const left = (await clients[0]?.topic(TITLE).history({ limit: total })) ?? [];
    expect(left.filter(({ kind: what }) => what === "erasure")).toHaveLength(3);
    for (const { seq, text } of left) expect(full.get(seq)).toBe(text);
    for (const shown of notes) await Promise.all(clients.map((client) => client.topic(TITLE).confirm(shown)));
    const topics = await Promise.all(clients.map((client) => client.topic(TITLE).open()));
    // Receipts that were on their way are in the record by then, and what others have appended last is noticed in time.
    const heads = async () => [...(await Promise.all(topics.map((topic) => topic.checkpoint())))];
    let [shown, stored] = [new Set<string | undefined>(), await world.store.checkpoint(topicId)];
    for (let count = 0; count < 1_000 && !(shown.size === 1 && shown.has(stored)); count += 1) {
      await tick();
      shown = new Set(await heads());
      stored = await world.store.checkpoint(topicId);
    }
    expect(shown).toEqual(new Set([stored]));
    await outside.close();
  });
});

describe("what another process appends", () => {
  it("reaches readers within a second", async () => {
    const clock = new ManualClock();
    await using world = await openWorld("real", {
      clock,
      users: [],
      authenticate: async ({ name }) => ({ id: name, name, admin: false }),
    });
    const anna = await world.connect("anna", { clock });
    const topic = await anna.topic(TITLE).open();
    await topic.send("mine");
    await using other = Object.assign(sqliteStore(world.file), {
      async [Symbol.asyncDispose]() {
        await other.close();
      },
    });
    await other.open();
    await say(other, topic.id ?? "", "from outside");
    const arrived = new Promise((resolve) => {
      anna.on("message", ({ message, live }) => message.text === "from outside" && resolve([message.seq, live]));
    });
    clock.advance(1_000);
    expect(await arrived).toEqual([2, true]);
    expect(await topic.send("mine again")).toMatchObject({ seq: 3 });
  });

  it("can be read and proven as soon as it is in the list, before readers have it", async () => {
    await using world = await openWorld("memory", {
      clock: new ManualClock(),
      users: [],
      authenticate: async ({ name }) => ({ id: name, name, admin: false }),
    });
    const topic = await (await world.connect("anna")).topic(TITLE).open();
    await topic.send("mine");
    await say(world.store, topic.id ?? "", "from outside");
    expect(await topic.proof(2)).toContain("index 1\n");
    await say(world.store, topic.id ?? "", "and again");
    expect((await topic.history({ from: 3 })).map(({ text }) => text)).toEqual(["and again"]);
  });
});
