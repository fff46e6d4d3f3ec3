import { createTestRoom } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";

const SUPERUSERS = { anna: ["superuser"], bernd: ["superuser"] } as const;

describe("faults of a test room", () => {
  it("cut somebody's connections, who comes back", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [await room.as("anna").client(), await room.as("bernd").client()];
    const states: string[] = [];
    anna.on("state", ({ state }) => states.push(`anna ${state}`));
    bernd.on("state", ({ state }) => states.push(`bernd ${state}`));
    room.faults.cut("anna");
    await room.until(() => states.length > 1);
    expect(states).toEqual(["anna resuming", "anna online"]);
    room.faults.cut();
    await room.until(() => states.length > 3 && anna.state === "online" && bernd.state === "online");
    expect(states).toContain("bernd resuming");
  });

  it("hold back in a partition what is under way, for one and not for others, until it is healed", async () => {
    await using room = await createTestRoom({ members: { ...SUPERUSERS, carla: ["superuser"] } });
    const [anna, bernd, carla] = [room.as("anna"), room.as("bernd"), room.as("carla")];
    await bernd.joins();
    room.faults.partition("bernd");
    await anna.says("are you there?");
    await carla.expects("are you there?");
    await bernd.expectsNothing();
    room.faults.heal("bernd");
    await bernd.expects("are you there?", { withinMs: 0 });
  });

  it("leave a partition to be noticed by heartbeats, and what was written meanwhile is stored once", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    const client = await bernd.client();
    await bernd.joins();
    room.faults.partition("bernd");
    const saying = bernd.says("hello?");
    await room.until(() => client.state !== "online");
    expect(client.state).toBe("resuming");
    room.faults.heal("bernd");
    await saying;
    await anna.expects("hello?");
    await anna.expectsNothing();
  });

  it("refuse connections, also those of people who come later", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const anna = await room.as("anna").client();
    room.faults.refuse();
    await room.until(() => anna.state === "offline");
    await expect(room.as("bernd").joins()).rejects.toMatchObject({ code: "UNREACHABLE" });
    room.faults.heal();
    await room.until(() => anna.state === "online");
    await room.as("bernd").joins();
  });

  it("lose the next message of a type, of one person, and nothing else", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    await Promise.all([anna.joins(), bernd.joins()]);
    // Towards the server.
    room.faults.dropNext("publish", "anna");
    const lost = anna.says("lost on the way");
    await bernd.says("not lost");
    await anna.expects("not lost");
    await bernd.expectsNothing();
    await room.reconnect("anna");
    expect(await lost).toMatchObject({ duplicate: false });
    // Towards the client.
    room.faults.dropNext("ack", "bernd");
    const stored = bernd.says("stored all the same");
    await anna.expects("stored all the same");
    await room.reconnect("bernd");
    expect(await stored).toMatchObject({ duplicate: true });
  });

  it("break the store, before or after it has written, and heal it", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    await Promise.all([anna.joins(), bernd.joins()]);
    room.faults.store.fail({ method: "append", times: 1, ends: "failsAfterwards" });
    expect(await anna.says("written, and nobody knows")).toMatchObject({ duplicate: true });
    await bernd.expects("written, and nobody knows");

    room.faults.store.fail();
    const saying = anna.says("later");
    await bernd.expectsNothing();
    room.faults.store.heal();
    await saying;
    await bernd.expects("later");
    expect(room.transcript()).toMatch(/the store is unavailable/);
  });

  it("let the server start again, on the same record and port", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    await anna.says("before");
    await bernd.expects("before");
    const before = room.server;
    await room.restart();
    expect(room.server).not.toBe(before);
    await anna.says("after");
    await bernd.expects("after");
  });

  it("are the same over real UDP", async () => {
    await using room = await createTestRoom({ members: SUPERUSERS, transport: "quic" });
    const [anna, bernd] = [room.as("anna"), room.as("bernd")];
    await bernd.joins();
    room.faults.dropNext("ack", "anna");
    const asking = anna.asks("How many?");
    await bernd.expects("How many?");
    await room.reconnect("anna");
    expect(await asking).toMatchObject({ duplicate: true });
    await room.restart();
    room.faults.partition("bernd");
    await anna.says("again");
    room.faults.heal();
    await bernd.expects("again");
  });
});
