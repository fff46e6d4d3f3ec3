import { afterAll, describe, expect, it } from "vitest";
import { ManualClock, SeededRandom, SimulatedNetwork, transportContract } from "../../src/testing.ts";
import type { Connection, Stream } from "../../src/transport.ts";

const clocks: ManualClock[] = [];
let pumping: NodeJS.Immediate;

/** For the suite, which knows no clock: time moves by itself, a timer a turn. */
const pump = (): void => {
  for (const clock of clocks) clock.step();
  pumping = setImmediate(pump);
};
pump();
afterAll(() => clearImmediate(pumping));

let seed = 0;
transportContract(
  "the simulated network",
  () => {
    const clock = new ManualClock();
    clocks.splice(0, clocks.length, clock);
    seed += 1;
    const network = new SimulatedNetwork({ clock, random: new SeededRandom(seed), maxStreams: 8 });
    return { client: network.host("client"), server: network.host("server"), maxStreams: 8, maxHeldBytes: 65_536 };
  },
  { describe, it },
);

/** A server that echoes, and a client connected to it. */
async function createEcho(delayMs: readonly [number, number] = [1, 20]) {
  const clock = new ManualClock();
  const network = new SimulatedNetwork({ clock, random: new SeededRandom(3), delayMs });
  const [server, client] = [network.host("server"), network.host("client")];
  const accepted: Connection[] = [];
  const take = (connection: Connection): void => {
    accepted.push(connection);
    connection.onStream = (stream) => {
      stream.handler = { ...silent, onData: (bytes) => void stream.write(bytes), onEnd: () => stream.end() };
    };
  };
  const listener = await server.listen({ port: 4433 }, take);
  const { address } = listener;
  const connecting = client.connect(address);
  await clock.advanceAsync(1_000);
  const connection = await connecting;
  const ends: string[] = [];
  void connection.closed.then(({ by }) => ends.push(`client ${by}`));
  void accepted[0]?.closed.then(({ by }) => ends.push(`server ${by}`));
  return { clock, network, server, client, address, connection, ends, take };
}

const silent = { onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} };

/** A stream that notes when each of its bytes comes back. */
function ask(connection: Connection, clock: ManualClock): { stream: Stream; heard: number[]; at: number[] } {
  const stream = connection.openStream();
  const heard: number[] = [];
  const at: number[] = [];
  stream.handler = {
    ...silent,
    onData: (bytes) => {
      heard.push(...bytes);
      at.push(clock.now());
    },
  };
  return { stream, heard, at };
}

describe("the simulated network", () => {
  it("delays each stream on its own: a stream keeps its order, streams overtake each other", async () => {
    const { clock, connection } = await createEcho([1, 200]);
    const streams = Array.from({ length: 8 }, () => ask(connection, clock));
    for (let round = 1; round <= 3; round += 1) {
      for (const { stream } of streams) stream.write(Uint8Array.of(round));
      await clock.advanceAsync(1);
    }
    await clock.advanceAsync(2_000);
    for (const { heard } of streams) expect(heard).toEqual([1, 2, 3]);
    const first = streams.map(({ at }) => at[0] ?? 0);
    expect(first).not.toEqual([...first].sort((a, b) => a - b));
  });

  it("holds bytes back in a partition, tells nobody, and delivers them once it heals", async () => {
    const { clock, connection, client, ends } = await createEcho();
    client.partition("out");
    const { stream, heard } = ask(connection, clock);
    stream.write(Uint8Array.of(1));
    await clock.advanceAsync(60_000);
    expect([heard, ends]).toEqual([[], []]);
    client.heal();
    client.partition("in");
    await clock.advanceAsync(60_000);
    expect([heard, ends]).toEqual([[], []]);
    client.heal();
    await clock.advanceAsync(100);
    expect(heard).toEqual([1]);
  });

  it("lets each side of a lost connection notice it in its own way", async () => {
    const { clock, connection, client, ends } = await createEcho();
    const { stream, heard } = ask(connection, clock);
    stream.write(Uint8Array.of(1));
    client.loseConnections({ here: "now", there: "never" });
    await clock.advanceAsync(60_000);
    expect([heard, ends]).toEqual([[], ["client lost"]]);
    const { clock: other, server, ends: others } = await createEcho();
    server.loseConnections({ here: "later", there: "never" });
    await other.advanceAsync(0);
    expect(others).toEqual([]);
    await other.advanceAsync(3_000);
    expect(others).toEqual(["server lost"]);
  });

  it("kills a server without a goodbye; its port is silent until another listens there", async () => {
    const { clock, network, server, client, connection, ends, address, take } = await createEcho();
    const { stream, heard } = ask(connection, clock);
    server.crash();
    stream.write(Uint8Array.of(1));
    const failing = client.connect(address, { timeoutMs: 5_000 }).catch(({ code }) => code);
    await clock.advanceAsync(5_000);
    expect(await failing).toBe("TIMEOUT");
    expect([heard, ends]).toEqual([[], []]);
    await network.host("server").listen({ port: 4433 }, take);
    const connecting = client.connect(address);
    await clock.advanceAsync(100);
    const again = ask(await connecting, clock);
    again.stream.write(Uint8Array.of(3));
    await clock.advanceAsync(100);
    expect(again.heard).toEqual([3]);
  });

  it("tells a process that was killed nothing any more, not even of a connection that had failed before", async () => {
    const { clock, client, ends } = await createEcho();
    client.loseConnections({ here: "later", there: "now" });
    client.crash();
    await clock.advanceAsync(60_000);
    expect(ends).toEqual(["server lost"]);
  });

  it("refuses dials where the host does", async () => {
    const { clock, server, client, address } = await createEcho();
    server.refusesDials = true;
    const failing = client.connect(address).catch(({ code, retryable }) => [code, retryable]);
    await clock.advanceAsync(100);
    expect(await failing).toEqual(["TOO_MANY_CONNECTIONS", true]);
  });

  it("leaves no timer behind when everything is closed", async () => {
    const { clock, connection, ends } = await createEcho();
    connection.close();
    await clock.advanceAsync(1_000);
    expect(ends).toEqual(["client local", "server peer"]);
    expect(clock.pending).toBe(0);
  });
});
