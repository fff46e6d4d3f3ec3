import type { Cursor, RedRoomError, RedRoomServerOptions } from "@redroom/sdk";
import { faultyStore, type StoreFault } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";
import { DEAL, openDealRoom, PARTY } from "./deal-room.ts";
import { openRoom, type Room, TITLE } from "./room.ts";

/** What the bot finds when it claims its cursor again. */
async function savedValue(room: Room, name = "bot"): Promise<string | undefined> {
  const client = await room.connect(name);
  return (await room.settled(client.topic(TITLE).claimCursor("place"))).value;
}

const claim = async (room: Room, name = "bot"): Promise<Cursor> =>
  room.settled((await room.connect(name)).topic(TITLE).claimCursor("place"));

describe("a cursor", () => {
  it("belongs to the newest claim: what the one before still saves is refused", async () => {
    await using room = await openRoom();
    const older = await claim(room);
    await room.settled(older.save("from the older one"));
    const newer = await claim(room);
    expect(newer).toMatchObject({ epoch: 2, value: "from the older one" });

    await expect(room.settled(older.save("too late"))).rejects.toMatchObject({
      code: "CURSOR_TAKEN",
      retryable: false,
    });

    await room.settled(newer.save("from the newer one"));
    expect(await savedValue(room)).toBe("from the newer one");
  });

  it("is one of each user's own, of each topic and of each name", async () => {
    await using room = await openRoom();
    await room.server.createTopic("Asset Deal");
    const client = await room.connect("bot");
    const mine = await room.settled(client.topic(TITLE).claimCursor("place"));
    await room.settled(mine.save("mine"));
    for (const other of [
      client.topic(TITLE).claimCursor("another"),
      client.topic("Asset Deal").claimCursor("place"),
      (await room.connect("bernd")).topic(TITLE).claimCursor("place"),
    ]) {
      expect(await room.settled(other)).toMatchObject({ epoch: 1, value: undefined });
    }
    expect(await savedValue(room)).toBe("mine");
  });

  it("takes 65,536 bytes and not one more, also where texts of messages are shorter", async () => {
    await using room = await openRoom({ limits: { maxTextBytes: 1, maxTitleBytes: 16 } });
    const cursor = await claim(room);
    const most = "ü".repeat(32_768);
    await room.settled(cursor.save(most));
    expect(await savedValue(room)).toBe(most);
  });

  it("refuses a text before it is sent that is too long, or no text", async () => {
    await using room = await openRoom();
    const cursor = await claim(room);
    await room.settled(cursor.save("before"));
    const sent: string[] = [];
    room.liar.lie = (message) => {
      sent.push(message.type);
      return [message];
    };
    await expect(cursor.save(`${"ü".repeat(32_768)}x`)).rejects.toMatchObject({
      code: "TEXT_TOO_LARGE",
      message: "unable to save the cursor; the text has 65537 bytes, the limit is 65536",
    });
    await expect(cursor.save("\ud83c")).rejects.toMatchObject({ code: "TEXT_INVALID" });
    expect(sent).toEqual([]);
    expect(await savedValue(room)).toBe("before");
  });

  it.each(["", "Answers", "1st", "ans wers", "answers/", "a".repeat(33), "ä"])("cannot be called %j", async (name) => {
    await using room = await openRoom();
    const topic = (await room.connect("bot")).topic(TITLE);
    await expect(room.settled(topic.claimCursor(name))).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    await expect(room.settled(topic.dropCursor(name))).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    expect(await room.settled(topic.claimCursor("a-9"))).toMatchObject({ name: "a-9" });
  });

  it("is one of 16 at most; another may come where one was dropped", async () => {
    await using room = await openRoom();
    const topic = (await room.connect("bot")).topic(TITLE);
    for (let index = 0; index < 16; index += 1) await room.settled(topic.claimCursor(`bot-${index}`));
    await expect(room.settled(topic.claimCursor("bot-16"))).rejects.toMatchObject({
      code: "TOO_MANY_CURSORS",
      remedy: expect.stringContaining("drop"),
    });
    expect(await room.settled(topic.claimCursor("bot-15"))).toMatchObject({ epoch: 2 });
    await room.settled(topic.dropCursor("bot-0"));
    await room.settled(topic.claimCursor("bot-16"));
  });

  it("that was dropped is nobody's any more, and is not there when it is claimed again", async () => {
    await using room = await openRoom();
    const client = await room.connect("bot");
    const cursor = await claim(room);
    await room.settled(cursor.save("retired"));
    await room.settled(client.topic(TITLE).dropCursor("place"));
    await room.settled(client.topic(TITLE).dropCursor("place"));
    await expect(room.settled(cursor.save("still running"))).rejects.toMatchObject({ code: "CURSOR_TAKEN" });
    expect(await claim(room)).toMatchObject({ epoch: 2, value: undefined });
    await expect(room.settled(cursor.save("still running"))).rejects.toMatchObject({ code: "CURSOR_TAKEN" });
  });

  it("says how far the topic was when it was claimed", async () => {
    await using room = await openRoom();
    const anna = await room.settled((await room.connect("anna")).topic(TITLE).open());
    expect((await claim(room)).head).toBe(0);
    const { seq } = await room.settled(anna.note("one more"));
    expect((await claim(room)).head).toBe(seq);
  });

  it("is for who reads the topic: nobody else learns of it, or makes one", async () => {
    await using room = await openDealRoom({ anna: PARTY, noter: ["interviewer"] });
    await room.settled((await room.connect("anna")).topic(DEAL).claimCursor("place"));
    const stranger = (await room.connect("stranger")).topic(DEAL);
    await expect(room.settled(stranger.claimCursor("place"))).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    await expect(room.settled(stranger.dropCursor("place"))).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    const nowhere = (await room.connect("anna")).topic("There is no such topic");
    await expect(room.settled(nowhere.claimCursor("place"))).rejects.toMatchObject({ code: "NOT_ALLOWED" });
  });

  it("cannot be saved by who was removed since, is kept, and can be when they are back", async () => {
    await using room = await openDealRoom({ bot: PARTY });
    const cursor = await room.settled((await room.connect("bot")).topic(DEAL).claimCursor("place"));
    await room.settled(cursor.save("before"));
    await room.setRoles("bot", []);
    await expect(room.settled(cursor.save("without a right"))).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    await room.setRoles("bot", PARTY);
    const again = await room.settled((await room.connect("bot")).topic(DEAL).claimCursor("place"));
    expect(again).toMatchObject({ epoch: 2, value: "before" });
    await room.settled(again.save("after"));
  });

  it.each<NonNullable<StoreFault["ends"]>>(["fails", "failsAfterwards"])(
    "is what it was or what was saved, whole, when the store %s, and can be saved again",
    async (ends) => {
      let failing = false;
      const wrapStore = (store: RedRoomServerOptions["store"]) =>
        faultyStore(store, ({ method }) => (failing && method === "cursors.save" ? { ends } : undefined));
      await using room = await openRoom({ wrapStore });
      const cursor = await claim(room);
      await room.settled(cursor.save("before"));
      failing = true;
      await expect(room.settled(cursor.save("in the middle"))).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        retryable: true,
      });
      failing = false;
      await room.pass(5_000);
      expect(await savedValue(room)).toBe(ends === "fails" ? "before" : "in the middle");
      const again = await claim(room);
      await room.settled(again.save("after"));
      expect(await savedValue(room)).toBe("after");
    },
  );

  it("outlives a server, and so does who holds it", async () => {
    await using room = await openRoom();
    const [older, holder] = [await claim(room), await claim(room)];
    await room.settled(holder.save("before"));
    await room.stop();
    await expect(holder.save("meanwhile")).rejects.toMatchObject({ code: "CONNECTION_LOST", retryable: true });
    await room.start();
    await room.pass(10_000);
    await room.settled(holder.save("after"));
    await expect(room.settled(older.save("too late"))).rejects.toMatchObject({ code: "CURSOR_TAKEN" });
    expect(await savedValue(room)).toBe("after");
  });

  it("may be saved again when the answer is lost: the newest stays", async () => {
    await using room = await openRoom();
    const cursor = await claim(room);
    let lost = 0;
    room.liar.lie = (message) => {
      if (message.type !== "cursorSaved" || lost > 0) return [message];
      lost += 1;
      room.network.cut();
      return [];
    };
    await expect(room.settled(cursor.save("first"))).rejects.toMatchObject({ retryable: true });
    await room.pass(5_000);
    await room.settled(cursor.save("second"));
    expect(lost).toBe(1);
    expect(await savedValue(room)).toBe("second");
  });

  it("keeps the newest of many saves at the same time", async () => {
    await using room = await openRoom();
    const cursor = await claim(room);
    await room.settled(Promise.all(Array.from({ length: 50 }, (_, index) => cursor.save(`save ${index}`))));
    expect(await savedValue(room)).toBe("save 49");
  });

  it("may be saved as often as a busy bot does; beyond the quota it is told how long to wait", async () => {
    await using room = await openRoom();
    const cursor = await claim(room);
    for (let count = 0; count < 1_500; count += 1) await cursor.save(`${count}`);
    const refused = (async (): Promise<RedRoomError | undefined> => {
      for (let count = 1_500; count < 3_000; count += 1) {
        try {
          await cursor.save(`${count}`);
        } catch (error) {
          return error as RedRoomError;
        }
      }
      return undefined;
    })();
    const error = await refused;
    expect(error).toMatchObject({ code: "TOO_MANY_REQUESTS", retryable: true });
    await room.pass(error?.retryAfterMs ?? 0, 1);
    await cursor.save("after the wait");
    await room.pass(1_000);
    expect(await savedValue(room)).toBe("after the wait");
  });

  it("goes by the user's id, also where the application has users of its own and the store none", async () => {
    const names = new Map([["7", "answer bot"]]);
    const authenticate = async ({ name: id }: { readonly name: string }) => {
      return { id, name: names.get(id) ?? id, admin: false };
    };
    await using room = await openRoom({ wrapStore: (store) => without(store, "users"), authenticate });
    await room.settled((await claim(room, "7")).save("of the bot 7"));
    names.set("7", "the answering bot");
    expect(await savedValue(room, "7")).toBe("of the bot 7");
    expect(await savedValue(room, "answer bot")).toBeUndefined();
  });

  it("cannot be had where the store keeps none, and all else can", async () => {
    await using room = await openRoom({ wrapStore: (store) => without(store, "cursors") });
    const topic = await room.settled((await room.connect("bot")).topic(TITLE).open());
    await expect(room.settled(topic.claimCursor("place"))).rejects.toMatchObject({ code: "NOT_ALLOWED" });
    await room.settled(topic.note("still here"));
  });

  it("is asked for only while the client is online", async () => {
    await using room = await openRoom();
    const client = await room.connect("bot");
    await room.settled(client.close({ drainMs: 0 }));
    await expect(client.topic(TITLE).claimCursor("place")).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  it("that a server makes up ends the session", async () => {
    await using room = await openRoom();
    const client = await room.connect("bot");
    room.liar.lie = (message) => (message.type === "cursor" ? [{ ...message, body: Uint8Array.of(0xff) }] : [message]);
    await expect(room.settled(client.topic(TITLE).claimCursor("place"))).rejects.toMatchObject({
      code: "PROTOCOL_ERROR",
    });
    await room.until(() => client.state === "failed");
  });
});

type Store = RedRoomServerOptions["store"];

/** The same store without one of its parts. */
const without = (store: Store, part: "users" | "cursors"): Store =>
  new Proxy(store, {
    get(target, name) {
      if (name === part) return undefined;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
