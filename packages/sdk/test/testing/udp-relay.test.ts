import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ManualClock, SeededRandom, UdpRelay, type UdpRelayOptions } from "../../src/testing.ts";

/** A socket that notes what arrives, and from which port. */
class Peer {
  readonly socket: Socket = createSocket("udp4");
  readonly received: { readonly text: string; readonly port: number }[] = [];
  #wake: () => void = () => {};

  static async create(): Promise<Peer> {
    const peer = new Peer();
    peer.socket.on("message", (datagram, { port }) => {
      peer.received.push({ text: datagram.toString("latin1"), port });
      peer.#wake();
    });
    peer.socket.bind(0, "127.0.0.1");
    await once(peer.socket, "listening");
    return peer;
  }

  get texts(): string[] {
    return this.received.map(({ text }) => text);
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  send(text: string, port: number): void {
    this.socket.send(Buffer.from(text, "latin1"), port, "127.0.0.1");
  }
}

/** Two clients and a server with the relay between them, on a clock that stands still. */
async function createRelayed(options: UdpRelayOptions = {}) {
  const clock = new ManualClock();
  const random = new SeededRandom(7);
  const [server, anna, bernd] = await Promise.all([Peer.create(), Peer.create(), Peer.create()]);
  const target = { host: "127.0.0.1", port: server.socket.address().port };
  const relay = await UdpRelay.to(target, { clock, random: () => random.next(), ...options });
  const { port } = relay.address;
  return {
    clock,
    relay,
    server,
    anna,
    bernd,
    /** Sends so many datagrams from Anna, and resolves when the relay has them. */
    async flood(count: number): Promise<string[]> {
      const texts = Array.from({ length: count }, (_, index) => `datagram ${index}`);
      const before = relay.counters.toServer.received;
      for (const [index, text] of texts.entries()) {
        anna.send(text, port);
        while (relay.counters.toServer.received < before + index + 1) await new Promise(setImmediate);
      }
      return texts;
    },
    async [Symbol.asyncDispose]() {
      await relay.close();
      for (const { socket } of [server, anna, bernd]) socket.close();
    },
  };
}

describe("a UDP relay", () => {
  it("carries what each client sends from a port of its own, and the answers back to it", async () => {
    await using world = await createRelayed();
    const { relay, server, anna, bernd } = world;
    anna.send("from anna", relay.address.port);
    await server.until(() => server.received.length === 1);
    bernd.send("from bernd", relay.address.port);
    await server.until(() => server.received.length === 2);
    expect(server.received.map(({ port }) => port)).toEqual(relay.sourcePorts);
    expect(new Set(relay.sourcePorts).size).toBe(2);
    for (const { text, port } of server.received) server.send(`${text}, answered`, port);
    await Promise.all([anna, bernd].map((client) => client.until(() => client.received.length === 1)));
    expect([anna.texts, bernd.texts]).toEqual([["from anna, answered"], ["from bernd, answered"]]);
  });

  it("holds every datagram back for the delay, and keeps their order under jitter", async () => {
    await using world = await createRelayed({ conditions: { delayMs: 50, jitterMs: 40 } });
    const texts = await world.flood(20);
    world.clock.advance(49);
    expect(world.relay.counters.toServer.forwarded).toBe(0);
    world.clock.advance(41);
    await world.server.until(() => world.server.received.length === 20);
    expect(world.server.texts).toEqual(texts);
  });

  it("lets some be overtaken where reordering is asked for", async () => {
    await using world = await createRelayed({ conditions: { reorderRate: 0.3 } });
    const texts = await world.flood(20);
    world.clock.advance(10);
    await world.server.until(() => world.server.received.length === 20);
    expect(world.server.texts).not.toEqual(texts);
    expect([...world.server.texts].sort()).toEqual([...texts].sort());
    expect(world.relay.counters.toServer.reordered).toBeGreaterThan(0);
  });

  it("loses, duplicates and corrupts about as many as it was told, the same ones for the same seed", async () => {
    const runs = [];
    for (let run = 0; run < 2; run += 1) {
      await using world = await createRelayed({ conditions: { lossRate: 0.3, duplicateRate: 0.2, corruptRate: 0.1 } });
      await world.flood(200);
      const { forwarded, ...counters } = world.relay.counters.toServer;
      await world.server.until(() => world.server.received.length === forwarded);
      runs.push({ forwarded, ...counters, arrived: world.server.texts });
    }
    const [first] = runs;
    expect(runs[1]).toEqual(first);
    expect(first?.lost).toBeGreaterThan(40);
    expect(first?.lost).toBeLessThan(80);
    expect(first?.forwarded).toBe(200 - (first?.lost ?? 0) + (first?.duplicated ?? 0));
    expect(first?.duplicated).toBeGreaterThan(10);
    expect(first?.arrived.filter((text) => !/^datagram \d+$/.test(text)).length).toBeGreaterThan(3);
  });

  it("cuts one way or both, loses what is under way, and goes on when healed", async () => {
    await using world = await createRelayed({ conditions: { delayMs: 10 } });
    const { relay, server, anna, clock } = world;
    await world.flood(1);
    clock.advance(10);
    await server.until(() => server.received.length === 1);
    relay.partition("toClient");
    const [upstream = 0] = relay.sourcePorts;
    server.send("lost", upstream);
    while (relay.counters.toClient.received < 1) await new Promise(setImmediate);
    await world.flood(1); // the other way still works
    relay.partition();
    clock.advance(10); // what was under way
    relay.heal();
    server.send("arrives", upstream);
    while (relay.counters.toClient.received < 2) await new Promise(setImmediate);
    clock.advance(10);
    await anna.until(() => anna.received.length === 1);
    expect(anna.texts).toEqual(["arrives"]);
    expect(server.received).toHaveLength(1);
    expect(relay.counters.toServer).toMatchObject({ received: 2, forwarded: 1, stopped: 1 });
    expect(relay.counters.toClient).toMatchObject({ received: 2, forwarded: 1, stopped: 1 });
  });

  it("shows the server every client at another port after a change, and carries answers to the new one", async () => {
    await using world = await createRelayed();
    const { relay, server, anna } = world;
    await world.flood(1);
    await server.until(() => server.received.length === 1);
    await relay.changeSourcePorts();
    await world.flood(1);
    await server.until(() => server.received.length === 2);
    const [before, after] = server.received.map(({ port }) => port);
    expect(after).not.toBe(before);
    expect(relay.sourcePorts).toEqual([after]);
    server.send("to the new one", after ?? 0);
    await anna.until(() => anna.received.length === 1);
  });

  it("writes a capture that holds each datagram with its addresses, on both sides of the relay", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redroom-pcap-"));
    const file = join(folder, "relay.pcap");
    let ports: readonly number[] = [];
    {
      await using world = await createRelayed({ pcap: file });
      await world.flood(1);
      await world.server.until(() => world.server.received.length === 1);
      const { relay, server, anna } = world;
      const port = ({ socket }: Peer) => socket.address().port;
      ports = [port(anna), relay.address.port, relay.sourcePorts[0] ?? 0, port(server)];
    }
    const capture = readFileSync(file);
    rmSync(folder, { recursive: true });
    const packets = [];
    for (let at = 24; at < capture.length; ) {
      const length = capture.readUInt32LE(at + 8);
      const packet = capture.subarray(at + 16, at + 16 + length);
      packets.push([packet.readUInt16BE(20), packet.readUInt16BE(22), packet.subarray(28).toString("latin1")]);
      at += 16 + length;
    }
    expect(packets).toEqual([
      [ports[0], ports[1], "datagram 0"],
      [ports[2], ports[3], "datagram 0"],
    ]);
  });

  it("refuses conditions that mean nothing, naming them", async () => {
    const target = { host: "127.0.0.1", port: 9 };
    const failing = UdpRelay.to(target, { conditions: { lossRate: 30 } });
    await expect(failing).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      message: expect.stringContaining("lossRate 30"),
    });
  });
});
