import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { MessageOf } from "../../src/protocol/messages.ts";
import { openWorld, PASSWORD, type WorldKind } from "../world.ts";
import { ask, codeOf, OTHER_PASSWORD, peopleWorld } from "./people-world.ts";
import type { RawClient } from "./raw-client.ts";

async function topicIdOf(client: RawClient): Promise<string> {
  const list = (await ask(client, { type: "listTopics" })) as MessageOf<"topicList">;
  return list.topics[0]?.id ?? "";
}

/** Somebody who has claimed a cursor, and says every word to the server. */
async function rawClaim(world: Awaited<ReturnType<typeof peopleWorld>>, name: string) {
  const client = await world.connect(name);
  const topic = await topicIdOf(client);
  const claim = () => ask(client, { type: "claimCursor", topic, name: "place" });
  expect(await claim()).toMatchObject({ type: "cursor", epoch: 1 });
  const save = (number: number, body: Uint8Array, epoch = 1) =>
    ask(client, { type: "saveCursor", topic, name: "place", epoch, number, body });
  const value = async () => Buffer.from(((await claim()) as MessageOf<"cursor">).body).toString();
  return { client, topic, claim, save, value };
}

describe("a client that saves a cursor word by word", () => {
  it("is refused what is too long or no text, and what was saved stays", async () => {
    await using world = await peopleWorld();
    const { save, value } = await rawClaim(world, "anna");
    expect(await save(1, utf8("before"))).toEqual({ type: "cursorSaved" });
    expect(await save(2, new Uint8Array(65_537).fill(0x78))).toMatchObject({
      code: "TEXT_TOO_LARGE",
      message: "unable to save the cursor; 65537 bytes, the limit is 65536",
    });
    expect(await save(3, Uint8Array.of(0x78, 0xff))).toMatchObject({ code: "TEXT_INVALID" });
    expect(await value()).toBe("before");
  });

  it("takes nothing back by a save that comes late", async () => {
    await using world = await peopleWorld();
    const { save, value } = await rawClaim(world, "anna");
    expect(await save(2, utf8("second"))).toEqual({ type: "cursorSaved" });
    expect(await save(1, utf8("first"))).toEqual({ type: "cursorSaved" });
    expect(await value()).toBe("second");
  });

  it("cannot guess the next epoch", async () => {
    await using world = await peopleWorld();
    const { save, value } = await rawClaim(world, "anna");
    expect(codeOf(await save(1, utf8("guessed"), 2))).toBe("CURSOR_TAKEN");
    expect(await value()).toBe("");
  });

  it("has broken the protocol with a name that cannot be one", async () => {
    await using world = await peopleWorld();
    const { client, topic } = await rawClaim(world, "anna");
    client.open({ type: "claimCursor", topic, name: "Place" });
    expect(await client.connection.closed).toMatchObject({ code: 1 });
  });

  it("loses every cursor when the user is erased, and keeps them under another name or password", async () => {
    await using world = await peopleWorld();
    const root = await world.connect("root");
    const [anna, bernd] = [await rawClaim(world, "anna"), await rawClaim(world, "bernd")];
    await anna.save(1, utf8("of anna"));
    await bernd.save(1, utf8("of bernd"));

    const renamed = await ask(bernd.client, { type: "changeName", name: "Bernhard" });
    expect(codeOf(renamed)).toBe("accountChanged");
    await ask(root, { type: "changeUser", name: "bernhard", password: OTHER_PASSWORD });
    const again = await world.dial();
    await again.login("Bernhard", OTHER_PASSWORD);
    const claimed = await ask(again, { type: "claimCursor", topic: bernd.topic, name: "place" });
    expect(claimed).toMatchObject({ epoch: 2, body: utf8("of bernd") });

    const person = await world.idOf("anna");
    expect(codeOf(await ask(root, { type: "eraseUser", name: "anna" }))).toBe("userErased");
    expect(await anna.client.control.ended()).toBeDefined();
    const key = { topicId: anna.topic, person, name: "place" };
    await expect(world.store.cursors.save(key, { epoch: 1, number: 2, value: "" })).rejects.toMatchObject({
      code: "CURSOR_TAKEN",
    });
    // Somebody else of that name has nothing to do with them.
    await ask(root, { type: "addUser", name: "anna", password: PASSWORD, admin: false });
    const other = await world.dial();
    await other.login("anna", PASSWORD);
    const fresh = await ask(other, { type: "claimCursor", topic: anna.topic, name: "place" });
    expect(fresh).toMatchObject({ epoch: 1, body: utf8("") });
  });
});

describe.each<WorldKind>(["memory", "real"])("the cursors of a server (%s)", (kind) => {
  it("fence off the older of two programs under one name", async () => {
    await using world = await openWorld(kind);
    const older = await (await world.connect("anna")).topic("Share Deal").claimCursor("answers");
    await older.save('{"seq":1}');
    const newer = await (await world.connect("anna")).topic("Share Deal").claimCursor("answers");
    expect(newer).toMatchObject({ epoch: 2, head: 0, value: '{"seq":1}' });
    await expect(older.save('{"seq":2}')).rejects.toMatchObject({ code: "CURSOR_TAKEN" });
    await newer.save("ü".repeat(32_768));
    const last = await (await world.connect("anna")).topic("Share Deal").claimCursor("answers");
    expect(last.value).toBe("ü".repeat(32_768));
  });

  it("serve a bot in many topics that saves as fast as it can", async () => {
    const topics = Array.from({ length: 20 }, (_, index) => `Topic ${index}`);
    await using world = await openWorld(kind, { topics });
    const client = await world.connect("anna");
    const cursors = await Promise.all(topics.map((title) => client.topic(title).claimCursor("archivist")));
    await Promise.all(
      cursors.map(async (cursor) => {
        for (let seq = 1; seq <= 50; seq += 1) await cursor.save(`{"seq":${seq}}`);
      }),
    );
    const again = await Promise.all(topics.map((title) => client.topic(title).claimCursor("archivist")));
    expect(again.map(({ value }) => value)).toEqual(topics.map(() => '{"seq":50}'));
  });
});
