import assert from "node:assert/strict";
import { randomId } from "../base/id.ts";
import { type CursorKey, type CursorStore, MAX_CURSORS } from "../store/cursor-store.ts";
import type { ServedStore } from "../store/served-store.ts";
import { newTopic, rejectsWith } from "./store-entries.ts";
import type { TestRunner } from "./transport-world.ts";

export interface CursorStoreUnderTest extends AsyncDisposable {
  /** Open and empty. */
  readonly store: ServedStore & { readonly cursors: CursorStore };
  /** Closes the store and opens what it left behind, as a new process would. */
  reopen(): Promise<ServedStore & { readonly cursors: CursorStore }>;
}

/** Holds a store of cursors to its contract (`cursor-store.ts`); called like `topicStoreContract`. */
export function cursorStoreContract(
  name: string,
  open: () => Promise<CursorStoreUnderTest>,
  { describe, it }: TestRunner,
): void {
  /** A cursor that nobody has claimed yet. */
  const keyIn = async (world: CursorStoreUnderTest, more: Partial<CursorKey> = {}): Promise<CursorKey> => ({
    topicId: (await newTopic(world.store)).id,
    person: randomId(),
    name: "answers",
    ...more,
  });

  describe(`${name} keeps the contract of cursors`, () => {
    it("gives back what was saved last, also when opened again, each time under a higher epoch", async () => {
      await using world = await open();
      const key = await keyIn(world);
      const { cursors } = world.store;
      assert.deepEqual(await cursors.claim(key), { epoch: 1, value: "" });
      await cursors.save(key, { epoch: 1, number: 1, value: "first" });
      await cursors.save(key, { epoch: 1, number: 2, value: STRANGE });
      assert.deepEqual(await cursors.claim(key), { epoch: 2, value: STRANGE });
      const again = (await world.reopen()).cursors;
      assert.deepEqual(await again.claim(key), { epoch: 3, value: STRANGE });
      await again.save(key, { epoch: 3, number: 1, value: "" });
      assert.deepEqual(await again.claim(key), { epoch: 4, value: "" });
    });

    it("keeps those of each person, topic and name apart", async () => {
      await using world = await open();
      const { cursors } = world.store;
      const key = await keyIn(world);
      const others = [
        { ...key, person: randomId() },
        { ...key, topicId: (await newTopic(world.store)).id },
        { ...key, name: "archivist" },
      ];
      await cursors.claim(key);
      await cursors.save(key, { epoch: 1, number: 1, value: "mine" });
      for (const other of others) {
        assert.deepEqual(await cursors.claim(other), { epoch: 1, value: "" });
        await cursors.save(other, { epoch: 1, number: 1, value: "another" });
      }
      for (const other of others) await cursors.drop(other);
      assert.deepEqual(await cursors.claim(key), { epoch: 2, value: "mine" });
    });

    it("refuses what anybody saves but the newest who has claimed", async () => {
      await using world = await open();
      const { cursors } = world.store;
      const key = await keyIn(world);
      await rejectsWith("CURSOR_TAKEN", cursors.save(key, { epoch: 1, number: 1, value: "unclaimed" }));
      await cursors.claim(key);
      await cursors.claim(key);
      await cursors.save(key, { epoch: 2, number: 1, value: "newer" });
      for (const epoch of [1, 3]) {
        await rejectsWith("CURSOR_TAKEN", cursors.save(key, { epoch, number: 9, value: "not theirs" }));
      }
      const elsewhere = { ...key, topicId: randomId() };
      await rejectsWith("CURSOR_TAKEN", cursors.save(elsewhere, { epoch: 2, number: 9, value: "nowhere" }));
      assert.deepEqual(await cursors.claim(key), { epoch: 3, value: "newer" });
    });

    it("gives each of many who claim at the same time an epoch of their own, and keeps the last one's saves", async () => {
      await using world = await open();
      const { cursors } = world.store;
      const key = await keyIn(world);
      const claims = Array.from({ length: 8 }, () => cursors.claim(key));
      const epochs = (await Promise.all(claims)).map(({ epoch }) => epoch);
      assert.deepEqual([...epochs].sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
      const saves = epochs.map((epoch) => cursors.save(key, { epoch, number: 1, value: `of ${epoch}` }));
      const outcomes = (await Promise.allSettled(saves)).map(({ status }) => status);
      assert.deepEqual(
        outcomes,
        epochs.map((epoch) => (epoch === 8 ? "fulfilled" : "rejected")),
      );
      assert.equal((await cursors.claim(key)).value, "of 8");
    });

    it("takes nothing back: what comes late does nothing, whether it comes once or again", async () => {
      await using world = await open();
      const { cursors } = world.store;
      const key = await keyIn(world);
      await cursors.claim(key);
      await cursors.save(key, { epoch: 1, number: 2, value: "second" });
      await cursors.save(key, { epoch: 1, number: 1, value: "first" });
      await cursors.save(key, { epoch: 1, number: 2, value: "second again" });
      assert.deepEqual(await cursors.claim(key), { epoch: 2, value: "second" });
      await cursors.save(key, { epoch: 2, number: 1, value: "of the next claim" });
      assert.equal((await cursors.claim(key)).value, "of the next claim");
    });

    it("keeps all of many saves at the same time, each of its cursor", async () => {
      await using world = await open();
      const { cursors } = world.store;
      const { topicId } = await newTopic(world.store).then(({ id }) => ({ topicId: id }));
      const keys = Array.from({ length: 300 }, (_, index) => ({ topicId, person: `person ${index}`, name: "place" }));
      await Promise.all(keys.map((key) => cursors.claim(key)));
      const value = ({ person }: CursorKey, number: number) => `${person}: ${number} ${"x".repeat(1_000)}`;
      const saves = [1, 2, 3].flatMap((number) =>
        keys.map((key) => cursors.save(key, { epoch: 1, number, value: value(key, number) })),
      );
      await Promise.all(saves);
      const again = (await world.reopen()).cursors;
      for (const key of keys) assert.deepEqual(await again.claim(key), { epoch: 2, value: value(key, 3) });
    });

    it("drops a cursor for good: nobody who held one in the topic before can save again", async () => {
      await using world = await open();
      const { cursors } = world.store;
      const [key, other] = [await keyIn(world), { name: "archivist" }];
      for (let claims = 0; claims < 3; claims += 1) await cursors.claim(key);
      await cursors.claim({ ...key, ...other });
      await cursors.drop(key);
      await cursors.drop({ ...key, ...other });
      await cursors.drop(key); // nothing is left to do
      await cursors.drop({ ...key, topicId: randomId() });
      await rejectsWith("CURSOR_TAKEN", cursors.save(key, { epoch: 3, number: 1, value: "late" }));
      const again = (await world.reopen()).cursors;
      assert.deepEqual(await again.claim(key), { epoch: 4, value: "" });
      assert.deepEqual(await again.claim({ ...key, ...other }), { epoch: 4, value: "" });
      await rejectsWith("CURSOR_TAKEN", again.save(key, { epoch: 3, number: 9, value: "later" }));
    });

    it("lets a person have so many in a topic, and more in others", async () => {
      await using world = await open();
      const { cursors } = world.store;
      const key = await keyIn(world);
      const named = (index: number) => ({ ...key, name: `bot-${index}` });
      for (let index = 0; index < MAX_CURSORS; index += 1) await cursors.claim(named(index));
      await rejectsWith("TOO_MANY_CURSORS", cursors.claim(named(MAX_CURSORS)));
      await cursors.claim(named(0));
      await cursors.claim({ ...named(MAX_CURSORS), topicId: (await newTopic(world.store)).id });
      await cursors.claim({ ...named(MAX_CURSORS), person: randomId() });
      await cursors.drop(named(0));
      await cursors.claim(named(MAX_CURSORS));
      await rejectsWith("TOO_MANY_CURSORS", cursors.claim(named(0)));
    });

    it("keeps as much as a value may have, whole", async () => {
      await using world = await open();
      const key = await keyIn(world);
      const value = "🏦".repeat(16_384);
      await world.store.cursors.claim(key);
      await world.store.cursors.save(key, { epoch: 1, number: 1, value });
      assert.equal((await (await world.reopen()).cursors.claim(key)).value, value);
    });

    it("knows nothing of a topic that is not there, and does nothing once closed", async () => {
      await using world = await open();
      const { store } = world;
      const key = await keyIn(world);
      await rejectsWith("TOPIC_UNKNOWN", store.cursors.claim({ ...key, topicId: randomId() }));
      await store.cursors.claim(key);
      await store.close();
      await rejectsWith("STORE_CLOSED", store.cursors.claim(key));
      await rejectsWith("STORE_CLOSED", store.cursors.save(key, { epoch: 1, number: 1, value: "closed" }));
      await rejectsWith("STORE_CLOSED", store.cursors.drop(key));
      assert.deepEqual(await (await world.reopen()).cursors.claim(key), { epoch: 2, value: "" });
    });

    it("removes the cursors of a user who is erased, and of nobody else, and makes no new ones", async () => {
      await using world = await open();
      const { cursors, users } = world.store;
      if (users === undefined) return;
      const key = await keyIn(world);
      const [anna, bernd] = ["anna", "bernd"].map((name) => ({ ...key, person: `${name}-id` })) as [
        CursorKey,
        CursorKey,
      ];
      for (const { person } of [anna, bernd]) await users.createUser({ ...USER, id: person, name: person });
      for (const mine of [anna, bernd]) {
        await cursors.claim(mine);
        await cursors.save(mine, { epoch: 1, number: 1, value: `of ${mine.person}` });
      }
      await users.updateUser(bernd.person, { name: "another name" });
      await users.eraseUser(anna.person);
      await rejectsWith("CURSOR_TAKEN", cursors.save(anna, { epoch: 1, number: 2, value: "still here" }));
      await rejectsWith("USER_UNKNOWN", cursors.claim(anna));
      assert.deepEqual(await cursors.claim(bernd), { epoch: 2, value: "of bernd-id" });
      await rejectsWith("USER_UNKNOWN", (await world.reopen()).cursors.claim(anna));
    });
  });
}

const STRANGE = `{"seq":7}\n\u0000\u{1f3e6} "Rückstellungen"`;

const USER = {
  admin: false,
  passwordHash: "$argon2id$",
  createdAt: Date.UTC(2026, 0, 1),
  disabled: false,
  consent: undefined,
  legalHold: false,
};
