import { createUser, randomId } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { expect, it } from "vitest";
import { exportOf } from "../src/person-export.ts";
import { record } from "./record.ts";

it("what a person gets of a message has what applications have added to it, and nothing of others", async () => {
  const store = memoryStore();
  await store.open();
  const id = randomId();
  await store.createTopic({ id, title: "Share Deal", createdAt: 1, regulated: false });
  await createUser(store.users, { name: "anna", password: "correct horse battery" });
  const anna = await store.users.findUser("anna");
  if (anna === undefined) throw new Error("she is not there");
  const added = { metadata: { deal: "Müller" }, annotations: { checkedBy: "legal" } };
  const said = [
    { by: "anna", text: "Wie hoch?", kind: "question" as const, ...added },
    { by: "bernd", text: "25", kind: "answer" as const, re: 1, metadata: { source: "Bilanz" } },
  ];
  await record(store, id, said, { anna: anna.id });
  let document = "";
  for await (const piece of exportOf(store, anna)) document += piece;
  expect(JSON.parse(document).topics[0].messages).toEqual([
    expect.objectContaining({ seq: 1, kind: "question", text: "Wie hoch?", ...added }),
  ]);
});
