import { randomBytes, randomInt } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/logger.ts";
import { makeCertificate } from "../../src/testing/test-certificate.ts";
import { ManualClock, UdpRelay, type Way } from "../../src/testing.ts";
import { QuicConnection } from "../../src/transport/quic/quic-connection.ts";
import type { QuicListener } from "../../src/transport/quic/quic-listener.ts";
import type { NativeConnection } from "../../src/transport/quic/quiche.ts";
import { type Connection, type QuicTransportOptions, quicTransport } from "../../src/transport.ts";
import { hasToken, isInitial } from "./client-packets.ts";
import { UdpProbe } from "./udp-probe.ts";

const tls = makeCertificate();

/** A server whose clock the test drives, a relay in front of it, and a raw socket beside it. */
async function createDefended(options: QuicTransportOptions = {}) {
  const clock = new ManualClock(Date.now());
  const taken: Connection[] = [];
  const listener = (await quicTransport({ tls, clock, ...options }).listen({}, (connection) => {
    taken.push(connection);
    connection.onStream = (stream) => {
      stream.handler = {
        onData: (bytes) => void stream.write(bytes),
        onEnd: () => stream.end(),
        onReset: () => {},
        onDrain: () => {},
      };
    };
  })) as QuicListener;
  const relay = await UdpRelay.to(listener.address);
  /** What the client has sent to the relay, and the server. */
  const sent: Record<Way, Buffer[]> = { toServer: [], toClient: [] };
  const passing = { isLast: (_datagram: Buffer): boolean => false, over: false };
  relay.filter = (datagram, way) => {
    sent[way].push(Buffer.from(datagram));
    if (way === "toClient") return true;
    const passes = !passing.over;
    passing.over ||= passing.isLast(datagram);
    return passes;
  };
  const probe = await UdpProbe.of(listener.address);
  return {
    clock,
    taken,
    listener,
    relay,
    probe,
    fromClient: sent.toServer,
    fromServer: sent.toClient,
    /** The last of the client's datagrams that goes on. */
    passing,
    async [Symbol.asyncDispose]() {
      await listener.close();
      await relay.close();
      probe.close();
    },
  };
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await turn();
}

/** Echoes a little over the connection. */
async function alive(connection: Connection): Promise<void> {
  const stream = connection.openStream();
  await new Promise<void>((resolve, reject) => {
    stream.handler = { onData: () => {}, onEnd: resolve, onReset: reject, onDrain: () => {} };
    stream.write(Buffer.from("are you there?"));
    stream.end();
  });
}

describe("a server's first answer", () => {
  it("lists version 1 to a client of another version", async () => {
    await using server = await createDefended();
    const answer = await server.probe.versions();
    expect(answer.readUInt8(0) & 0x80).toBe(0x80);
    expect(answer.subarray(1).toString("hex")).toBe("00000000" + "0409090909" + "080102030405060708" + "00000001");
  });

  it("is silence for a first packet below 1,200 bytes, and for a short header it does not know", async () => {
    await using server = await createDefended();
    const connection = await quicTransport().connect(server.relay.address);
    const initial = server.fromClient.find(isInitial) ?? Buffer.alloc(0);
    server.probe.send(initial.subarray(0, 1199));
    server.probe.send(Buffer.concat([Buffer.of(0x40), randomBytes(60)]));
    await server.probe.versions();
    expect(server.probe.received).toHaveLength(1);
    connection.close();
  });

  it("demands a token, and keeps nothing before it has one", async () => {
    await using server = await createDefended();
    server.passing.isLast = () => true;
    const aborting = new AbortController();
    const connecting = quicTransport().connect(server.relay.address, { signal: aborting.signal });
    await until(() => server.fromClient.some(hasToken));
    expect(server.fromServer.map((datagram) => datagram.readUInt8(0) & 0xf0)).toEqual([0xf0]);
    expect(server.listener.connections).toBe(0);
    aborting.abort();
    await expect(connecting).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("a token", () => {
  /** A client's packet with its token, and no connection left. */
  async function capture(server: Awaited<ReturnType<typeof createDefended>>): Promise<Buffer> {
    const connection = await quicTransport().connect(server.relay.address);
    connection.close();
    await until(() => server.taken.length + server.listener.connections > 0 || server.fromClient.length > 3);
    await until(() => server.listener.connections === 0);
    return server.fromClient.find(hasToken) ?? Buffer.alloc(0);
  }

  it("is taken again from its address within ten seconds, and not after", async () => {
    await using server = await createDefended();
    const withToken = await capture(server);
    server.relay.inject(withToken);
    await until(() => server.listener.connections === 1);
    server.clock.advance(10_000);
    await until(() => server.listener.connections === 0);
    server.clock.advance(1);
    server.relay.inject(withToken);
    await server.probe.versions();
    expect(server.listener.connections).toBe(0);
  });

  it("is refused from another address and when forged", async () => {
    await using server = await createDefended();
    const withToken = await capture(server);
    server.probe.send(withToken);
    const forged = Buffer.from(withToken);
    const tokenAt = 7 + 20 + forged.readUInt8(6 + 20) + 2;
    forged.writeUInt8(forged.readUInt8(tokenAt) ^ 1, tokenAt);
    server.relay.inject(forged);
    await server.probe.versions();
    expect(server.listener.connections).toBe(0);
    expect(server.probe.received).toHaveLength(1);
  });
});

describe("a server's limits", () => {
  it.each(["maxConnections", "maxConnectionsPerAddress"] as const)("refuses more than %s clearly", async (limit) => {
    await using server = await createDefended({ [limit]: 2 });
    const client = quicTransport();
    const first = await client.connect(server.listener.address);
    const second = await client.connect(server.listener.address);
    await expect(client.connect(server.listener.address)).rejects.toMatchObject({
      code: "TOO_MANY_CONNECTIONS",
      retryable: true,
    });
    first.close();
    await until(() => server.listener.connections === 1);
    const third = await client.connect(server.listener.address);
    await alive(third);
    await alive(second);
  });

  it("does not take more handshakes at a time than allowed, and forgets clients that go silent in theirs", async () => {
    await using server = await createDefended({ maxHandshakes: 1, handshakeTimeoutMs: 5_000 });
    server.passing.isLast = hasToken;
    // All of the server's flight arrives, nothing of the client's answer to it.
    const silent = await quicTransport().connect(server.relay.address);
    expect(server.listener.connections).toBe(1);
    const another = await UdpRelay.to(server.listener.address);
    let asked = false;
    another.filter = (datagram) => {
      asked ||= hasToken(datagram);
      return true;
    };
    const aborting = new AbortController();
    const waiting = quicTransport().connect(another.address, { signal: aborting.signal });
    await until(() => asked);
    await server.probe.versions();
    expect(server.listener.connections).toBe(1);
    aborting.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    // Who has gone says nothing of it, and what it has sent last must not come when there is a place.
    await another.close();
    await server.probe.versions();
    server.clock.advance(5_000);
    await until(() => server.listener.connections === 0);
    await alive(await quicTransport().connect(server.listener.address));
    expect(server.taken).toHaveLength(1);
    silent.close();
  });

  it("ends a connection that would send small packets for ever", async () => {
    let packets = 0;
    const runaway = {
      isEstablished: () => false,
      isDraining: () => false,
      isClosed: () => false,
      timeout: () => null,
      send: () => [60, { to: { host: "127.0.0.1", port: 1 } }],
    } as unknown as NativeConnection;
    const due = new Set<QuicConnection>();
    const connection = new QuicConnection({
      native: runaway,
      wire: {
        local: { host: "127.0.0.1", port: 2 },
        schedule: (turner) => due.add(turner as QuicConnection),
        packetBuffer: () => Buffer.alloc(1350),
        send: () => packets++,
        recycle: () => {},
      },
      side: "server",
      remote: { host: "127.0.0.1", port: 1 },
      idleTimeoutMs: 30_000,
      keepAliveMs: undefined,
      logger: silentLogger,
      admit: () => {},
      ended: () => {},
    });
    connection.wantTurn();
    while (due.delete(connection)) connection.transmit();
    expect(await connection.closed).toMatchObject({ by: "lost", error: { code: "CONNECTION_LOST" } });
    expect(packets).toBeLessThanOrEqual(1_000);
  });
});

describe("100,000 datagrams of garbage", () => {
  it("cost nothing but themselves", { timeout: 300_000 }, async () => {
    await using server = await createDefended();
    const connection = await quicTransport().connect(server.relay.address);
    await alive(connection);
    // Frozen time keeps their tokens valid, so that mutated handshakes get as far as they can.
    const handshake = server.fromClient.slice(0, 4);
    const direct = await quicTransport().connect(server.listener.address);
    const before = process.memoryUsage.rss();
    const kinds = [
      () => randomBytes(randomInt(1, 1400)),
      () => Buffer.concat([Buffer.of(0x40), randomBytes(randomInt(1, 100))]),
      () => Buffer.concat([Buffer.of(0xc0 | randomInt(0, 64), 0, 0, 0, 1), randomBytes(randomInt(1, 1400))]),
      () => mutated(handshake[randomInt(0, handshake.length)] ?? Buffer.alloc(1)),
    ];
    const batch = 50;
    for (let sent = 0; sent < 100_000; sent += batch) {
      for (let count = 0; count < batch; count++) {
        const datagram = kinds[count % kinds.length]?.() ?? Buffer.alloc(1);
        if (count % kinds.length === 3) server.relay.inject(datagram);
        else server.probe.send(datagram);
      }
      await server.probe.versions();
      if (sent % 5_000 === 0) await alive(direct);
      server.probe.received.length = 0;
    }
    await alive(direct);
    server.clock.advance(10_000);
    await until(() => server.listener.connections <= 2);
    await alive(direct);
    const grownMegabytes = (process.memoryUsage.rss() - before) / 2 ** 20;
    expect(grownMegabytes).toBeLessThan(100);
  });
});

/** Some bytes changed, or its tail cut and replaced. */
function mutated(datagram: Buffer): Buffer {
  const copy = Buffer.from(datagram);
  if (randomInt(0, 4) === 0) return Buffer.concat([copy.subarray(0, randomInt(1, copy.length)), randomBytes(200)]);
  for (let count = randomInt(1, 5); count > 0; count--) copy[randomInt(0, copy.length)] = randomInt(0, 256);
  return copy;
}
