import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../src/store.ts";
import { newKey, newTopic, rejectsWith, say, textsOf } from "../../src/testing/store-entries.ts";
import { faultyStore, type StoreCall, type StoreFault, topicStoreContract } from "../../src/testing.ts";

async function openFaulty(plan: (call: StoreCall) => StoreFault | undefined) {
  const store = faultyStore(memoryStore(), plan);
  await store.open();
  return { store, topic: (await newTopic(store)).id };
}

describe("a faulty store", () => {
  it("fails the call that was planned, without effect, and no other", async () => {
    const { store, topic } = await openFaulty(({ method, count }) =>
      method === "append" && count === 2 ? { ends: "fails" } : undefined,
    );
    const [first, second, third] = await Promise.allSettled(
      ["one", "two", "three"].map((text) => say(store, topic, text)),
    );
    expect([first?.status, third?.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(second).toMatchObject({ reason: { code: "STORE_UNAVAILABLE", retryable: true } });
    expect(await textsOf(store, topic)).toEqual(["one", "three"]);
  });

  it("takes effect and fails all the same: the same call again finds out", async () => {
    const { store, topic } = await openFaulty(({ method, count }) =>
      method === "append" && count === 1 ? { ends: "failsAfterwards" } : undefined,
    );
    const key = newKey();
    await rejectsWith("STORE_UNAVAILABLE", say(store, topic, "one", key));
    expect(await say(store, topic, "one", key)).toMatchObject({ duplicate: true, entries: [{ seq: 1 }] });
  });

  it("hangs until it is let go, with the appends behind the one that hangs, while reading goes on", async () => {
    let letGo: () => void = () => {};
    const until = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const { store, topic } = await openFaulty(({ method, count }) =>
      method === "append" && count === 1 ? { until } : undefined,
    );
    const done: string[] = [];
    const saying = ["one", "two"].map((text) => say(store, topic, text).then(() => void done.push(text)));
    await turn();
    expect(await textsOf(store, topic)).toEqual([]);
    expect(done).toEqual([]);
    letGo();
    await Promise.all(saying);
    expect(done).toEqual(["one", "two"]);
    expect(await textsOf(store, topic)).toEqual(["one", "two"]);
  });

  it("fails with the error that the plan names, and reaches users, prepared messages and cursors too", async () => {
    const error = new Error("no such disk");
    const { store } = await openFaulty(({ method }) =>
      ["users.findUser", "prepared.list", "cursors.drop"].includes(method) ? { ends: "fails", error } : undefined,
    );
    await expect(store.users.findUser("anna")).rejects.toBe(error);
    await expect(store.prepared.list(undefined)).rejects.toBe(error);
    await expect(store.cursors.drop({ topicId: "", person: "", name: "" })).rejects.toBe(error);
    expect(await store.users.listUsers()).toEqual([]);
  });
});

topicStoreContract(
  "a faulty store without faults",
  async () => {
    const store = faultyStore(memoryStore(), () => undefined);
    await store.open();
    return {
      store,
      async reopen() {
        await store.close();
        await store.open();
        return store;
      },
      [Symbol.asyncDispose]: () => store.close(),
    };
  },
  { describe, it },
);
