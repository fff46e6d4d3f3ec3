import { RedRoomClient } from "@redroom/sdk";
import { WebSocket } from "ws";
import { type TlsPair, TRUST_ONLY } from "../harness/certificate.ts";
import { playRole } from "../harness/role.ts";
import { RETRY, type RecordName, sharedClock, TOPIC, textOf, USER } from "./settings.ts";

/** So long may it take until the last one is back. */
const PATIENCE_MS = 120_000;
/** So many connect at a time in the beginning. */
const LANES = 20;

/** When each client has got which text. */
class Arrivals {
  readonly #clocks = new Map<string, number[]>();
  #onArrival = (): void => {};

  note(text: string): void {
    const clocks = this.#clocks.get(text) ?? [];
    clocks.push(sharedClock());
    this.#clocks.set(text, clocks);
    this.#onArrival();
  }

  /** Resolves once so many have it. */
  of(text: string, count: number): Promise<number[]> {
    return new Promise((resolve, reject) => {
      const missing = (): number => count - (this.#clocks.get(text)?.length ?? 0);
      const timer = setTimeout(
        () => reject(new Error(`${missing()} of ${count} clients do not have "${text}" after ${PATIENCE_MS} ms`)),
        PATIENCE_MS,
      );
      this.#onArrival = () => {
        if (missing() > 0) return;
        clearTimeout(timer);
        resolve(this.#clocks.get(text) ?? []);
      };
      this.#onArrival();
    });
  }
}

async function redroom(address: string, _: TlsPair, arrivals: Arrivals): Promise<void> {
  const client = await RedRoomClient.connect(address, { auth: USER });
  client.on("message", ({ message }) => arrivals.note(message.text));
  await client.topic(TOPIC).open({ from: "start" });
}

/** What most write themselves: exponential backoff, from the beginning again after each success. */
function plain(address: string, { certificate }: TlsPair, arrivals: Arrivals): Promise<void> {
  let attempts = 0;
  let last = 0;
  return new Promise((resolve) => {
    const connect = (): void => {
      const socket = new WebSocket(address, { ...TRUST_ONLY, ca: certificate, perMessageDeflate: false });
      socket.on("open", () => {
        attempts = 0;
        socket.send(JSON.stringify({ after: last }));
        resolve();
      });
      socket.on("message", (bytes: Buffer) => {
        const { seq, text } = JSON.parse(bytes.toString()) as { readonly seq: number; readonly text: string };
        last = seq;
        arrivals.note(text);
      });
      socket.on("error", () => {}); // close follows
      socket.on("close", () => {
        setTimeout(connect, Math.min(RETRY.maxDelayMs, RETRY.minDelayMs * 2 ** attempts));
        attempts += 1;
      });
    };
    connect();
  });
}

const contenders = { redroom, plain };
const arrivals = new Arrivals();
let count = 0;

const calls = {
  async connect(options: { record: RecordName; address: string; tls: TlsPair; clients: number }) {
    const { record, address, tls, clients } = options;
    count = clients;
    const waiting = Array.from({ length: clients }, () => contenders[record]);
    const lane = async (): Promise<void> => {
      for (let enter = waiting.pop(); enter; enter = waiting.pop()) await enter(address, tls, arrivals);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    await arrivals.of(textOf(0), clients);
  },

  /** @returns When each client had the message of this round. */
  back: ({ round }: { round: number }) => arrivals.of(textOf(round), count),
};

export type ReconnectClient = typeof calls;

playRole(calls);
