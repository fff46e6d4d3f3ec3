import { mkdirSync, rmSync } from "node:fs";
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
import { checkOutEarlier } from "../harness/earlier.ts";
import { makeDataFolder } from "../harness/machine.ts";
import { Role } from "../harness/role.ts";
import type { PublishClient } from "./client.ts";
import type { PublishServer } from "./server.ts";
import type { RecordName } from "./topic.ts";

const PUBLISHERS = [1, 16, 64];
const WINDOWS = [1, 16];

/** Publish and wait until it is stored durably: what does a message cost with all that is around it? */
export async function measurePublish(effort: Effort, { profileTo, against, log }: MeasureOptions): Promise<Comparison> {
  const tls = createCertificate();
  const folder = makeDataFolder();
  using earlier = against === undefined ? undefined : checkOutEarlier(against);
  try {
    await using ours = await Side.start("redroom", join(folder, "ours"), tls, profileTo);
    await using peer = earlier
      ? await Side.start("redroom", join(folder, "peer"), tls, undefined, new URL("publish/", earlier.bench))
      : await Side.start("plain", join(folder, "peer"), tls, profileTo);
    const cases: Case[] = [];
    for (const publishers of PUBLISHERS) {
      log(`publish from ${publishers}`);
      await ours.connect(publishers);
      await peer.connect(publishers);
      for (const window of WINDOWS) {
        ours.window = window;
        peer.window = window;
        const label = `${publishers} publisher${publishers === 1 ? "" : "s"}, window ${window}`;
        cases.push(await compare(label, ours, peer, effort));
      }
      await ours.disconnect();
      await peer.disconnect();
    }
    await ours.checkStored();
    await peer.checkStored();
    return {
      name: "publish",
      title: "Durable publish with ack",
      method:
        "Texts of 200 bytes into one topic, each publisher with a connection of its own and at most `window` messages " +
        "unacknowledged; an ack follows the synced commit. Red Room: client, QUIC, protocol, server, SQLite store. Peer: " +
        (earlier === undefined
          ? "JSON over ws and TLS, one INSERT and one commit (`synchronous=FULL`, WAL) per message. "
          : `the same at the commit ${earlier.name}. `) +
        `Latency from send to ack. Medians of ${effort.rounds} rounds of ${effort.roundMs} ms each.`,
      contenders: { ours: "Red Room", peer: earlier?.name ?? "ws + SQLite" },
      metrics: [
        { key: "messagesPerS", label: "messages/s", digits: 0 },
        { key: "cpuUs", label: "server CPU/message, µs", digits: 0 },
        { key: "clientCpuUs", label: "clients' CPU/message, µs", digits: 0 },
        { key: "p50Ms", label: "ack p50, ms", digits: 2 },
        { key: "p99Ms", label: "ack p99, ms", digits: 2 },
      ],
      cases,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One contender: its server, its publishers, a process each. */
class Side implements Contender {
  window = 1;
  readonly #record: RecordName;
  readonly #tls: TlsPair;
  readonly #server: Role<PublishServer>;
  readonly #client: Role<PublishClient>;
  readonly #address: string;
  #acked = 0;

  static async start(
    record: RecordName,
    folder: string,
    tls: TlsPair,
    profileTo: string | undefined,
    programs = new URL("./", import.meta.url),
  ): Promise<Side> {
    mkdirSync(folder);
    const profile = profileTo && join(profileTo, record);
    const server = new Role<PublishServer>(new URL("server.ts", programs), profile);
    const client = new Role<PublishClient>(new URL("client.ts", programs), profile);
    return new Side(record, tls, server, client, await server.ask("listen", { record, folder, tls }));
  }

  private constructor(
    record: RecordName,
    tls: TlsPair,
    server: Role<PublishServer>,
    client: Role<PublishClient>,
    address: string,
  ) {
    this.#record = record;
    this.#tls = tls;
    this.#server = server;
    this.#client = client;
    this.#address = address;
  }

  async connect(publishers: number): Promise<void> {
    await this.#client.ask("connect", { record: this.#record, address: this.#address, tls: this.#tls, publishers });
  }

  async disconnect(): Promise<void> {
    await this.#client.ask("disconnect", undefined);
  }

  async round(durationMs: number): Promise<Figures> {
    const cpuBefore = await this.#server.ask("cpu", undefined);
    const run = await this.#client.ask("publish", {
      durationMs,
      window: this.window,
    });
    const cpu = (await this.#server.ask("cpu", undefined)) - cpuBefore;
    this.#acked = run.head;
    return {
      messagesPerS: run.messages / run.seconds,
      cpuUs: cpu / run.messages,
      clientCpuUs: run.cpuUs / run.messages,
      p50Ms: run.p50,
      p99Ms: run.p99,
    };
  }

  /** @throws {Error} When the record does not hold exactly what was acknowledged. */
  async checkStored(): Promise<void> {
    const stored = await this.#server.ask("stored", undefined);
    if (stored !== this.#acked) throw new Error(`${this.#acked} messages were acknowledged, ${stored} are stored`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server.ask("close", undefined).catch(() => {});
    await this.#server[Symbol.asyncDispose]();
  }
}
