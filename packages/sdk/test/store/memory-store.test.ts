import { describe, it } from "vitest";
import { memoryStore } from "../../src/store.ts";
import { cursorStoreContract } from "../../src/testing/cursor-store-contract.ts";
import { preparedStoreContract } from "../../src/testing/prepared-store-contract.ts";
import { topicStoreContract } from "../../src/testing/topic-store-contract.ts";
import { userStoreContract } from "../../src/testing/user-store-contract.ts";

async function open() {
  const store = memoryStore();
  await store.open();
  const reopen = async () => {
    await store.close();
    await store.open();
    return store;
  };
  return { store, reopen, [Symbol.asyncDispose]: () => store.close() };
}

topicStoreContract("the memory store", open, { describe, it });
preparedStoreContract("the memory store", open, { describe, it });
cursorStoreContract("the memory store", open, { describe, it });
userStoreContract(
  "the memory store",
  async () => {
    const { store, reopen, ...rest } = await open();
    return { users: store.users, topics: store, reopen: async () => (await reopen()).users, ...rest };
  },
  { describe, it },
);
