import assert from "node:assert/strict";
import { randomId } from "../base/id.ts";
import type { UserRecord, UserStore } from "../store/user-store.ts";
import { rejectsWith } from "./store-entries.ts";
import type { TestRunner } from "./transport-world.ts";

export interface UserStoreUnderTest extends AsyncDisposable {
  /** Open and empty. */
  readonly users: UserStore;
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

    it("replaces the hash of a password, and nothing else", async () => {
      await using world = await open();
      const [anna, bernd] = [newUser("anna"), newUser("bernd")];
      for (const user of [anna, bernd]) await world.users.createUser(user);
      await world.users.setPasswordHash(anna.id, "$argon2id$new");
      await rejectsWith("USER_UNKNOWN", world.users.setPasswordHash(randomId(), "$argon2id$new"));
      const users = await world.reopen();
      assert.deepEqual(await users.listUsers(), [{ ...anna, passwordHash: "$argon2id$new" }, bernd]);
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
  ...more,
});
