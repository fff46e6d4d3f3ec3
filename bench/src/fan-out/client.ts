import { setTimeout as sleep } from "node:timers/promises";
import type { TlsPair } from "../harness/certificate.ts";
import { cpuTimeUs } from "../harness/cpu.ts";
import { playRole } from "../harness/role.ts";
import { quantile } from "../harness/statistics.ts";
import { type BareConnection, HELLO, MESSAGE_BYTES, type TransportName, transports } from "./transports.ts";

/** So long may the last messages take before they count as lost. */
const PATIENCE_MS = 10_000;

interface Crowd {
  readonly publisher: BareConnection;
  readonly subscribers: readonly BareConnection[];
}

let crowd: Crowd | undefined;
let sent = 0;
let delivered = 0;
let onDelivery: (sentAt: number) => void = () => {};

const calls = {
  async connect(options: { transport: TransportName; address: string; tls: TlsPair; subscribers: number }) {
    const subscribers: BareConnection[] = [];
    for (let i = 0; i < options.subscribers; i++) subscribers.push(await join(options, HELLO.subscriber));
    const publisher = await join(options, HELLO.publisher);
    sent = 0;
    delivered = 0;
    for (const subscriber of subscribers) subscriber.onMessage = checkedReceiver();
    crowd = { publisher, subscribers };
  },

  disconnect() {
    for (const connection of crowd === undefined ? [] : [crowd.publisher, ...crowd.subscribers]) connection.close();
    crowd = undefined;
  },

  /** As fast as it goes, the publisher never more than `window` messages ahead of the subscribers (on average). */
  async saturate({ durationMs, window }: { durationMs: number; window: number }) {
    const { subscribers } = connected();
    const before = delivered;
    const cpuBefore = cpuTimeUs();
    const start = performance.now();
    const pump = (): void => {
      while (sent - delivered / subscribers.length < window) publish();
    };
    onDelivery = pump;
    pump();
    await sleep(durationMs);
    onDelivery = () => {};
    await settled();
    return {
      deliveries: delivered - before,
      seconds: (performance.now() - start) / 1_000,
      cpuUs: cpuTimeUs() - cpuBefore,
    };
  },

  /** At a fixed rate: milliseconds from the publisher's send to each subscriber's receipt. */
  async pace({ durationMs, perSecond }: { durationMs: number; perSecond: number }) {
    connected();
    const latencies: number[] = [];
    onDelivery = (sentAt) => latencies.push(performance.now() - sentAt);
    const start = performance.now();
    for (let i = 0; i < (durationMs / 1_000) * perSecond; i++) {
      const early = start + (i * 1_000) / perSecond - performance.now();
      if (early > 0) await sleep(early);
      publish();
    }
    await settled();
    return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
  },
};

async function join(
  { transport, address, tls }: { transport: TransportName; address: string; tls: TlsPair },
  purpose: number,
): Promise<BareConnection> {
  const connection = await transports[transport].connect(address, tls);
  const greeted = new Promise<void>((resolve) => {
    connection.onMessage = () => resolve();
  });
  connection.send(new Uint8Array(MESSAGE_BYTES).fill(purpose));
  await greeted;
  return connection;
}

/** Every subscriber gets every message once and in order, or the measurement is void. */
function checkedReceiver(): (message: Uint8Array) => void {
  let expected = 0;
  return (message) => {
    const { buffer, byteOffset } = message;
    const view = new DataView(buffer, byteOffset);
    if (view.getUint32(0) !== expected) {
      throw new Error(`message ${view.getUint32(0)} came in the place of ${expected}`);
    }
    expected += 1;
    delivered += 1;
    onDelivery(view.getFloat64(4));
  };
}

function publish(): void {
  const message = new Uint8Array(MESSAGE_BYTES);
  const view = new DataView(message.buffer);
  view.setUint32(0, sent);
  view.setFloat64(4, performance.now());
  sent += 1;
  connected().publisher.send(message);
}

async function settled(): Promise<void> {
  const wanted = sent * connected().subscribers.length;
  for (const start = performance.now(); delivered < wanted; await sleep(1)) {
    if (performance.now() - start > PATIENCE_MS)
      throw new Error(`${wanted - delivered} of ${wanted} deliveries are missing`);
  }
  if (delivered > wanted) throw new Error(`${delivered} deliveries where ${wanted} were due`);
}

function connected(): Crowd {
  if (crowd === undefined) throw new Error("unable to measure; connect first");
  return crowd;
}

export type FanOutClient = typeof calls;

playRole(calls);
