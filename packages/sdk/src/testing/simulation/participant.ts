import type { RedRoomError } from "../../base/errors.ts";
import { randomId } from "../../base/id.ts";
import { MESSAGE_KINDS, type MessageKind } from "../../base/message-kind.ts";
import type { TopicMessage } from "../../client/message.ts";
import { RedRoomClient } from "../../client/redroom-client.ts";
import type { Topic } from "../../client/topic.ts";
import { formatAddress } from "../../protocol/address.ts";
import type { ManualClock } from "../manual-clock.ts";
import type { SimulatedHost, SimulatedNetwork } from "../network/simulated-network.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { MortalClock } from "./mortal-clock.ts";
import type { Recorder } from "./recorder.ts";
import { HEARTBEAT_MS, SERVER_PORT } from "./server-lives.ts";

/** What all participants share. */
export interface ParticipantWorld {
  readonly clock: ManualClock;
  readonly network: SimulatedNetwork;
  readonly recorder: Recorder;
  readonly topics: readonly [string, ...string[]];
}

interface Message {
  readonly topic: string;
  readonly text: string;
  readonly id: string;
  readonly kind: MessageKind;
  readonly re: number | undefined;
}

/** One process of a participant: from a connect to its close or crash. */
interface Life {
  readonly name: string;
  readonly host: SimulatedHost;
  readonly clock: MortalClock;
  readonly client: RedRoomClient;
  /** Topics that were opened, with the view that their messages go to. */
  readonly open: Map<string, { readonly topic: Topic; readonly reader: string | undefined }>;
  /** Sent, and not answered. */
  readonly pending: Map<string, Message>;
  readonly readers: Set<string>;
}

const ADDRESS = formatAddress({ host: "10.0.0.1", port: SERVER_PORT });
const CONNECT_TIMEOUT_MS = 2_000;
/** Messages that a seed's participant writes at most: a conversation, not a load test. */
const MAX_MESSAGES = 8;

/** Somebody who takes part: connects, opens, reads, writes, leaves and comes back, as a seed decides. */
export class Participant {
  readonly user: string;
  readonly #world: ParticipantWorld;
  readonly #random: SeededRandom;
  #life: Life | undefined;
  #lives = 0;
  #messages = 0;
  #readers = 0;
  #finishing = false;
  #staying = false;
  #leaving = false;
  /** Nobody knows whether these are on record: they are sent again under their ids. */
  readonly #unknown = new Map<string, Message>();
  readonly #acked: Message[] = [];
  /** The highest seq read of each topic. */
  readonly #seen = new Map<string, number>();
  #trusted: ReadonlyMap<string, string> = new Map();
  #timersLeft = 0;

  constructor(user: string, world: ParticipantWorld, random: SeededRandom) {
    this.user = user;
    this.#world = world;
    this.#random = random;
  }

  /** The machine that the participant is at now. */
  get host(): SimulatedHost | undefined {
    return this.#life?.host;
  }

  /** Acts until `finish`, then comes online, sends what is left, and stays until `leave`. */
  async run(): Promise<void> {
    await this.#pause(0, 1_000);
    while (!this.#finishing) {
      await this.#act();
      await this.#pause(10, 600);
    }
    this.#staying = true;
    while (!this.#leaving) {
      await this.#takePart();
      await this.#pause(50, 50);
    }
  }

  /** Faults are over: no more surprises from here either. */
  finish(): void {
    this.#finishing = true;
  }

  /** What there is still to wait for. */
  waitingFor(): string[] {
    const life = this.#life;
    if (life === undefined || !this.#staying) return [`${this.user} is not there to stay`];
    const waiting: string[] = [];
    if (life.client.state !== "online") waiting.push(`${life.name} is ${life.client.state}`);
    if (life.open.size === 0) waiting.push(`${life.name} has nothing open`);
    for (const { text } of [...life.pending.values(), ...this.#unknown.values()])
      waiting.push(`"${text}" is not stored`);
    return waiting;
  }

  /** @returns Timers that its clients have left behind. */
  async leave(): Promise<number> {
    this.#leaving = true;
    await this.#close(1_000);
    return this.#timersLeft;
  }

  async #act(): Promise<void> {
    if (this.#life === undefined) return await this.#takePart();
    const { client } = this.#life;
    const dice = this.#random.between(0, 99);
    if (dice < 45) this.#write(this.#life);
    else if (dice < 60) this.#openAnother(this.#life);
    else if (dice < 70) this.#iterate(this.#life);
    else if (dice < 78) this.#writeAgain(this.#life);
    else if (dice < 84) this.#readHistory(this.#life);
    else if (dice < 88) client.connectNow();
    else if (dice < 94) await this.#close(this.#random.pick([0, 200, 1_000]));
    else if (dice < 97) this.#crash(this.#life);
  }

  /** A client, a topic, and what is still to be sent: each as far as it is missing. */
  async #takePart(): Promise<void> {
    if (this.#life === undefined) await this.#connect();
    const life = this.#life;
    if (life === undefined) return;
    const owed = [...this.#unknown.values()].find(({ topic }) => !life.open.has(topic));
    if (owed !== undefined) this.#open(life, owed.topic);
    else if (life.open.size === 0) this.#openAnother(life);
    else this.#sendUnknown(life);
  }

  async #connect(): Promise<void> {
    const { clock: trueTime, network, recorder } = this.#world;
    this.#lives += 1;
    const name = `${this.user} ${this.#lives}`;
    const host = network.host(name);
    const clock = new MortalClock(trueTime, this.#random.between(-60_000, 60_000));
    const random = this.#random.fork();
    try {
      const client = await RedRoomClient.connect(ADDRESS, {
        auth: { name: this.user, password: "not asked for" },
        transport: host,
        clock,
        random: () => random.next(),
        timeoutMs: CONNECT_TIMEOUT_MS,
        heartbeatMs: HEARTBEAT_MS,
        reconnect: { minDelayMs: 50, maxDelayMs: 1_000 },
        trusted: this.#trusted,
      });
      const life: Life = { name, host, clock, client, open: new Map(), pending: new Map(), readers: new Set() };
      this.#life = life;
      recorder.note({ type: "state", client: name, state: client.state });
      this.#listen(life);
    } catch (error) {
      recorder.note({ type: "state", client: name, state: "not connected", code: codeOf(error) });
      this.#timersLeft += clock.pending;
      host.crash();
    }
  }

  #listen(life: Life): void {
    const { recorder } = this.#world;
    const { client, name } = life;
    client.on("state", ({ state, code, retryInMs }) => {
      recorder.note({ type: "state", client: name, state, code, retryInMs });
    });
    client.on("message", ({ topic, message }) => {
      const reader = life.open.get(topic.title)?.reader;
      if (reader !== undefined) this.#read(reader, topic.title, message);
    });
    client.on("topicFailed", ({ topic, error }) => {
      const reader = life.open.get(topic.title)?.reader;
      life.open.delete(topic.title);
      if (reader !== undefined) this.#stop(life, reader, { code: error.code });
    });
    client.on("closed", (cause) => {
      for (const reader of [...life.readers]) this.#stop(life, reader, cause && { code: cause.code });
      if (this.#life === life) this.#life = undefined;
    });
  }

  #openAnother(life: Life): void {
    const closed = this.#world.topics.filter((title) => !life.open.has(title));
    const title = closed[this.#random.between(0, closed.length - 1)];
    if (title !== undefined) this.#open(life, title);
  }

  #open(life: Life, title: string): void {
    const from = this.#drawFrom(title, this.#random.chance(0.15) && !this.#finishing);
    const reader = from === undefined ? undefined : this.#newReader(life, title, from);
    const topic = life.client.topic(title);
    life.open.set(title, { topic, reader });
    const opening = topic.open({
      from: from === undefined ? "none" : from === 0 ? "now" : from === 1 ? "start" : from,
    });
    opening.then(
      () => {
        if (reader !== undefined) this.#world.recorder.note({ type: "opened", reader });
      },
      (error) => {
        life.open.delete(title);
        if (reader !== undefined) this.#stop(life, reader, { code: codeOf(error) });
      },
    );
  }

  /** @returns The first seq wanted, 0 for what comes; `undefined` to write only. */
  #drawFrom(title: string, none: boolean): number | undefined {
    const seen = this.#seen.get(title) ?? 0;
    const from = this.#random.pick([1, 0, this.#random.between(1, seen + 1)]);
    return none ? undefined : from;
  }

  /** A loop over `messages()`, at times a slow one, that may end early. */
  #iterate(life: Life): void {
    const title = this.#random.pick(this.#world.topics);
    const from = this.#drawFrom(title, false) ?? 0;
    const reader = this.#newReader(life, title, from);
    const enough = this.#random.chance(0.3) ? this.#random.between(1, 6) : Number.POSITIVE_INFINITY;
    const slow = this.#random.chance(0.3);
    void this.#loop(life, reader, title, { from, enough, slow });
  }

  async #loop(
    life: Life,
    reader: string,
    title: string,
    { from, enough, slow }: { readonly from: number; readonly enough: number; readonly slow: boolean },
  ): Promise<void> {
    let count = 0;
    try {
      for await (const message of life.client.topic(title).messages({ from: from === 0 ? "now" : from })) {
        if (!life.readers.has(reader)) return;
        this.#read(reader, title, message);
        count += 1;
        if (count >= enough) break;
        if (slow && !this.#finishing) await this.#pause(1, 200);
      }
      this.#stop(life, reader, { enough: count >= enough });
    } catch (error) {
      this.#stop(life, reader, { code: codeOf(error) });
    }
  }

  /** Reads a part of the record at once: a view that ends with its last entry. */
  #readHistory(life: Life): void {
    const [title] = [...life.open.keys()];
    const { topic } = life.open.get(title ?? "") ?? {};
    if (title === undefined || topic?.id === undefined) return;
    const from = this.#random.between(1, (this.#seen.get(title) ?? 0) + 1);
    const reader = this.#newReader(life, title, from);
    topic.history({ from, limit: this.#random.between(1, 30) }).then(
      (messages) => {
        for (const message of messages) this.#read(reader, title, message);
        this.#stop(life, reader, { enough: true });
      },
      (error) => this.#stop(life, reader, { code: codeOf(error) }),
    );
  }

  #write(life: Life): void {
    const [title] = shuffled([...life.open.keys()], this.#random);
    if (title === undefined) {
      this.#openAnother(life);
      return;
    }
    for (let count = this.#random.between(1, 3); count > 0 && this.#messages < MAX_MESSAGES; count -= 1) {
      this.#messages += 1;
      const seen = this.#seen.get(title) ?? 0;
      const re = seen > 0 && this.#random.chance(0.3) ? this.#random.between(1, seen) : undefined;
      const text = `${this.user} ${this.#messages}`;
      const kind = this.#random.pick(MESSAGE_KINDS);
      this.#send(life, { topic: title, text, id: randomId(), kind, re }, false);
    }
    this.#sendUnknown(life);
  }

  /** The same message under the same id: it is on record already. */
  #writeAgain(life: Life): void {
    const known = this.#acked.filter(({ topic }) => life.open.has(topic));
    const message = known[this.#random.between(0, known.length - 1)];
    if (message !== undefined && !life.pending.has(message.id)) this.#send(life, message, true);
  }

  #sendUnknown(life: Life): void {
    for (const message of [...this.#unknown.values()]) {
      if (life.open.get(message.topic)?.topic.id === undefined || life.pending.has(message.id)) continue;
      this.#unknown.delete(message.id);
      this.#send(life, message, true);
    }
  }

  #send(life: Life, message: Message, again: boolean): void {
    const { recorder } = this.#world;
    const { topic: title, text, id, kind, re } = message;
    const { topic } = life.open.get(title) ?? {};
    if (topic?.id === undefined) {
      this.#unknown.set(id, message); // its opening has not been answered yet
      return;
    }
    const about = { client: life.name, topic: title, text, id };
    recorder.note({ type: "sends", ...about, again });
    life.pending.set(id, message);
    topic.send(text, { id, kind, ...(re !== undefined && { re }) }).then(
      ({ seq, duplicate }) => {
        life.pending.delete(id);
        this.#acked.push(message);
        recorder.note({ type: "acked", ...about, seq, duplicate });
      },
      (error) => {
        life.pending.delete(id);
        this.#unknown.set(id, message);
        recorder.note({ type: "failed", ...about, code: codeOf(error) });
      },
    );
  }

  async #close(drainMs: number): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    await life.client.close({ drainMs });
    this.#noteTrust(life);
    this.#timersLeft += life.clock.pending;
    life.host.crash();
  }

  /** The process is gone with all that it had in memory. Whoever remembers a message may send it again. */
  #crash(life: Life): void {
    const { recorder } = this.#world;
    recorder.note({ type: "fault", what: `${life.name} is killed` });
    this.#noteTrust(life);
    life.host.crash();
    life.clock.die();
    for (const reader of [...life.readers]) this.#stop(life, reader);
    for (const [id, message] of life.pending) if (this.#random.chance(0.7)) this.#unknown.set(id, message);
    life.client.removeAllListeners();
    this.#life = undefined;
  }

  #noteTrust({ name, client, open }: Life): void {
    this.#trusted = client.trusted;
    for (const [title, { topic }] of open) {
      const checkpoint = this.#trusted.get(topic.id ?? "");
      if (checkpoint !== undefined) {
        this.#world.recorder.note({ type: "trusts", client: name, topic: title, checkpoint });
      }
    }
  }

  #newReader(life: Life, topic: string, from: number): string {
    this.#readers += 1;
    const reader = `${life.name} ${topic} #${this.#readers}`;
    life.readers.add(reader);
    this.#world.recorder.note({ type: "opens", reader, client: life.name, topic, from });
    return reader;
  }

  #read(reader: string, title: string, { seq, id, author, kind, text }: TopicMessage): void {
    this.#seen.set(title, Math.max(seq, this.#seen.get(title) ?? 0));
    this.#world.recorder.note({ type: "reads", reader, seq, id, author, kind, text });
  }

  #stop(life: Life, reader: string, end: { readonly enough?: boolean; readonly code?: string } = {}): void {
    if (life.readers.delete(reader)) this.#world.recorder.note({ type: "stops", reader, ...end });
  }

  #pause(shortestMs: number, longestMs: number): Promise<void> {
    const afterMs = this.#random.between(shortestMs, longestMs);
    return new Promise((resolve) => void this.#world.clock.setTimer(resolve, afterMs));
  }
}

const codeOf = (error: unknown): string => (error as RedRoomError).code ?? String(error);

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  return items
    .map((item) => ({ item, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
