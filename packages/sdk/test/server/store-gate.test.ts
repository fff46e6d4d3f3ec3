import { describe, expect, it } from "vitest";
import { RedRoomError } from "../../src/base/errors.ts";
import { randomId } from "../../src/base/id.ts";
import { StoreGate } from "../../src/server/store-gate.ts";
import { memoryStore } from "../../src/store/memory-store.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";
import { newTopic, say, textsOf } from "../../src/testing/store-entries.ts";
import { diskFull, failingStore } from "./failing-store.ts";
import { turns } from "./raw-client.ts";

async function gateWorld() {
  const inner = memoryStore();
  const faults = failingStore(inner);
  const clock = new ManualClock();
  const changes: (string | undefined)[] = [];
  const log: string[] = [];
  const line = (_fields: object, message: string) => void log.push(message);
  const gate = new StoreGate(faults.store, {
    clock,
    logger: { debug: line, info: line, warn: line, error: line },
    onChange: (outage) => changes.push(outage?.code),
  });
  await gate.open();
  return {
    gate,
    faults,
    clock,
    changes,
    log,
    topic: await newTopic(gate),
    /** Lets time pass, and what falls due be done. */
    async pass(ms: number): Promise<void> {
      clock.advance(ms);
      await turns();
    },
    async [Symbol.asyncDispose]() {
      faults.heal();
      await gate.close();
      expect(clock.pending).toBe(0);
    },
  };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "ok",
    (error: RedRoomError) => error.code,
  );

describe("the gate to the store", () => {
  it("closes with the first failure: every call after it fails at once, without asking the store", async () => {
    await using world = await gateWorld();
    world.faults.fail();
    expect(await codeOf(say(world.gate, world.topic.id, "lost"))).toBe("STORE_UNAVAILABLE");
    world.faults.heal();
    expect(await codeOf(world.gate.read(world.topic.id, { from: 1, limit: 1 }))).toBe("STORE_UNAVAILABLE");
    expect(await codeOf(world.gate.search(world.topic.id, { limit: 1 }))).toBe("STORE_UNAVAILABLE");
    expect(await codeOf(world.gate.users?.listUsers() ?? Promise.resolve())).toBe("STORE_UNAVAILABLE");
    expect(await codeOf(world.gate.prepared?.list(undefined) ?? Promise.resolve())).toBe("STORE_UNAVAILABLE");
    const key = { topicId: world.topic.id, person: "anna-id", name: "place" };
    const { cursors } = world.gate;
    expect(await codeOf(cursors?.claim(key) ?? Promise.resolve())).toBe("STORE_UNAVAILABLE");
    const save = { epoch: 1, number: 1, value: "" };
    expect(await codeOf(cursors?.save(key, save) ?? Promise.resolve())).toBe("STORE_UNAVAILABLE");
    expect(await codeOf(cursors?.drop(key) ?? Promise.resolve())).toBe("STORE_UNAVAILABLE");
    expect(world.changes).toEqual(["STORE_UNAVAILABLE"]);
  });

  it("lets no result through of a call that was under way", async () => {
    await using world = await gateWorld();
    world.faults.hold("append");
    const stored = codeOf(say(world.gate, world.topic.id, "stored, and not known to be"));
    await turns();
    expect(world.faults.held).toBe(1);
    world.faults.fail();
    await codeOf(world.gate.listTopics({ limit: 1 }));
    expect(await stored).toBe("STORE_UNAVAILABLE");
    world.faults.heal();
    world.faults.letGo();
    await world.pass(100);
    expect(world.gate.outage).toBeUndefined();
    expect(await textsOf(world.gate, world.topic.id)).toEqual(["stored, and not known to be"]);
  });

  it("keeps out what still waited in the store's queue, so that nothing overtakes what was lost", async () => {
    await using world = await gateWorld();
    const first = codeOf(say(world.gate, world.topic.id, "taken, and not stored yet"));
    world.faults.fail();
    await codeOf(world.gate.listTopics({ limit: 1 }));
    expect(await first).toBe("STORE_UNAVAILABLE");
    world.faults.heal();
    await world.pass(100);
    expect(await textsOf(world.gate, world.topic.id)).toEqual([]);
  });

  it("notices by itself within a second that the store could not commit, and that it can again", async () => {
    await using world = await gateWorld();
    world.faults.fail();
    await world.pass(500);
    expect(world.changes).toEqual(["STORE_UNAVAILABLE"]);
    await world.pass(10_000);
    world.faults.heal();
    await world.pass(1_000);
    expect(world.changes).toEqual(["STORE_UNAVAILABLE", undefined]);
    expect(await codeOf(say(world.gate, world.topic.id, "works"))).toBe("ok");
    expect(world.log).toHaveLength(2);
  });

  it("opens the store anew before it trusts it again", async () => {
    await using world = await gateWorld();
    const { opened } = world.faults;
    world.faults.fail();
    await codeOf(say(world.gate, world.topic.id, "lost"));
    world.faults.heal();
    await world.pass(100);
    expect(world.faults.opened).toBe(opened + 1);
  });

  it.each<[string, () => unknown]>([
    ["a damaged record", () => new RedRoomError("RECORD_DAMAGED", "damaged")],
    ["a store that was closed by somebody else", () => new RedRoomError("STORE_CLOSED", "closed")],
    ["something that no store should throw", () => new TypeError("undefined is not a function")],
  ])("closes for %s", async (_, thrown) => {
    await using world = await gateWorld();
    world.faults.fail(thrown);
    expect(await codeOf(world.gate.listTopics({ limit: 1 }))).toBe("STORE_UNAVAILABLE");
    expect(world.changes).toHaveLength(1);
  });

  it("stays open for what concerns one call only", async () => {
    await using world = await gateWorld();
    expect(await codeOf(world.gate.read(randomId(), { from: 1, limit: 1 }))).toBe("TOPIC_UNKNOWN");
    expect(await codeOf(world.gate.createTopic(world.topic))).toBe("TOPIC_EXISTS");
    expect(world.changes).toEqual([]);
  });

  it("begins when it is opened: a call before that fails, and does no harm", async () => {
    const clock = new ManualClock();
    const line = () => {};
    const logger = { debug: line, info: line, warn: line, error: line };
    const gate = new StoreGate(memoryStore(), { clock, logger, onChange: () => {} });
    expect(await codeOf(gate.listTopics({ limit: 1 }))).toBe("STORE_UNAVAILABLE");
    expect([gate.outage, clock.pending]).toEqual([undefined, 0]);
    await gate.open();
    expect(await codeOf(gate.listTopics({ limit: 1 }))).toBe("ok");
    await gate.close();
  });

  it("closes when the store does not answer", async () => {
    await using world = await gateWorld();
    world.faults.hold("probe");
    await world.pass(500);
    await world.pass(3_000);
    expect(world.changes).toEqual(["STORE_UNAVAILABLE"]);
    world.faults.letGo();
    await world.pass(1_000);
    expect(world.changes).toEqual(["STORE_UNAVAILABLE", undefined]);
  });

  it("stays closed for a store that comes back without the topics it had", async () => {
    const [kept, empty] = [memoryStore(), memoryStore()];
    let present = kept;
    let failing = false;
    const swapped = new Proxy(kept, {
      get: (_, name) => {
        const member: unknown = Reflect.get(present, name, present);
        if (typeof member !== "function") return member;
        return async (...args: unknown[]) => {
          if (failing && name !== "close") throw diskFull();
          return member.apply(present, args);
        };
      },
    });
    const clock = new ManualClock();
    const line = () => {};
    const gate = new StoreGate(swapped, {
      clock,
      logger: { debug: line, info: line, warn: line, error: line },
      onChange: () => {},
    });
    await gate.open();
    const topic = await newTopic(gate);
    await gate.findTopic({ id: topic.id });
    failing = true;
    clock.advance(500);
    await turns();
    failing = false;
    present = empty;
    for (let tries = 0; tries < 5; tries += 1) {
      clock.advance(1_000);
      await turns();
    }
    expect(gate.outage?.code).toBe("STORE_FOREIGN");
    present = kept;
    clock.advance(1_000);
    await turns();
    expect(gate.outage).toBeUndefined();
    await gate.close();
  });

  it("says the same about a store that comes and goes once a minute at most", async () => {
    await using world = await gateWorld();
    for (let times = 0; times < 10; times += 1) {
      world.faults.fail();
      await world.pass(500);
      world.faults.heal();
      await world.pass(1_000);
    }
    expect(world.changes).toHaveLength(20);
    expect(world.log).toHaveLength(2);
  });

  it("logs an outage that outlives the quiet minute, once", async () => {
    await using world = await gateWorld();
    world.faults.fail();
    await world.pass(500);
    world.faults.heal();
    await world.pass(1_000);
    world.faults.fail();
    await world.pass(500);
    expect(world.log).toHaveLength(2);
    for (let seconds = 2; seconds < 60; seconds += 1) await world.pass(1_000);
    expect(world.log).toHaveLength(2);
    await world.pass(500);
    expect(world.log).toHaveLength(3);
    for (let seconds = 0; seconds < 300; seconds += 1) await world.pass(1_000);
    expect(world.log).toHaveLength(3);
    world.faults.heal();
    await world.pass(1_000);
    expect(world.log).toHaveLength(4);
  });

  it("tells another reason while it is closed", async () => {
    await using world = await gateWorld();
    world.faults.fail();
    await world.pass(500);
    world.faults.fail(() => new RedRoomError("STORE_FOREIGN", "unable to open; it is of another program"));
    for (let seconds = 0; seconds < 10; seconds += 1) await world.pass(1_000);
    expect(world.changes).toEqual(["STORE_UNAVAILABLE", "STORE_FOREIGN"]);
    expect(world.gate.outage?.code).toBe("STORE_FOREIGN");
    expect(world.log).toHaveLength(2);
  });
});
