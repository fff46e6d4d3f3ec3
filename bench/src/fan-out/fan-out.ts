import { join } from "node:path";
import { createCertificate } from "@redroom/server-kit";
import type { TlsPair } from "../harness/certificate.ts";
import {
  type Case,
  type Comparison,
  type Contender,
  compare,
  type Effort,
  type Figures,
  type MeasureOptions,
} from "../harness/comparison.ts";
import { Role } from "../harness/role.ts";
import type { FanOutClient } from "./client.ts";
import type { FanOutServer } from "./server.ts";
import { MESSAGE_BYTES, type TransportName } from "./transports.ts";

const SUBSCRIBERS = [1, 50, 200];
const WINDOW = 32;
/** What the latency is measured at: far from saturation for both. */
const PACED_DELIVERIES_PER_S = 5_000;
const MAX_PACED_MESSAGES_PER_S = 1_000;

/** One publisher, many subscribers, on transports without anything above: what does a delivery cost? */
export async function measureFanOut(
  effort: Effort,
  { profileTo, log }: Omit<MeasureOptions, "against">,
): Promise<Comparison> {
  const tls = createCertificate();
  await using ours = await Side.start("quic", tls, profileTo);
  await using peer = await Side.start("ws", tls, profileTo);
  const cases: Case[] = [];
  for (const subscribers of SUBSCRIBERS) {
    log(`fan-out to ${subscribers}`);
    await ours.connect(subscribers);
    await peer.connect(subscribers);
    cases.push(await compare(`${subscribers} subscriber${subscribers === 1 ? "" : "s"}`, ours, peer, effort));
    await ours.disconnect();
    await peer.disconnect();
  }
  return {
    name: "fan-out",
    title: "Fan-out on bare transports",
    method:
      `One publisher sends messages of ${MESSAGE_BYTES} bytes to the server, which sends each to every subscriber; no protocol, ` +
      `no store. Deliveries/s: the publisher stays at most ${WINDOW} messages ahead. Latency, from the publisher's send to ` +
      `each receipt: at ${PACED_DELIVERIES_PER_S.toLocaleString("en-US")} deliveries/s (one subscriber: ` +
      `${MAX_PACED_MESSAGES_PER_S.toLocaleString("en-US")}). Medians of ${effort.rounds} rounds of ${effort.roundMs} ms each.`,
    contenders: { ours: "Red Room (QUIC)", peer: "ws over TLS" },
    metrics: [
      { key: "deliveriesPerS", label: "deliveries/s", digits: 0 },
      { key: "cpuUs", label: "server CPU/delivery, µs", digits: 1 },
      { key: "clientCpuUs", label: "clients' CPU/delivery, µs", digits: 1 },
      { key: "p50Ms", label: "latency p50, ms", digits: 2 },
      { key: "p99Ms", label: "latency p99, ms", digits: 2 },
    ],
    cases,
  };
}

/** One contender: its server, its clients, a process each. */
class Side implements Contender {
  readonly #transport: TransportName;
  readonly #tls: TlsPair;
  readonly #server: Role<FanOutServer>;
  readonly #client: Role<FanOutClient>;
  readonly #address: string;
  #subscribers = 0;

  static async start(transport: TransportName, tls: TlsPair, profileTo: string | undefined): Promise<Side> {
    const profile = profileTo && join(profileTo, transport);
    const server = new Role<FanOutServer>(new URL("./server.ts", import.meta.url), profile);
    const client = new Role<FanOutClient>(new URL("./client.ts", import.meta.url), profile);
    return new Side(transport, tls, server, client, await server.ask("listen", { transport, tls }));
  }

  private constructor(
    transport: TransportName,
    tls: TlsPair,
    server: Role<FanOutServer>,
    client: Role<FanOutClient>,
    address: string,
  ) {
    this.#transport = transport;
    this.#tls = tls;
    this.#server = server;
    this.#client = client;
    this.#address = address;
  }

  async connect(subscribers: number): Promise<void> {
    this.#subscribers = subscribers;
    await this.#client.ask("connect", {
      transport: this.#transport,
      address: this.#address,
      tls: this.#tls,
      subscribers,
    });
  }

  async disconnect(): Promise<void> {
    await this.#server.ask("forgetSubscribers", undefined);
    await this.#client.ask("disconnect", undefined);
  }

  async round(durationMs: number): Promise<Figures> {
    const cpuBefore = await this.#server.ask("cpu", undefined);
    const {
      deliveries,
      seconds,
      cpuUs: clientCpu,
    } = await this.#client.ask("saturate", { durationMs, window: WINDOW });
    const cpu = (await this.#server.ask("cpu", undefined)) - cpuBefore;
    const perSecond = Math.min(MAX_PACED_MESSAGES_PER_S, PACED_DELIVERIES_PER_S / this.#subscribers);
    const { p50, p99 } = await this.#client.ask("pace", { durationMs, perSecond });
    return {
      deliveriesPerS: deliveries / seconds,
      cpuUs: cpu / deliveries,
      clientCpuUs: clientCpu / deliveries,
      p50Ms: p50,
      p99Ms: p99,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}
