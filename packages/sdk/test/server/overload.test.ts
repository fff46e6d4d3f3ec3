import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { randomId } from "../../src/base/id.ts";
import { BURST_MS, RateLimit } from "../../src/server/rate-limit.ts";
import { SESSION_LIMITS, Sessions } from "../../src/server/sessions.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { turns } from "./raw-client.ts";
import { serverWorld } from "./server-world.ts";

const publish = (text: string) => ({ type: "publish", id: randomId(), kind: "note", body: utf8(text) }) as const;

describe("a rate limit", () => {
  it("lets through what is allowed on average, and a burst, and no more", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.nat(2_000), { minLength: 1, maxLength: 60 }),
        (perSecond, pauses) => {
          const clock = new ManualClock();
          const limit = new RateLimit(perSecond, clock);
          const begun = clock.now();
          let taken = 0;
          for (const pause of pauses) {
            clock.advance(pause);
            while (limit.waitMs(1) === 0) {
              limit.take(1);
              taken += 1;
            }
            // The wait it names is as long as needed, and hardly longer.
            const waitMs = limit.waitMs(1);
            expect(waitMs).toBeLessThanOrEqual(Math.ceil(1_000 / perSecond));
            const allowed = (perSecond * (clock.now() - begun + BURST_MS)) / 1_000;
            expect(taken).toBeLessThanOrEqual(allowed + 1e-6);
          }
          clock.advance(limit.waitMs(1));
          expect(limit.waitMs(1)).toBe(0);
        },
      ),
      { examples: [[3, [0, 627, 796, 934, 1_237, 1_485, 1_866, 730]]] }, // was late by the rounding of thirds
    );
  });

  it("gives nothing for a clock that was set back", () => {
    let now = 1_000_000;
    const limit = new RateLimit(1, { now: () => now, monotonic: () => now, setTimer: () => ({ cancel() {} }) });
    limit.take(4);
    now -= 500_000;
    expect(limit.waitMs(1)).toBe(1_000);
    now += 1_000;
    expect(limit.waitMs(1)).toBe(0);
  });
});

describe("sessions without a connection", () => {
  const account = (id: string) => ({ user: { id, name: id, admin: false }, basis: undefined, consent: undefined });
  const carrier = () => ({ replaced() {}, revoked() {}, renamed() {}, consented() {} });

  it("are bounded: the oldest goes first, and one user's many do not push out those of others", () => {
    const sessions = new Sessions(new ManualClock(), { ...SESSION_LIMITS, maxSuspended: 5, maxSuspendedPerUser: 2 });
    const suspend = (name: string): string => {
      const connection = carrier();
      const admission = sessions.begin(account(name), connection, 0);
      sessions.release(connection, admission, false);
      return admission.token;
    };
    const anna = suspend("anna");
    const many = Array.from({ length: 10 }, () => suspend("mallory"));
    expect(sessions.size).toBe(3);
    expect(() => sessions.resume(many[0] ?? "", carrier())).toThrow(/unable to resume/);
    expect(sessions.resume(anna, carrier()).resumed).toBe(true);
    for (const name of ["b", "c", "d", "e"]) suspend(name);
    expect(() => sessions.resume(many[8] ?? "", carrier())).toThrow(/unable to resume/);
    expect(sessions.resume(many[9] ?? "", carrier()).resumed).toBe(true);
  });
});

describe("a server that is asked too much", () => {
  it("refuses requests beyond the quota, and says when to ask again", async () => {
    await using world = await serverWorld({ quotas: { connection: { requestsPerSecond: 1 } } });
    const anna = await world.connect("anna");
    const ask = () => anna.open({ type: "listTopics" });
    const all = Array.from({ length: 5 }, ask);
    for (const stream of all.slice(0, 4)) await stream.next("topicList");
    expect(await all[4]?.next("error")).toMatchObject({
      code: "TOO_MANY_REQUESTS",
      retryable: true,
      retryAfterMs: 1_000,
    });
    world.clock.advance(1_000);
    await ask().next("topicList");
  });

  it("counts the requests of a user over all connections", async () => {
    await using world = await serverWorld({ quotas: { user: { requestsPerSecond: 1 } } });
    const [one, two, other] = [await world.connect("anna"), await world.connect("anna"), await world.connect("bernd")];
    for (let count = 0; count < 4; count += 1) await one.open({ type: "listTopics" }).next("topicList");
    expect(await two.open({ type: "listTopics" }).next("error")).toMatchObject({ code: "TOO_MANY_REQUESTS" });
    await other.open({ type: "listTopics" }).next("topicList");
  });

  it("takes frames beyond the quota later, and loses none", async () => {
    await using world = await serverWorld({ quotas: { connection: { framesPerSecond: 10 } } });
    const anna = await world.connect("anna");
    const writer = await anna.openTopic("Share Deal");
    for (let count = 0; count < 60; count += 1) writer.send(publish(`message ${count}`));
    await turns();
    const acks = () => writer.types().filter((type) => type === "ack").length;
    expect(acks()).toBeLessThan(45);
    for (let second = 0; second < 3; second += 1) {
      world.clock.advance(1_000);
      await turns();
    }
    expect(acks()).toBe(60);
    await anna.ping();
  });

  it("refuses one connection too many of an address or a user, with a time to come back", async () => {
    await using world = await serverWorld({ quotas: { address: { connections: 2 }, user: { connections: 1 } } });
    const anna = await world.connect("anna");
    const second = await world.dial();
    second.control.send({ type: "login", name: "anna", password: "correct horse battery" });
    expect(await second.control.next("error")).toMatchObject({ code: "TOO_MANY_CONNECTIONS", retryAfterMs: 5_000 });
    const third = await world.dial();
    expect(await third.control.next("error")).toMatchObject({ code: "TOO_MANY_CONNECTIONS", retryable: true });
    for (const { connection } of [second, third, anna]) {
      connection.close();
      await connection.closed;
    }
    await turns();
    await world.connect("anna");
  });

  it.each([0, Number.NaN, Number.POSITIVE_INFINITY])("does not take %s for a quota", async (requestsPerSecond) => {
    await expect(serverWorld({ quotas: { user: { requestsPerSecond } } })).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringMatching(/quotas\.user\.requestsPerSecond/),
    });
  });
});

describe("a reader that stops reading", () => {
  const LONG = "x".repeat(20_000);

  it("is cut off after 30 seconds with a reason, holds up nobody, and goes on from its cursor", async () => {
    await using world = await serverWorld();
    const [anna, bernd, carla] = [
      await world.connect("anna"),
      await world.connect("bernd"),
      await world.connect("bernd"),
    ];
    const writer = await anna.openTopic("Share Deal");
    const slow = await bernd.openTopic("Share Deal", 1);
    const fast = await carla.openTopic("Share Deal", 1);
    slow.channel.pause();
    for (let count = 0; count < 40; count += 1) {
      writer.send(publish(LONG));
      await writer.next("ack");
      await fast.next("entry");
    }
    world.clock.advance(15_000);
    for (const client of [anna, bernd, carla]) await client.ping();
    world.clock.advance(15_000);
    expect(await slow.ended()).toBe("SLOW_CONSUMER");
    expect(world.log).toContainEqual(
      expect.objectContaining({ level: "warn", fields: expect.objectContaining({ code: "SLOW_CONSUMER" }) }),
    );
    const seen = slow.types().filter((type) => type === "entry").length;
    const again = await bernd.openTopic("Share Deal", seen + 1);
    for (let count = seen; count < 40; count += 1) await again.next("entry");
    expect(again.types().filter((type) => type === "entry")).toHaveLength(40 - seen);
  });

  it("is not cut off while it takes something now and then, however long an entry is", async () => {
    await using world = await serverWorld({ limits: { maxTextBytes: 4 * 1024 * 1024 } });
    const [anna, bernd] = [await world.connect("anna"), await world.connect("bernd")];
    const writer = await anna.openTopic("Share Deal");
    writer.send(publish("x".repeat(3 * 1024 * 1024)));
    await writer.next("ack");
    const [topic] = await world.store.listTopics({ limit: 1 });
    const readers = [
      bernd.open({ type: "openTopic", title: "Share Deal", from: 1 }),
      bernd.open({ type: "readHistory", topic: topic?.id ?? "", from: 1, limit: 1 }),
    ];
    for (const { channel } of readers) channel.maxFrameBytes = 64 * 1024 * 1024;
    for (let times = 0; times < 8; times += 1) {
      for (const { channel } of readers) channel.resume();
      await turns(2);
      for (const { channel } of readers) channel.pause();
      world.clock.advance(15_000);
      await anna.ping();
      await bernd.ping();
    }
    for (const reader of readers) {
      expect([reader.over, reader.types().includes("entry")]).toEqual([undefined, false]);
      reader.channel.resume();
      await reader.next("entry");
    }
  });

  it("of an answer is cut off too", async () => {
    await using world = await serverWorld();
    const anna = await world.connect("anna");
    const writer = await anna.openTopic("Share Deal");
    for (let count = 0; count < 20; count += 1) writer.send(publish(LONG));
    for (let count = 0; count < 20; count += 1) await writer.next("ack");
    const [topic] = await world.store.listTopics({ limit: 1 });
    const request = anna.open({ type: "readHistory", topic: topic?.id ?? "", from: 1, limit: 500 });
    request.channel.pause();
    await turns();
    world.clock.advance(15_000);
    await anna.ping();
    world.clock.advance(18_000);
    expect(await request.ended()).toBe("SLOW_CONSUMER");
  });
});
