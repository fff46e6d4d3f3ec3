import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { RedRoomError, type RedRoomErrorCode } from "../base/errors.ts";
import type { Connection } from "../transport/transport.ts";
import { type Recorded, Side, type TestRunner, type TransportUnderTest, World } from "./transport-world.ts";

/** The part of the contract about connections and listeners. */
export function connectionContract(name: string, make: () => TransportUnderTest, { describe, it }: TestRunner): void {
  describe(`${name} keeps the contract of connections`, () => {
    it("allows so many streams at a time and no more, and again when one is over", async () => {
      const under = make();
      await using world = await World.create(under);
      const open = [];
      for (let count = 0; count < under.maxStreams; count++) open.push(await world.pair());
      assert.throws(
        () => world.client.connection.openStream(),
        (error) => error instanceof RedRoomError && error.code === "TOO_MANY_STREAMS" && error.retryable,
      );
      for (const { near, far } of open.slice(0, 2)) {
        near.stream.end();
        far.stream.end();
      }
      open[2]?.far.stream.reset();
      for (let count = 0; count < 3; count++) {
        const { stream } = await openWhenAllowed(world.client);
        stream.write(Uint8Array.of(count));
        await world.server.nth(under.maxStreams + 1 + count);
      }
    });

    it("gets a stream's place back however the stream ends", async () => {
      const under = make();
      await using world = await World.create(under);
      world.server.greet = ({ stream, seen }) => {
        if (stream.id % 8 === 0) stream.reset();
        else seen.spy = (event) => event !== "end" || stream.end();
      };
      for (let count = 0; count < 5 * under.maxStreams; count++) {
        const { stream } = await openWhenAllowed(world.client);
        if (count % 3 > 0) stream.write(Uint8Array.of(1));
        if (count % 3 > 1) stream.end();
        else stream.reset();
      }
    });

    it("hands over a stream although a later one is reset at once", async () => {
      await using world = await World.create(make());
      const kept = world.client.open();
      kept.stream.write(Uint8Array.of(1));
      world.client.open().stream.reset();
      const after = world.client.open();
      after.stream.write(Uint8Array.of(2));
      const ids = [kept, after].map(({ stream }) => stream.id);
      const { server } = world;
      await server.until(() => ids.every((id) => server.accepted.some(({ stream }) => stream.id === id)));
    });

    it("hands over streams that the server opens at once", async () => {
      const { client, server } = make();
      const listener = await server.listen({}, (connection) => {
        new Side(connection).open().stream.write(Buffer.from("welcome"));
      });
      const side = new Side(await client.connect(listener.address));
      const { seen } = await side.nth(1);
      await seen.until(() => seen.receivedBytes === 7);
      side.connection.close();
      await listener.close();
    });

    it("resets a stream that nobody takes", async () => {
      await using world = await World.create(make());
      world.client.connection.onStream = undefined;
      const { stream, seen } = world.server.open();
      stream.write(Uint8Array.of(1));
      await seen.until(() => seen.saw("reset"));
    });

    for (const who of ["client", "server"] as const) {
      it(`ends with code and reason on both sides when the ${who} closes`, async () => {
        await using world = await World.create(make());
        const { near, far } = await world.pair();
        const closing = world[who].connection;
        const other = world[who === "client" ? "server" : "client"].connection;
        closing.close(42, "enough, schön");
        closing.close(43, "again");
        const ours = await closing.closed;
        const theirs = await other.closed;
        assert.deepEqual([ours.by, ours.code, ours.reason], ["local", 42, "enough, schön"]);
        assert.deepEqual([theirs.by, theirs.code, theirs.reason], ["peer", 42, "enough, schön"]);
        for (const { error } of [ours, theirs]) assert.equal(error?.code, "CONNECTION_CLOSED");
        for (const { stream, seen } of [near, far]) {
          assert.equal(seen.error?.code, "CONNECTION_CLOSED");
          assert.equal(stream.write(Uint8Array.of(1)), false);
          stream.end();
          stream.reset();
        }
        for (const connection of [closing, other]) {
          assert.throws(() => connection.openStream(), withCode("CONNECTION_CLOSED"));
          connection.close();
        }
      });
    }

    it("ends without an error when closed with code 0", async () => {
      await using world = await World.create(make());
      world.client.connection.close();
      assert.deepEqual(await world.client.connection.closed, { by: "local", code: 0, reason: "", error: undefined });
      assert.deepEqual(await world.server.connection.closed, { by: "peer", code: 0, reason: "", error: undefined });
    });

    it("hands what is queued to the network before it closes", async () => {
      await using world = await World.create(make());
      const { near, far } = await world.pair();
      near.stream.write(Buffer.from("goodbye"));
      world.client.connection.close();
      await world.server.connection.closed;
      assert.equal(far.seen.bytes.toString("latin1"), "\0goodbye");
    });

    it("carries many connections at a time, each with its own bytes", async () => {
      const { client, server } = make();
      const listener = await server.listen({}, (connection) => {
        new Side(connection).greet = echo;
      });
      const sides = await Promise.all(
        Array.from({ length: 20 }, async () => new Side(await client.connect(listener.address))),
      );
      await Promise.all(
        sides.map(async (side, index) => {
          const { stream, seen } = side.open();
          stream.write(Buffer.alloc(10_000, index));
          await seen.until(() => seen.receivedBytes === 10_000);
          assert.ok(seen.bytes.equals(Buffer.alloc(10_000, index)));
        }),
      );
      await listener.close(5, "over");
      for (const { connection } of sides) assert.equal((await connection.closed).code, 5);
    });

    it("goes on when the application throws at a connection", async () => {
      const { client, server } = make();
      let calls = 0;
      const listener = await server.listen({}, (connection) => {
        if (++calls === 1) throw new Error("a bug in the application");
        new Side(connection).greet = echo;
      });
      const first = await client.connect(listener.address);
      await first.closed;
      const second = new Side(await client.connect(listener.address));
      const { stream, seen } = second.open();
      stream.write(Uint8Array.of(1));
      await seen.until(() => seen.receivedBytes === 1);
      await listener.close();
    });
  });

  describe(`${name} keeps the contract of listeners`, () => {
    it("says so when nobody listens", async () => {
      const { client, server } = make();
      const listener = await server.listen({}, ignore);
      await listener.close();
      await assert.rejects(client.connect(listener.address, { timeoutMs: 300 }), withCode("UNREACHABLE", "TIMEOUT"));
    });

    it("gives up when the signal says so, before and during the attempt", async () => {
      const { client, server } = make();
      const listener = await server.listen({}, (connection) => connection.close());
      const aborting = new AbortController();
      const connecting = client.connect(listener.address, { signal: aborting.signal });
      aborting.abort();
      await assert.rejects(connecting, withCode("ABORTED"));
      await assert.rejects(client.connect(listener.address, { signal: AbortSignal.abort() }), withCode("ABORTED"));
      await listener.close();
    });

    it("refuses a port that is taken, and takes it once it is free", async () => {
      const { server } = make();
      const first = await server.listen({}, ignore);
      const { port } = first.address;
      await assert.rejects(server.listen({ port }, ignore), withCode("PORT_TAKEN"));
      await first.close();
      await first.close();
      const second = await server.listen({ port }, ignore);
      assert.equal(second.address.port, port);
      await second.close();
    });

    it("closes its connections with code and reason", async () => {
      await using world = await World.create(make());
      await world.listener.close(9, "maintenance");
      const { by, code, reason } = await world.client.connection.closed;
      assert.deepEqual([by, code, reason], ["peer", 9, "maintenance"]);
    });
  });
}

const ignore = (_connection: Connection): void => {};

const echo = ({ stream, seen }: Recorded): void => {
  seen.spy = (event) => {
    if (event === "data") stream.write(seen.chunks.at(-1) ?? new Uint8Array());
  };
};

const withCode =
  (...codes: readonly RedRoomErrorCode[]) =>
  (error: unknown): boolean =>
    error instanceof RedRoomError && codes.includes(error.code);

/** Opens a stream as soon as the peer allows it; each try is a turn later. */
async function openWhenAllowed(side: Side): Promise<Recorded> {
  for (;;) {
    try {
      return side.open();
    } catch (error) {
      if (!withCode("TOO_MANY_STREAMS")(error)) throw error;
      await turn();
    }
  }
}
