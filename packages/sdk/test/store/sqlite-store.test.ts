import { describe, it } from "vitest";
import { cursorStoreContract } from "../../src/testing/cursor-store-contract.ts";
import { preparedStoreContract } from "../../src/testing/prepared-store-contract.ts";
import { topicStoreContract } from "../../src/testing/topic-store-contract.ts";
import { userStoreContract } from "../../src/testing/user-store-contract.ts";
import { openStore } from "./sqlite-files.ts";

topicStoreContract("the SQLite store", openStore, { describe, it });
preparedStoreContract("the SQLite store", openStore, { describe, it });
cursorStoreContract("the SQLite store", openStore, { describe, it });
userStoreContract(
  "the SQLite store",
  async () => {
    const world = await openStore();
    return {
      users: world.store.users,
      topics: world.store,
      reopen: async () => (await world.reopen()).users,
      [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
    };
  },
  { describe, it },
);
