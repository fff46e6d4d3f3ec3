import { RedRoomClient, type RedRoomServerOptions } from "@redroom/sdk";
import { memoryStore } from "@redroom/sdk/store";
import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";

const PEOPLE = { anna: ["interviewer"], bernd: ["interviewee"] } as const;

/** A script in which a seed decides: ids, and when somebody is back. */
async function play(seed: number) {
  await using room = await createTestRoom({ members: PEOPLE, seed });
  const question = await room.as("anna").asks("How many?");
  await room.as("bernd").expects({ kind: "question" });
  room.faults.refuse("bernd");
  await room.pass(2_000);
  room.faults.heal("bernd");
  await room.as("bernd").answers(question, "Three.");
  await room.as("anna").expects("Three.");
  await room.pass(3_000);
  const topic = await room.as("anna").joins();
  return { transcript: room.transcript(), ids: [topic.id, question.id, topic.self?.id] };
}

describe("a test room", () => {
  it("plays the same script alike with the same seed, to the millisecond and to the id", async () => {
    const [one, same, other] = [await play(7), await play(7), await play(8)];
    expect(same).toEqual(one);
    expect(other.ids).not.toEqual(one.ids);
    expect(other.transcript).not.toBe(one.transcript);
  });

  it("has nothing to do with another one", async () => {
    await using one = await createTestRoom({ members: PEOPLE });
    await using two = await createTestRoom({ members: PEOPLE });
    await Promise.all([one.as("anna").asks("first?"), two.as("anna").asks("second?")]);
    await one.as("bernd").expects("first?");
    one.faults.partition();
    await one.pass(60_000);
    await two.as("bernd").expects("second?");
    expect(two.clock.monotonic()).toBeLessThan(one.clock.monotonic() - 50_000);
    expect(two.transcript()).not.toMatch(/first|partition/);
  });

  it("leaves no timer behind, and is over once, whatever state it is in", async () => {
    const room = await createTestRoom({ members: PEOPLE });
    await room.as("anna").asks("How many?");
    room.faults.partition("anna");
    room.faults.refuse("bernd");
    room.faults.store.fail();
    await room.pass(30_000);
    await Promise.all([room[Symbol.asyncDispose](), room[Symbol.asyncDispose]()]);
    await room[Symbol.asyncDispose]();
    expect(room.clock.pending).toBe(0);
  });

  it("exchanges answers one for the other where the topic is regulated", async () => {
    const both = ["interviewer", "interviewee"];
    await using room = await createTestRoom({
      members: { anna: both, bernd: both },
      topics: { "Share Deal": { regulated: true } },
    });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const [hers, his] = [await anna.asks("Your provisions?"), await bernd.asks("Your bid?")];
    await bernd.answers(hers, "1.2 million");
    expect(await anna.expectsSealed({ from: "bernd", re: hers })).toMatchObject({ kind: "answer" });
    await anna.expectsNothing("1.2 million");
    expect(room.transcript()).toMatch(/answer of bernd.*\[anna: sealed, bernd\]/);
    await expect(bernd.expectsSealed()).rejects.toThrow(/bernd expected this, and it has not come: sealed message/);

    await anna.answers(his, "40 million");
    expect(await anna.expects("1.2 million")).toMatchObject({ re: hers.seq });
    await bernd.expects("40 million");
  });

  it("has several topics, each with people of its own", async () => {
    await using room = await createTestRoom({
      members: { ...PEOPLE, carla: [] },
      topics: { One: {}, Two: { members: { carla: ["superuser"], anna: ["interviewer"] } } },
    });
    const [anna, carla] = [room.as("anna"), room.as("carla")];
    await anna.topic("One").asks("first?");
    await anna.topic("Two").asks("second?");
    await carla.topic("Two").expects("second?");
    await expect(carla.topic("One").joins()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    await expect(room.as("bernd").topic("Two").joins()).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    expect(room.transcript()).toMatch(
      /One #3 question of anna: "first\?" {2}\[anna, bernd\]\n.*Two #3 question of anna/,
    );
  });

  it("knows everybody's corrections, withdrawals, closings and releases", async () => {
    await using room = await createTestRoom({ members: { anna: ["superuser"], bernd: ["superuser"] } });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const [first, second] = [await anna.asks("How many?"), await anna.asks("Why?")];
    await anna.corrects(first, "How much?");
    await anna.withdraws(first, "found it");
    await bernd.closes(second, "asked before");
    await expect(anna.releases(first)).rejects.toMatchObject({ code: expect.stringMatching(/./) });
    await bernd.expects({ kind: "correction", re: first, text: "How much?" });
    await bernd.expects({ kind: "withdrawal", re: first });
    await anna.expects({ kind: "closing", re: second, text: "asked before" });
    await expect(anna.says("")).rejects.toMatchObject({ code: "TEXT_INVALID" });
  });

  it("lets clients and bots in by its connections, and nobody with another password", async () => {
    await using room = await createTestRoom({ members: { ...PEOPLE, root: [] }, admins: ["root"] });
    const connection = room.connection("root");
    const root = await RedRoomClient.connect(room.address, connection);
    expect(root.user).toEqual({ id: "root", name: "root", admin: true });
    expect((await root.topics()).map(({ title }) => title)).toEqual(["Share Deal"]);
    await root.close();
    const stranger = { ...connection, auth: { name: "root", password: "guessed" } };
    await expect(RedRoomClient.connect(room.address, stranger)).rejects.toMatchObject({ code: "LOGIN_FAILED" });
  });

  it("passes an hour from timer to timer, and everybody is still there", async () => {
    await using room = await createTestRoom({ members: PEOPLE });
    const [anna, bernd] = [await room.as("anna").client(), await room.as("bernd").client()];
    const changes: unknown[] = [];
    for (const client of [anna, bernd]) client.on("state", (change) => changes.push(change));
    await room.pass(3_600_000);
    expect(room.clock.now()).toBe(Date.UTC(2026, 0, 1, 1));
    expect(changes).toEqual([]);
  });

  it("has users of the store where a test is about them", async () => {
    await using room = await createTestRoom({ members: { ...PEOPLE, root: [] }, admins: ["root"], users: true });
    const root = await room.as("root").client();
    expect((await root.users.list()).map(({ name }) => name)).toEqual(["anna", "bernd", "root"]);
    const bernd = await room.as("bernd").client();
    await bernd.changeName("bert");
    await room.as("anna").asks("How many?");
    await room.as("bernd").expects("How many?");
  });

  it("goes on upon a store that has its topic already, and leaves it as it is", async () => {
    const store = memoryStore();
    for (const [seed, text] of ["first?", "second?"].entries()) {
      await using room = await createTestRoom({ members: PEOPLE, store, seed });
      await room.as("anna").asks(text);
      await room.as("bernd").expects(text);
      expect((await store.people((await room.as("bernd").joins()).id ?? "")).size).toBe(3);
    }
  });

  it.each<[string, () => PromiseLike<unknown>]>([
    ["OPTIONS_INVALID", () => createTestRoom({ members: { server: ["superuser"] } })],
    ["ROLE_INVALID", () => createTestRoom({ members: { anna: ["king"] } })],
    ["TITLE_INVALID", () => createTestRoom({ members: PEOPLE, topics: [" "] })],
    ["OPTIONS_INVALID", () => createTestRoom({ members: PEOPLE, seed: 0.5 })],
    ["OPTIONS_INVALID", () => createTestRoom({ members: PEOPLE, users: true, store: withoutUsers() })],
  ])("refuses what cannot be: %s", async (code, open) => {
    await expect(open()).rejects.toMatchObject({ code });
  });
});

function withoutUsers(): RedRoomServerOptions["store"] {
  const store = memoryStore();
  Object.defineProperty(store, "users", { value: undefined });
  return store;
}
