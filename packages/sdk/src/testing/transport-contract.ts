import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { RedRoomError, type RedRoomErrorCode } from "../base/errors.ts";
import { connectionContract } from "./transport-contract-connections.ts";
import { type Recorded, type TestRunner, type TransportUnderTest, World } from "./transport-world.ts";

export type { TestRunner, TransportUnderTest } from "./transport-world.ts";

const HIGH_WATER = 64 * 1024;
const MEGABYTE = 1024 * 1024;

/**
 * Holds a transport to its contract (`transport.ts`).
 *
 * @example
 * transportContract("memory", () => ({ client: network, server: network, maxStreams: 8, maxHeldBytes }), { describe, it });
 */
export function transportContract(name: string, make: () => TransportUnderTest, { describe, it }: TestRunner): void {
  describe(`${name} keeps the contract of streams`, () => {
    it("delivers bytes of every size once and in order, both ways at a time", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      const there = noise(3 * MEGABYTE, 1);
      const back = noise(MEGABYTE, 2);
      await Promise.all([
        send(near, chunksOf(there, 3), true),
        send(far, chunksOf(back, 4), true),
        far.seen.until(() => far.seen.saw("end")),
        near.seen.until(() => near.seen.saw("end")),
      ]);
      assert.ok(far.seen.bytes.subarray(1).equals(there));
      assert.ok(near.seen.bytes.equals(back));
    });

    it("gives a stream the same id on both sides, and each its own", async () => {
      await using world = await World.create(make());
      const first = await world.pair();
      const second = await world.pair();
      assert.equal(first.near.stream.id, first.far.stream.id);
      assert.equal(second.near.stream.id, second.far.stream.id);
      assert.notEqual(first.near.stream.id, second.near.stream.id);
      const opened = world.server.open();
      opened.stream.write(Uint8Array.of(1));
      const seen = await world.client.nth(1);
      assert.equal(seen.stream.id, opened.stream.id);
    });

    it("ends one direction while the other goes on", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      near.stream.end();
      near.stream.end();
      await far.seen.until(() => far.seen.saw("end"));
      far.stream.write(Buffer.from("still here"));
      await near.seen.until(() => near.seen.receivedBytes === 10);
      far.stream.end();
      await near.seen.until(() => near.seen.saw("end"));
      assert.deepEqual(far.seen.events, ["data", "end"]);
      assert.deepEqual(near.seen.events, ["data", "end"]);
    });

    it("announces a stream that ends without a byte", async () => {
      await using world = await World.create(make());
      world.client.open().stream.end();
      const { seen } = await world.server.nth(1);
      await seen.until(() => seen.saw("end"));
      assert.deepEqual(seen.events, ["end"]);
    });

    it("refuses a write after the end, and takes what was written before", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      near.stream.write(Buffer.from("last words"));
      near.stream.end();
      throwsWith("STREAM_CLOSED", () => near.stream.write(Uint8Array.of(1)));
      await far.seen.until(() => far.seen.saw("end"));
      assert.equal(far.seen.bytes.toString("latin1"), "\0last words");
    });

    for (const who of ["opener", "acceptor"] as const) {
      it(`resets both directions when the ${who} does`, async () => {
        await using world = await World.create(make());
        const { near, far } = await world.pair();
        const [resetter, other] = who === "opener" ? [near, far] : [far, near];
        const before = [...resetter.seen.events];
        resetter.stream.reset(42);
        resetter.stream.reset(43);
        assert.equal(resetter.stream.write(Uint8Array.of(1)), false);
        await other.seen.until(() => other.seen.saw("reset"));
        assert.equal(other.seen.error?.code, "STREAM_RESET");
        assert.equal(other.seen.resetCode, 42);
        assert.equal(other.stream.write(Uint8Array.of(1)), false);
        await world.pair();
        assert.deepEqual(resetter.seen.events, before);
        assert.equal(other.seen.events.at(-1), "reset");
      });
    }

    it("resets a stream whose resetting side had ended already", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      near.stream.end();
      await far.seen.until(() => far.seen.saw("end"));
      near.stream.reset(7);
      await far.seen.until(() => far.seen.saw("reset"));
      assert.match(far.seen.error?.message ?? "", /7/);
    });

    it("is silent once both sides have ended", async () => {
      const world = await World.create(make());
      const { near, far } = await world.pair();
      near.stream.end();
      far.stream.end();
      await Promise.all([near, far].map(({ seen }) => seen.until(() => seen.saw("end"))));
      near.stream.reset();
      await world[Symbol.asyncDispose]();
      assert.deepEqual(near.seen.events, ["end"]);
      assert.deepEqual(far.seen.events, ["data", "end"]);
    });

    it("asks the writer to wait above 64 KiB, and calls onDrain once at half of it", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      near.seen.spy = (event) => event !== "drain" || assert.ok(near.stream.bufferedBytes <= HIGH_WATER / 2);
      assert.equal(near.stream.write(noise(HIGH_WATER, 1)), true);
      assert.equal(near.stream.bufferedBytes, HIGH_WATER);
      assert.equal(near.stream.write(Uint8Array.of(1)), false);
      assert.equal(near.stream.write(Uint8Array.of(1)), false);
      await near.seen.until(() => near.seen.saw("drain"));
      await far.seen.until(() => far.seen.receivedBytes === HIGH_WATER + 3);
      assert.deepEqual(near.seen.events, ["drain"]);
      assert.equal(near.stream.bufferedBytes, 0);
    });

    it("does not call onDrain when no write returned false", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      assert.equal(near.stream.write(noise(HIGH_WATER, 1)), true);
      await far.seen.until(() => far.seen.receivedBytes === HIGH_WATER + 1);
      assert.deepEqual(near.seen.events, []);
    });

    it("holds the peer back while paused, and goes on where it stopped", async () => {
      const under = make();
      await using world = await World.create(under);
      const { near, far } = await world.pair();
      far.stream.pause();
      const bytes = noise(4 * MEGABYTE, 5);
      near.stream.write(bytes);
      await settled(world);
      const held = bytes.byteLength - near.stream.bufferedBytes;
      assert.ok(held <= under.maxHeldBytes, `${held} bytes are held`);
      assert.equal(far.seen.receivedBytes, 1);
      far.stream.resume();
      await far.seen.until(() => far.seen.receivedBytes === bytes.byteLength + 1);
      assert.ok(far.seen.bytes.subarray(1).equals(bytes));
      await near.seen.until(() => near.seen.saw("drain"));
    });

    it("stops onData at once when the handler pauses in it", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      far.seen.spy = () => far.stream.pause();
      near.stream.write(noise(2 * MEGABYTE, 6));
      await far.seen.until(() => far.seen.chunks.length === 2);
      await settled(world);
      assert.equal(far.seen.chunks.length, 2);
    });

    it("keeps the end behind the bytes while paused", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      far.stream.pause();
      near.stream.write(Uint8Array.of(1));
      near.stream.end();
      await settled(world);
      assert.deepEqual(far.seen.events, ["data"]);
      far.stream.resume();
      await far.seen.until(() => far.seen.saw("end"));
      assert.equal(far.seen.receivedBytes, 2);
    });

    it("keeps a bare end while paused, also when our own direction is over", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      far.stream.pause();
      far.stream.end();
      near.stream.end();
      await near.seen.until(() => near.seen.saw("end"));
      await settled(world);
      assert.deepEqual(far.seen.events, ["data"]);
      far.stream.resume();
      await far.seen.until(() => far.seen.saw("end"));
    });

    it("passes a reset to a paused handler that has ended", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      far.stream.pause();
      near.stream.write(noise(1000, 1));
      far.stream.end();
      await near.seen.until(() => near.seen.saw("end"));
      near.stream.reset(9);
      await far.seen.until(() => far.seen.saw("reset"));
      assert.deepEqual(far.seen.events, ["data", "reset"]);
    });

    for (const [what, prepare] of [
      ["", () => {}],
      [" behind bytes", ({ stream }: Recorded) => stream.write(noise(1000, 1))],
      [
        " behind bytes and an end",
        ({ stream }: Recorded) => {
          stream.write(noise(1000, 1));
          stream.end();
        },
      ],
    ] as const) {
      it(`passes a reset${what} to a paused handler`, async () => {
        await using world = await World.create(make());
        const { near, far } = await world.pair();
        far.stream.pause();
        prepare(near);
        await settled(world);
        near.stream.reset(9);
        await far.seen.until(() => far.seen.saw("reset"));
        assert.deepEqual(far.seen.events, ["data", "reset"]);
      });
    }

    it("does not let paused streams hold up the last one that is read", async () => {
      const under = make();
      await using world = await World.create(under);
      const stuck = [];
      for (let count = 2; count < under.maxStreams; count++) stuck.push(await world.pair());
      for (const { near, far } of stuck) {
        near.stream.write(noise(MEGABYTE, 7));
        await far.seen.until(() => far.seen.receivedBytes > MEGABYTE);
        far.stream.pause();
        near.stream.write(noise(2 * MEGABYTE, 7));
      }
      await settled(world);
      const { near, far } = await world.pair();
      const bytes = noise(4 * MEGABYTE, 8);
      near.stream.write(bytes);
      near.stream.end();
      await far.seen.until(() => far.seen.saw("end"));
      assert.ok(far.seen.bytes.subarray(1).equals(bytes));
      for (const { far } of stuck) assert.equal(far.seen.receivedBytes, MEGABYTE + 1);
    });

    it("never calls back from within a method", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      let inside = false;
      for (const { seen } of [near, far]) seen.spy = () => assert.equal(inside, false);
      const call = (method: () => void) => {
        inside = true;
        method();
        inside = false;
      };
      far.stream.pause();
      near.stream.write(noise(MEGABYTE, 9));
      await settled(world);
      call(() => far.stream.resume());
      await far.seen.until(() => far.seen.receivedBytes > MEGABYTE);
      call(() => near.stream.write(noise(MEGABYTE, 9)));
      call(() => far.stream.write(Uint8Array.of(1)));
      call(() => near.stream.end());
      call(() => far.stream.reset());
      call(() => world.client.connection.close());
      await near.seen.until(() => near.seen.saw("reset"));
    });

    it("costs a handler that throws its stream, and nobody else anything", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      const other = await world.pair();
      far.seen.spy = (event) => {
        if (event === "data") throw new Error("a bug in the application");
      };
      near.stream.write(Uint8Array.of(1));
      await Promise.all([near, far].map(({ seen }) => seen.until(() => seen.saw("reset"))));
      assert.equal(far.seen.error?.code, "INTERNAL");
      assert.match(String(far.seen.error?.cause), /a bug in the application/);
      assert.equal(near.seen.error?.code, "STREAM_RESET");
      other.near.stream.write(Uint8Array.of(1));
      await other.far.seen.until(() => other.far.seen.receivedBytes === 2);
    });
  });

  connectionContract(name, make, { describe, it });
}

/** Everything under way has arrived: a stream opened after it makes a round trip, and nothing happens in some turns. */
async function settled(world: World): Promise<void> {
  const { near, far } = await world.pair();
  far.stream.end();
  near.stream.end();
  await near.seen.until(() => near.seen.saw("end"));
  for (let turns = 0; turns < 20; turns++) await turn();
}

/** Writes with back-pressure. */
async function send({ stream, seen }: Recorded, chunks: Iterable<Uint8Array>, end: boolean): Promise<void> {
  for (const chunk of chunks) {
    const drains = seen.events.filter((event) => event === "drain").length;
    if (!stream.write(chunk)) {
      await seen.until(() => seen.events.filter((event) => event === "drain").length > drains);
    }
  }
  if (end) stream.end();
}

/** Bytes without a pattern, the same for the same seed. */
function noise(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

function* chunksOf(bytes: Buffer, seed: number): Generator<Uint8Array> {
  const sizes = noise(4096, seed);
  for (let start = 0, count = 0; start < bytes.length; count++) {
    const size = 1 + (sizes[count % 4096] ?? 0) ** 2 * (count % 7 === 0 ? 3 : count % 2);
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

function throwsWith(code: RedRoomErrorCode, action: () => unknown): void {
  assert.throws(action, (error) => error instanceof RedRoomError && error.code === code);
}
