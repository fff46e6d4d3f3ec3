import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import { failingStore } from "./failing-store.ts";
import { PASSWORD, turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

const publish = (text: string) => ({ type: "publish", id: randomId(), kind: "note", body: utf8(text) }) as const;

describe("a server that closes", () => {
  it("answers what it took, takes nothing new, and tells everybody when to come back", async () => {
    let faults: ReturnType<typeof failingStore> | undefined;
    await using world = await serverWorld({
      wrapStore: (store) => {
        faults = failingStore(store);
        return faults.store;
      },
    });
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    const writer = await anna.openTopic("Share Deal");
    const reader = await bernd.openTopic("Share Deal", 1);
    faults?.hold("append");
    writer.send(publish("taken"));
    await turns();
    const closing = world.server.close({ retryAfterMs: 4_321 });
    await turns();
    writer.send(publish("too late"));
    const request = bernd.open({ type: "listTopics" });
    expect(await request.next("error")).toMatchObject({ code: "SHUTTING_DOWN", retryable: true, retryAfterMs: 4_321 });
    expect(writer.types()).not.toContain("error");
    faults?.letGo();
    expect(await writer.next("ack")).toMatchObject({ seq: 1 });
    for (const stream of [writer, reader]) {
      expect(await stream.next("error")).toMatchObject({ code: "SHUTTING_DOWN", retryable: true, retryAfterMs: 4_321 });
      expect(await stream.ended()).toBe("end");
    }
    expect(reader.types()).toContain("entry");
    expect(writer.types()).not.toContain("refused");
    for (const client of [anna, bernd]) {
      expect(await client.control.next("goodbye")).toMatchObject({ code: "SHUTTING_DOWN", retryAfterMs: 4_321 });
      client.connection.close();
    }
    await closing;
    await world.store.open();
    expect((await world.store.listTopics({ limit: 1 }))[0]?.head.seq).toBe(1);
  });

  it("tells everybody at once, whatever one client asked for and does not read", async () => {
    await using world = await serverWorld({ maxPeerBytes: 1 });
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    const writer = await anna.openTopic("Share Deal");
    for (let count = 0; count < 20; count += 1) writer.send(publish("x".repeat(60_000)));
    for (let count = 0; count < 20; count += 1) await writer.next("ack");
    const [topic] = await world.store.listTopics({ limit: 1 });
    for (let count = 0; count < 3; count += 1) {
      bernd.open({ type: "readHistory", topic: topic?.id ?? "", from: 1, limit: 20 }).channel.pause();
    }
    await turns();
    const closing = world.server.close({ retryAfterMs: 4_321 });
    for (const { control, connection } of [anna, bernd]) {
      expect(await control.next("goodbye")).toMatchObject({ code: "SHUTTING_DOWN", retryAfterMs: 4_321 });
      connection.close();
    }
    await closing;
  });

  it("waits no longer than it may for what does not end", async () => {
    let faults: ReturnType<typeof failingStore> | undefined;
    await using world = await serverWorld({
      wrapStore: (store) => {
        faults = failingStore(store);
        return faults.store;
      },
    });
    const anna = await world.connect("anna");
    const writer = await anna.openTopic("Share Deal");
    faults?.hold("append");
    writer.send(publish("never answered"));
    await turns();
    const closing = world.server.close({ drainMs: 300 });
    await turns();
    world.clock.advance(225);
    expect(await anna.control.next("goodbye")).toMatchObject({ code: "SHUTTING_DOWN", retryable: true });
    world.clock.advance(75);
    expect(await anna.connection.closed).toMatchObject({ by: "peer", code: 2 });
    faults?.letGo();
    await closing;
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31])(
    "does not take %s for a time, and goes on",
    async (ms) => {
      await using world = await serverWorld();
      for (const name of ["drainMs", "retryAfterMs"]) {
        await expect(world.server.close({ [name]: ms })).rejects.toMatchObject({
          code: "OPTIONS_INVALID",
          message: `unable to serve; ${name} is ${ms}, not a number from 0 to 2147483647`,
        });
      }
      await world.connect("anna");
    },
  );

  it("tells a fraction of a millisecond as a whole one", async () => {
    await using world = await serverWorld();
    const anna = await world.connect("anna");
    const closing = world.server.close({ retryAfterMs: 1_500.5 });
    expect(await anna.control.next("goodbye")).toMatchObject({ retryAfterMs: 1_501 });
    anna.connection.close();
    await closing;
  });

  it("does not wait for ever for a store that hangs: what was acknowledged is stored", async () => {
    let faults: ReturnType<typeof failingStore> | undefined;
    const world = await serverWorld({
      wrapStore: (store) => {
        faults = failingStore(store);
        return faults.store;
      },
    });
    const anna = await world.connect("anna");
    const writer = await anna.openTopic("Share Deal");
    writer.send(publish("acknowledged"));
    await writer.next("ack");
    faults?.hold("close");
    const closing = world.server.close();
    await anna.control.next("goodbye");
    anna.connection.close();
    const failed = expect(closing).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: "unable to close the store; no answer for 5000 ms; what was acknowledged is stored",
    });
    await turns();
    world.clock.advance(5_000);
    await failed;
    expect(world.clock.pending).toBe(0);
    faults?.letGo();
  });

  it("lets nobody in and adds no topic while it finishes what is under way", async () => {
    let faults: ReturnType<typeof failingStore> | undefined;
    await using world = await serverWorld({
      wrapStore: (store) => {
        faults = failingStore(store);
        return faults.store;
      },
    });
    const [anna, left, checked] = [await world.connect("anna"), await world.connect("bernd"), await world.dial()];
    left.connection.close(9);
    const [late, back] = [await world.dial(), await world.dial()];
    const writer = await anna.openTopic("Share Deal");
    faults?.hold("append");
    writer.send(publish("taken"));
    checked.control.send({ type: "login", name: "bernd", password: PASSWORD });
    await turns(2);
    const closing = world.server.close({ retryAfterMs: 4_321 });
    await turns(2);
    late.control.send({ type: "login", name: "bernd", password: PASSWORD });
    back.control.send({ type: "resume", token: left.session?.token ?? "" });
    for (const { control, connection } of [checked, late, back]) {
      expect(await control.next("error")).toMatchObject({ code: "SHUTTING_DOWN", retryAfterMs: 4_321 });
      connection.close();
    }
    expect(await (await world.dial()).connection.closed).toMatchObject({ by: "peer", code: 2 });
    await expect(world.server.createTopic("Another")).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
    faults?.letGo();
    expect(await writer.next("ack")).toMatchObject({ seq: 1 });
    await anna.control.next("goodbye");
    anna.connection.close();
    await closing;
  });
});
