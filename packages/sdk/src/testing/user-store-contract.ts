import assert from "node:assert/strict";
import { randomId } from "../base/id.ts";
import type { TopicStore } from "../store/topic-store.ts";
import { ERASED_NAME, type UserChange, type UserRecord, type UserStore } from "../store/user-store.ts";
import { newTopic, rejectsWith } from "./store-entries.ts";
import type { TestRunner } from "./transport-world.ts";

export interface UserStoreUnderTest extends AsyncDisposable {
  /** Open and empty. */
  readonly users: UserStore;
  /** The topics of the same store: names of people are one directory. */
  readonly topics: TopicStore;
  /** Closes it and opens what it left behind, as a new process would. */
  reopen(): Promise<UserStore>;
}

/** Holds a store of users to its contract (`user-store.ts`); called like `topicStoreContract`. */
export function userStoreContract(
  name: string,
  open: () => Promise<UserStoreUnderTest>,
  { describe, it }: TestRunner,
): void {
  describe(`${name} keeps the contract of users`, () => {
    it("gives back what was stored, also when opened again", async () => {
      await using world = await open();
      const anna = newUser("Anna Ängström", { admin: true });
      const bernd = newUser("bernd");
      await world.users.createUser(anna);
      await world.users.createUser(bernd);
      const users = await world.reopen();
      assert.deepEqual(await users.findUser("Anna Ängström"), anna);
      assert.deepEqual(await users.findUser("bernd"), bernd);
      assert.equal(await users.findUser("carla"), undefined);
    });

    it("finds a name whatever its capitals and encoding, and keeps it as it was written", async () => {
      await using world = await open();
      const { users } = world;
      const user = newUser("Jürgen");
      await users.createUser(user);
      for (const typed of ["jürgen", "JÜRGEN", "Jürgen".normalize("NFD")]) {
        assert.deepEqual(await users.findUser(typed), user);
        await rejectsWith("NAME_TAKEN", users.createUser(newUser(typed)));
      }
      assert.equal(await users.findUser("Jurgen"), undefined);
      assert.equal((await users.listUsers()).length, 1);
    });

    it("takes one of two who ask for a name at the same time", async () => {
      await using world = await open();
      const { users } = world;
      const asked = await Promise.allSettled([newUser("anna"), newUser("Anna")].map((user) => users.createUser(user)));
      assert.deepEqual(asked.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    });

    const changes: readonly (readonly [string, UserChange])[] = [
      ["the hash of a password", { passwordHash: "$argon2id$new" }],
      ["a name", { name: "Änne" }],
      ["the rights", { admin: true }],
      ["whether somebody may log in", { disabled: true }],
      ["a consent", { consent: { at: 7, digest: "digest" } }],
      ["a legal hold", { legalHold: true }],
    ];
    for (const [what, change] of changes) {
      it(`changes ${what}, and nothing else`, async () => {
        await using world = await open();
        const [anna, bernd] = [newUser("anna"), newUser("bernd")];
        for (const user of [anna, bernd]) await world.users.createUser(user);
        assert.deepEqual(await world.users.updateUser(anna.id, change), { ...anna, ...change });
        await rejectsWith("USER_UNKNOWN", world.users.updateUser(randomId(), change));
        const users = await world.reopen();
        assert.deepEqual(await users.listUsers(), [{ ...anna, ...change }, bernd]);
      });
    }

    it("takes a consent, a hold and a ban back", async () => {
      await using world = await open();
      const anna = newUser("anna", { disabled: true, legalHold: true, consent: { at: 7, digest: "digest" } });
      await world.users.createUser(anna);
      const back = { disabled: false, legalHold: false, consent: undefined };
      await world.users.updateUser(anna.id, back);
      assert.deepEqual(await (await world.reopen()).findUser("anna"), { ...anna, ...back });
    });

    it("lets somebody take another name, by which alone they are found, in topics too", async () => {
      await using world = await open();
      const { users, topics } = world;
      const [anna, bernd] = [newUser("anna"), newUser("bernd")];
      for (const user of [anna, bernd]) await users.createUser(user);
      const topic = await newTopic(topics, "Share Deal");
      const pseudonym = await topics.pseudonym(topic.id, anna);
      await rejectsWith("NAME_TAKEN", users.updateUser(anna.id, { name: "Bernd" }));
      await users.updateUser(anna.id, { name: "ANNA" }); // her own
      await users.updateUser(anna.id, { name: "Änne" });
      assert.equal(await users.findUser("anna"), undefined);
      assert.equal((await users.findUser("änne"))?.id, anna.id);
      // A session that has begun before knows the old name only.
      assert.equal(await topics.pseudonym(topic.id, anna), pseudonym);
      assert.deepEqual((await topics.people(topic.id)).get(pseudonym), { id: anna.id, name: "Änne" });
      await users.createUser(newUser("anna"));
    });

    it("keeps one administrator who may log in, whoever asks at the same time", async () => {
      await using world = await open();
      const { users } = world;
      const [anna, bernd, carla, dora] = [
        newUser("anna", { admin: true }),
        newUser("bernd", { admin: true }),
        newUser("carla", { admin: true, disabled: true }),
        newUser("dora"),
      ];
      for (const user of [anna, bernd, carla, dora]) await users.createUser(user);
      const asked = [anna, bernd].map(({ id }) => users.updateUser(id, { admin: false }));
      const [kept, ...others] = (await Promise.allSettled(asked)).flatMap(({ status }, at) =>
        status === "rejected" ? [[anna, bernd][at]] : [],
      );
      assert.deepEqual(others, []);
      const last = kept?.id ?? "";
      await rejectsWith("LAST_ADMINISTRATOR", users.updateUser(last, { admin: false }));
      await rejectsWith("LAST_ADMINISTRATOR", users.updateUser(last, { disabled: true }));
      await rejectsWith("LAST_ADMINISTRATOR", users.eraseUser(last));
      await users.updateUser(last, { passwordHash: "$argon2id$new" });
      await users.updateUser(dora.id, { admin: true });
      await users.updateUser(last, { disabled: true });
    });

    it("erases somebody from the directory, and leaves the pseudonym", async () => {
      await using world = await open();
      const { users, topics } = world;
      const [anna, bernd] = [newUser("anna"), newUser("bernd")];
      for (const user of [anna, bernd]) await users.createUser(user);
      const topic = await newTopic(topics, "Share Deal");
      const pseudonym = await topics.pseudonym(topic.id, anna);
      await users.eraseUser(anna.id);
      assert.equal(await users.findUser("anna"), undefined);
      assert.deepEqual(await users.listUsers(), [bernd]);
      // Neither a session that has begun before, nor somebody else of that name, brings the name back.
      assert.equal(await topics.pseudonym(topic.id, anna), pseudonym);
      await users.createUser(newUser("anna"));
      assert.deepEqual((await topics.people(topic.id)).get(pseudonym), { id: anna.id, name: ERASED_NAME });
      await users.eraseUser(anna.id); // nothing is left to do
      await rejectsWith("USER_UNKNOWN", users.eraseUser(randomId()));
      await rejectsWith("USER_UNKNOWN", users.updateUser(anna.id, { name: "anna" }));
    });

    it("does not erase who is under a legal hold", async () => {
      await using world = await open();
      const anna = newUser("anna", { legalHold: true });
      await world.users.createUser(anna);
      await rejectsWith("LEGAL_HOLD", world.users.eraseUser(anna.id));
      assert.deepEqual(await world.users.findUser("anna"), anna);
      await world.users.updateUser(anna.id, { legalHold: false });
      await world.users.eraseUser(anna.id);
    });

    it("lists users in the order of their creation", async () => {
      await using world = await open();
      const { users } = world;
      assert.deepEqual(await users.listUsers(), []);
      const created = ["c", "a", "b"].map((letter) => newUser(letter));
      for (const user of created) await users.createUser(user);
      assert.deepEqual(await users.listUsers(), created);
    });
  });
}

const newUser = (name: string, more: Partial<UserRecord> = {}): UserRecord => ({
  id: randomId(),
  name,
  admin: false,
  passwordHash: `$argon2id$v=19$m=19456,t=2,p=1$${randomId()}`,
  createdAt: Date.UTC(2026, 0, 1),
  disabled: false,
  consent: undefined,
  legalHold: false,
  ...more,
});
