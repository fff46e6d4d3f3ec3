import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import { failingStore } from "./failing-store.ts";
import { PASSWORD, turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

const publish = (text: string, id = randomId()) => ({ type: "publish", id, kind: "note", body: utf8(text) }) as const;

async function world() {
  let faults: ReturnType<typeof failingStore> | undefined;
  const made = await serverWorld({
    wrapStore: (store) => {
      faults = failingStore(store);
      return faults.store;
    },
  });
  if (faults === undefined) throw new Error("there is no store");
  return Object.assign(made, { faults });
}

describe("a server whose store fails", () => {
  it("acknowledges nothing and delivers nothing, tells everybody, and goes on by itself", async () => {
    await using room = await world();
    const events: unknown[] = [];
    room.server.on("availability", ({ available, error }) => events.push([available, error?.code]));
    const [anna, bernd] = [await room.connect("anna"), await room.connect("bernd")];
    const writer = await anna.openTopic("Share Deal");
    const reader = await bernd.openTopic("Share Deal", 1);
    room.faults.fail();
    const message = publish("is it there?");
    writer.send(message);
    expect(await writer.next("error")).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    expect(await reader.next("error")).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    for (const { control } of [anna, bernd]) {
      expect(await control.next("availability")).toEqual({
        type: "availability",
        available: false,
        message: "unable to store or read anything now; the server cannot use its store",
      });
    }
    expect(writer.types()).not.toContain("refused");
    await anna.ping(); // sessions stay
    const inVain = anna.open({ type: "openTopic", title: "Share Deal" });
    expect(await inVain.next("error")).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });

    room.faults.heal();
    room.clock.advance(1_000);
    expect(await anna.control.next("availability")).toEqual({ type: "availability", available: true });
    const again = await anna.openTopic("Share Deal");
    again.send(message);
    expect(await again.next("ack")).toMatchObject({ seq: 1, duplicate: false });
    expect(events).toEqual([
      [false, "STORE_UNAVAILABLE"],
      [true, undefined],
    ]);
    expect(room.log.map(({ level, message: text }) => `${level} ${text}`)).toEqual([
      "error the store is unavailable: nothing is stored, acknowledged or delivered",
      "info the store is available again",
    ]);
  });

  it("does not acknowledge what was stored while it failed; sent again, it is acknowledged once", async () => {
    await using room = await world();
    const anna = await room.connect("anna");
    const writer = await anna.openTopic("Share Deal");
    room.faults.hold("append");
    const message = publish("stored, but who knows");
    writer.send(message);
    await turns();
    room.faults.fail();
    room.clock.advance(500);
    expect(await writer.next("error")).toMatchObject({ code: "STORE_UNAVAILABLE" });
    room.faults.heal();
    room.faults.letGo();
    await turns();
    expect(writer.types()).not.toContain("ack");
    room.clock.advance(1_000);
    await anna.control.next("availability");
    await anna.control.next("availability");
    const again = await anna.openTopic("Share Deal", 1);
    again.send(message);
    expect(await again.next("ack")).toMatchObject({ seq: 1, duplicate: true });
    expect(again.types().filter((type) => type === "entry")).toHaveLength(1);
  });

  it("stores nothing that was sent behind what it has lost", async () => {
    await using room = await world();
    const anna = await room.connect("anna");
    const writer = await anna.openTopic("Share Deal");
    room.faults.fail();
    for (const text of ["one", "two", "three"]) writer.send(publish(text));
    await writer.ended();
    room.faults.heal();
    await turns();
    expect(
      await room.store.read((await room.store.listTopics({ limit: 1 }))[0]?.id ?? "", { from: 1, limit: 9 }),
    ).toEqual([]);
  });

  it("refuses logins for the moment, and tells those who come back with a session", async () => {
    await using room = await world();
    const anna = await room.connect("anna");
    anna.connection.close(9);
    await anna.connection.closed;
    room.faults.fail();
    room.clock.advance(500);
    await turns();
    const bernd = await room.dial();
    bernd.control.send({ type: "login", name: "bernd", password: PASSWORD });
    expect(await bernd.control.next("error")).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    const back = await room.dial();
    await back.resume(anna.session?.token ?? "");
    expect(await back.control.next("availability")).toMatchObject({ available: false });
  });

  it("goes on although a listener of the application throws", async () => {
    await using room = await world();
    room.server.on("availability", () => {
      throw new Error("a mistake of the application");
    });
    const anna = await room.connect("anna");
    room.faults.fail();
    room.clock.advance(500);
    expect(await anna.control.next("availability")).toMatchObject({ available: false });
    room.faults.heal();
    room.clock.advance(1_000);
    expect(await anna.control.next("availability")).toMatchObject({ available: true });
    await anna.openTopic("Share Deal", 1);
  });

  it("closes while the store is down", async () => {
    const room = await world();
    await room.connect("anna");
    room.faults.fail();
    room.clock.advance(500);
    await turns();
    await room[Symbol.asyncDispose]();
    await turns();
    expect(room.clock.pending).toBe(0);
  });
});
