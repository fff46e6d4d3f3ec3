import { RedRoomError } from "@redroom/sdk";
import { describe, expect, it } from "vitest";
import { openRoom, type Room, TITLE, turns } from "./room.ts";

/** A room where one password holds at a time. */
async function openGuardedRoom() {
  const door = { password: "first" };
  const room = await openRoom({
    authenticate: async ({ name, password }) => {
      if (password !== door.password) throw new RedRoomError("LOGIN_FAILED", "unable to log in; it holds no more");
      return { id: name, name, admin: false };
    },
  });
  return Object.assign(room, { door });
}

/** Two messages: one that is stored, of which the client does not know, and one that has not left it. */
async function waiting(room: Room, client: Awaited<ReturnType<Room["connect"]>>) {
  const topic = await client.topic(TITLE).open();
  room.liar.lie = (message) => (message.type === "ack" ? [] : [message]);
  const sent = topic.send("sent");
  await turns(20);
  expect(sent.state).toBe("sent");
  room.liar.lie = (message) => [message];
  return {
    topic,
    async revoke() {
      expect(room.server.revoke("anna")).toBe(1);
      const queued = topic.send("queued");
      await turns(20);
      return [sent, queued] as const;
    },
  };
}

describe("a session that the server revokes", () => {
  it("ends at once, and goes on with other credentials from the function: what waited is stored once", async () => {
    await using room = await openGuardedRoom();
    const asked: (string | undefined)[] = [];
    let give: (password: string) => void = () => {};
    const auth = ({ refused }: { readonly refused?: RedRoomError }) => {
      asked.push(refused?.code);
      if (asked.length === 1) return { name: "anna", password: "first" };
      return new Promise<{ name: string; password: string }>((resolve) => {
        give = (password) => resolve({ name: "anna", password });
      });
    };
    const anna = await room.connect("anna", { auth });
    const bernd = await room.connect("bernd", { auth: { name: "bernd", password: "first" } });
    const { topic, revoke } = await waiting(room, anna);
    room.door.password = "second";
    const before = room.clock.now();
    const [sent, queued] = await revoke();
    expect(room.clock.now()).toBe(before);
    expect(anna.states).toMatchObject([{ previous: "online", state: "resuming", code: "SESSION_REVOKED" }]);
    expect([sent.state, queued.state, asked]).toEqual(["queued", "queued", [undefined, undefined]]);
    give("second");
    expect(await room.settled(sent)).toMatchObject({ seq: 1, duplicate: true });
    expect(await room.settled(queued)).toMatchObject({ seq: 2, duplicate: false });
    expect((await topic.history()).map(({ text }) => text)).toEqual(["sent", "queued"]);
    expect([anna.state, asked.length]).toEqual(["online", 2]);
    // It was one user's.
    expect(bernd.states).toEqual([]);
  });

  it("is over for good with credentials that hold no more: what waited fails", async () => {
    await using room = await openGuardedRoom();
    const anna = await room.connect("anna", { auth: { name: "anna", password: "first" } });
    const closed = new Promise((resolve) => anna.once("closed", (cause, end) => resolve([cause?.code, end])));
    const { revoke } = await waiting(room, anna);
    room.door.password = "second";
    const sending = await revoke();
    expect(await room.settled(closed)).toEqual(["LOGIN_FAILED", { unsent: 2 }]);
    expect(anna.states.map(({ state, code }) => [state, code])).toEqual([
      ["resuming", "SESSION_REVOKED"],
      ["failed", "LOGIN_FAILED"],
    ]);
    for (const one of sending) await expect(one).rejects.toMatchObject({ code: "LOGIN_FAILED" });
    expect(sending.map(({ state }) => state)).toEqual(["failed", "failed"]);
  });

  it("goes on by itself with credentials that still hold", async () => {
    await using room = await openGuardedRoom();
    const anna = await room.connect("anna", { auth: { name: "anna", password: "first" } });
    const { topic, revoke } = await waiting(room, anna);
    const sending = await revoke();
    expect((await room.settled(Promise.all(sending))).map(({ seq }) => seq)).toEqual([1, 2]);
    expect((await topic.history()).map(({ text }) => text)).toEqual(["sent", "queued"]);
  });
});
