// One client in a process of its own: does what it is asked, and tells everything that happens to it.
import { RedRoomClient, RedRoomError, randomId, type Sending, type Topic } from "@redroom/sdk";
import { answerCalls } from "../harness/calls.ts";
import { type ClientEvent, sharedClock } from "../harness/client-event.ts";
import { type Footprint, takeFootprint } from "../harness/footprint.ts";

/** Short, so that a scenario of seconds sees many reconnects: a dead link is noticed within two heartbeats. */
const HEARTBEAT_MS = 1_000;
const RECONNECT = { minDelayMs: 100, maxDelayMs: 2_000 };

export interface ConnectCall {
  readonly address: string;
  readonly name: string;
  readonly password: string;
}

/** `events` hears the client's `message` event; `loop` reads `topic.messages()`, and stops reading when it is asked to. */
export type Reading = "events" | "loop" | "none";

export interface OpenCall {
  readonly titles: readonly string[];
  readonly from: "start" | "now";
  readonly reading: Reading;
}

export interface PublishCall {
  readonly titles: readonly string[];
  readonly perSecond: number;
  /** So many are on their way to the record at most; none is sent beyond it. */
  readonly window: number;
  readonly bytes?: number;
}

let client: RedRoomClient | undefined;
let password = "";
let publishing: ReturnType<typeof setInterval> | undefined;
let pausedUntil: Promise<void> | undefined;
let goOn = (): void => {};
let sentCount = 0;
const open = new Set<Sending>();

type Told = ClientEvent extends infer E ? (E extends ClientEvent ? Omit<E, "clock"> : never) : never;

function tell(event: Told): void {
  process.send?.({ ...event, clock: sharedClock() }, undefined, undefined, () => {});
}

function connected(): RedRoomClient {
  if (client === undefined) throw new Error("not connected yet");
  return client;
}

async function send(topic: Topic, text: string, kind: "question" | "note" = "note"): Promise<void> {
  const id = randomId();
  tell({ event: "sending", topic: topic.title, id, text });
  const sending = topic.send(text, { id, kind });
  open.add(sending);
  try {
    const { seq, duplicate } = await sending;
    tell({ event: "stored", topic: topic.title, id, seq, duplicate });
  } catch (error) {
    tell({ event: "failed", topic: topic.title, id, code: error instanceof RedRoomError ? error.code : String(error) });
  } finally {
    open.delete(sending);
  }
}

async function readLoop(topic: Topic, from: "start" | "now"): Promise<void> {
  for await (const { seq, id, author, text } of topic.messages({ from })) {
    tell({ event: "read", topic: topic.title, seq, id, author, text });
    await pausedUntil;
  }
}

const calls = {
  async connect({ address, name, ...secret }: ConnectCall) {
    password = secret.password;
    client = await RedRoomClient.connect(address, {
      auth: { name, password },
      heartbeatMs: HEARTBEAT_MS,
      reconnect: RECONNECT,
    });
    client.on("state", ({ state, code, reason, retryInMs }) =>
      tell({ event: "state", state, code, reason, retryInMs }),
    );
    client.on("closed", (cause, { unsent }) => tell({ event: "closed", code: cause?.code, unsent }));
    client.on("topicFailed", ({ topic, error }) =>
      tell({ event: "topicFailed", topic: topic.title, code: error.code }),
    );
    client.on("message", ({ topic, message: { seq, id, author, text } }) =>
      tell({ event: "read", topic: topic.title, seq, id, author, text }),
    );
    tell({ event: "state", state: client.state });
  },

  async open({ titles, from, reading }: OpenCall) {
    for (const title of titles) {
      const topic = connected().topic(title);
      await topic.open({ from: reading === "events" ? from : "none" });
      if (reading === "loop") void readLoop(topic, from).catch((error) => process.emitWarning(error));
    }
  },

  publish({ titles, perSecond, window, bytes = 120 }: PublishCall) {
    let next = 0;
    publishing = setInterval(() => {
      if (open.size >= window) return;
      next = (next + 1) % titles.length;
      sentCount += 1;
      const text = `${connected().user.name} ${sentCount} `.padEnd(bytes, "x");
      void send(connected().topic(titles[next] as string), text);
    }, 1_000 / perSecond);
  },

  /** Resolves before it is stored. */
  ask({ title, text }: { readonly title: string; readonly text: string }) {
    void send(connected().topic(title), text, "question");
  },

  /** Sends no more, and resolves once everything sent is answered. */
  async quieten() {
    clearInterval(publishing);
    await Promise.allSettled([...open]);
  },

  /** The loops take nothing any more, as an application does that hangs. */
  stopReading() {
    pausedUntil = new Promise((resolve) => {
      goOn = resolve;
    });
  },

  readOn() {
    pausedUntil = undefined;
    goOn();
  },

  async lookBack({ title }: { readonly title: string }) {
    await connected().topic(title).history({ from: 1, limit: 100 });
  },

  /** Comes as a second client of the same person, reads a part of the record, begins to read along, and leaves. */
  async visit({ address, title }: { readonly address: string; readonly title: string }) {
    const visitor = await RedRoomClient.connect(address, { auth: { name: connected().user.name, password } });
    const topic = await visitor.topic(title).open({ from: "now" });
    await topic.history({ limit: 50 });
    await visitor.close();
  },

  /** The signed checkpoints that this client has verified. */
  checkpoints: () => [...connected().trusted.values()],

  footprint: (): Footprint => takeFootprint(),

  async close() {
    clearInterval(publishing);
    return connected().close();
  },
};

export type ClientCalls = typeof calls;

answerCalls(calls);
process.once("disconnect", () => process.exit());
