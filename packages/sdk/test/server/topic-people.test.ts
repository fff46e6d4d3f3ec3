import { describe, expect, it } from "vitest";
import { Bulletin } from "../../src/server/bulletin.ts";
import { TopicPeople } from "../../src/server/topic-people.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import { newTopic } from "../../src/testing/store-entries.ts";
import { failingStore } from "./failing-store.ts";
import { turns } from "./raw-client.ts";

describe("the pseudonym of an author", () => {
  it("is told in call order, also when the directory is read meanwhile: so messages keep their order", async () => {
    const inner = memoryStore();
    await inner.open();
    const topic = await newTopic(inner);
    const faults = failingStore(inner);
    const people = new TopicPeople(topic.id, faults.store, new Set(), new Bulletin(), () => {});
    const anna = { id: "u", name: "anna" };
    const told: string[] = [];
    faults.hold("pseudonym");
    void people.pseudonymOf(anna).then(() => told.push("first"));
    await turns();
    await people.load();
    void people.pseudonymOf(anna).then(() => told.push("second"));
    await turns();
    faults.letGo();
    await turns();
    expect(told).toEqual(["first", "second"]);
    await inner.close();
  });
});
