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
import { makeDataFolder } from "../harness/machine.ts";
import { Role } from "../harness/role.ts";
import { quantile } from "../harness/statistics.ts";
import type { ReconnectClient } from "./client.ts";
import type { ReconnectServer } from "./server.ts";
import { CLIENTS, type End, HEARTBEAT_MS, RETRY, type RecordName } from "./settings.ts";

const ENDS: readonly (readonly [label: string, end: End])[] = [
  ["killed", { drain: false, passwords: false }],
  ["drained", { drain: true, passwords: false }],
  ["drained, passwords checked", { drain: true, passwords: true }],
];

/** A server is restarted under many clients: when is each of them back and has what came meanwhile? */
export async function measureReconnect(effort: Effort, { profileTo, log }: MeasureOptions): Promise<Comparison> {
  const clients = effort.rounds > 2 ? CLIENTS.full : CLIENTS.short;
  const rounds = Math.min(effort.rounds, 3);
  const tls = createCertificate();
  const folder = makeDataFolder();
  try {
    await using ours = await Side.start("redroom", join(folder, "ours"), tls, profileTo);
    await using peer = await Side.start("plain", join(folder, "peer"), tls, profileTo);
    const cases: Case[] = [];
    await ours.connect(clients);
    await peer.connect(clients);
    for (const [label, end] of ENDS) {
      log(`${clients} clients, server ${label}`);
      ours.end = end;
      peer.end = end;
      cases.push(await compare(label, ours, peer, { ...effort, rounds, roundMs: 0 }));
    }
    return {
      name: "reconnect",
      title: `${clients.toLocaleString("en-US")} clients after a restart of the server`,
      method:
        "Each client is back once it has the message that was stored when the new server began to listen, which is when the " +
        `time begins. Heartbeats every ${HEARTBEAT_MS / 1_000} s; Red Room: clients as they are by default, with full jitter, ` +
        `between ${RETRY.minDelayMs} ms and ${RETRY.maxDelayMs / 1_000} s. Peer: ws, plain exponential backoff between the same ` +
        "bounds, which sends the number of the last message it has and checks no password. Killed: a client of ours has to " +
        "notice that nobody answers; TCP's notices at once, because the kernel resets the connections of a dead process. " +
        `Medians of ${rounds} rounds.`,
      contenders: { ours: "Red Room", peer: "ws" },
      metrics: [
        { key: "minS", label: "first, s", digits: 2 },
        { key: "p50S", label: "median, s", digits: 2 },
        { key: "p99S", label: "p99, s", digits: 2 },
        { key: "maxS", label: "last, s", digits: 2 },
      ],
      cases,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One contender: a server that is replaced every round, and a process with all clients. */
class Side implements Contender {
  end: End = { drain: false, passwords: false };
  readonly #options: { readonly record: RecordName; readonly folder: string; readonly tls: TlsPair };
  readonly #client: Role<ReconnectClient>;
  readonly #profileTo: string | undefined;
  #server: Role<ReconnectServer>;
  #address = "";
  #round = 0;

  static async start(record: RecordName, folder: string, tls: TlsPair, profileTo: string | undefined): Promise<Side> {
    mkdirSync(folder);
    const side = new Side({ record, folder, tls }, profileTo && join(profileTo, record));
    await side.#listen();
    return side;
  }

  private constructor(options: { record: RecordName; folder: string; tls: TlsPair }, profileTo: string | undefined) {
    this.#options = options;
    this.#profileTo = profileTo;
    this.#server = new Role<ReconnectServer>(new URL("server.ts", import.meta.url), profileTo);
    this.#client = new Role<ReconnectClient>(new URL("client.ts", import.meta.url), profileTo);
  }

  async connect(clients: number): Promise<void> {
    const { record, tls } = this.#options;
    await this.#client.ask("connect", { record, address: this.#address, tls, clients });
  }

  async round(): Promise<Figures> {
    if (this.end.drain) await this.#server.ask("close", undefined);
    await this.#server[Symbol.asyncDispose]();
    this.#server = new Role<ReconnectServer>(new URL("server.ts", import.meta.url), this.#profileTo);
    this.#round += 1;
    const listening = await this.#listen();
    const back = await this.#client.ask("back", { round: this.#round });
    const seconds = back.map((clock) => (clock - listening) / 1_000);
    return {
      minS: quantile(seconds, 0),
      p50S: quantile(seconds, 0.5),
      p99S: quantile(seconds, 0.99),
      maxS: quantile(seconds, 1),
    };
  }

  /** @returns When the server began to listen. */
  async #listen(): Promise<number> {
    const { address, clock } = await this.#server.ask("listen", {
      ...this.#options,
      address: this.#address,
      round: this.#round,
      passwords: this.end.passwords,
    });
    this.#address = address;
    return clock;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    await this.#server.ask("close", undefined).catch(() => {});
    await this.#server[Symbol.asyncDispose]();
  }
}
