import { randomId } from "../../base/id.ts";
import type { TopicMessage } from "../../client/message.ts";
import { RedRoomClient } from "../../client/redroom-client.ts";
import type { Sending } from "../../client/sending.ts";
import type { Topic } from "../../client/topic.ts";
import { formatAddress } from "../../protocol/address.ts";
import type { ManualClock } from "../manual-clock.ts";
import type { SimulatedHost, SimulatedNetwork } from "../network/simulated-network.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { ClientLife, codeOf } from "./client-life.ts";
import { MortalClock } from "./mortal-clock.ts";
import type { SimulatedTopic } from "./people.ts";
import type { Recorder } from "./recorder.ts";
import { HEARTBEAT_MS, SERVER_PORT } from "./server-lives.ts";
import { type Draft, drawMessage, type KnownMessage } from "./what-to-write.ts";

/** What all participants share. */
export interface ParticipantWorld {
  readonly clock: ManualClock;
  readonly network: SimulatedNetwork;
  readonly recorder: Recorder;
  readonly topics: readonly [SimulatedTopic, ...SimulatedTopic[]];
  /** Whether somebody belongs to a topic for all that the administrator has said. */
  isMember(user: string, title: string): boolean;
}

interface Message extends Draft {
  readonly topic: string;
  readonly text: string;
  readonly id: string;
}

export const ADDRESS = formatAddress({ host: "10.0.0.1", port: SERVER_PORT });
const CONNECT_TIMEOUT_MS = 2_000;
/** Messages that a participant writes at most: a conversation, not a load test. */
const MAX_MESSAGES = 8;
/** And those that are left to be said once there are no faults any more, such as answers. */
const LAST_WORDS = 4;

/** Somebody who takes part: connects, opens, reads, writes, leaves and comes back, as a seed decides. */
export class Participant {
  readonly user: string;
  readonly #world: ParticipantWorld;
  readonly #random: SeededRandom;
  #life: ClientLife | undefined;
  #lives = 0;
  #messages = 0;
  #lastWords = LAST_WORDS;
  #finishing = false;
  #staying = false;
  #leaving = false;
  /** By id: sent in this life, and not answered. */
  readonly #pending = new Map<string, Message>();
  /** By id: nobody knows whether these are on record. They are sent again under their ids. */
  readonly #unknown = new Map<string, Message>();
  readonly #acked: Message[] = [];
  /** What was read and written of each topic, by seq. */
  readonly #known = new Map<string, Map<number, KnownMessage>>();
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
      if (this.#life === undefined) await this.#takePart();
      else await this.#act(this.#life);
      await this.#pause(10, 600);
    }
    this.#staying = true;
    while (!this.#leaving) {
      await this.#takePart();
      this.#sayMore();
      await this.#pause(50, 50);
    }
  }

  #sayMore(): void {
    const life = this.#life;
    const titles = life?.openTitles.filter((title) => life.opened(title) !== undefined) ?? [];
    const title = titles[this.#lastWords % Math.max(1, titles.length)];
    if (life === undefined || title === undefined || this.#lastWords === 0 || !this.#random.chance(0.3)) return;
    this.#lastWords -= 1;
    this.#writeTo(life, title);
  }

  /** Faults are over: no more surprises from here either. */
  finish(): void {
    this.#finishing = true;
  }

  /** What there is still to wait for. */
  waitingFor(): string[] {
    const life = this.#life;
    if (life === undefined || !this.#staying) return [`${this.user} is not there to stay`];
    const sent = [...this.#pending.values(), ...this.#unknown.values()];
    const waiting = sent.filter(({ topic }) => this.#belongsTo(topic)).map(({ text }) => `"${text}" is not stored`);
    if (this.#lastWords > 0 && life.openTitles.length > 0) waiting.push(`${this.user} has more to say`);
    if (life.client.state !== "online") waiting.push(`${life.name} is ${life.client.state}`);
    if (this.#titles.length > 0 && life.openTitles.length === 0) waiting.push(`${life.name} has nothing open`);
    return waiting;
  }

  /** @returns Timers that its clients have left behind. */
  async leave(): Promise<number> {
    this.#leaving = true;
    if (this.#life !== undefined) await this.#close(this.#life, 1_000);
    return this.#timersLeft;
  }

  async #act(life: ClientLife): Promise<void> {
    const dice = this.#random.between(0, 99);
    if (dice < 45) this.#write(life);
    else if (dice < 60) this.#openAnother(life);
    else if (dice < 70) this.#iterate(life);
    else if (dice < 78) this.#writeAgain(life);
    else if (dice < 84) this.#readHistory(life);
    else if (dice < 88) life.client.connectNow();
    else if (dice < 94) await this.#close(life, this.#random.pick([0, 200, 1_000]));
    else if (dice < 97) this.#crash(life);
  }

  /** A client, a topic, and what is still to be sent: each as far as it is missing. */
  async #takePart(): Promise<void> {
    this.#life ??= await this.#connect();
    const life = this.#life;
    if (life === undefined) return;
    const owed = [...this.#unknown.values()].find(
      ({ topic }) => this.#belongsTo(topic) && !life.openTitles.includes(topic),
    );
    if (owed !== undefined) life.open(owed.topic, this.#drawFrom(owed.topic));
    else if (life.openTitles.length === 0) this.#openAnother(life);
    else this.#sendUnknown(life);
  }

  async #connect(): Promise<ClientLife | undefined> {
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
      return new ClientLife({ name, host, clock }, client, recorder, {
        onRead: (title, message) => this.#note(title, message),
        onClosed: () => {
          this.#life = undefined;
        },
      });
    } catch (error) {
      recorder.note({ type: "state", client: name, state: "not connected", code: codeOf(error) });
      this.#timersLeft += clock.pending;
      host.crash();
      return undefined;
    }
  }

  #openAnother(life: ClientLife): void {
    // Before the end, also where nobody lets them in.
    const titles = this.#finishing ? this.#titles : this.#world.topics.map(({ title }) => title);
    const closed = titles.filter((title) => !life.openTitles.includes(title));
    const title = closed[this.#random.between(0, closed.length - 1)];
    const writeOnly = this.#random.chance(0.15) && !this.#finishing;
    if (title !== undefined) life.open(title, writeOnly ? undefined : this.#drawFrom(title));
  }

  /** @returns The first seq wanted; 0 for what comes. */
  #drawFrom(title: string): number {
    return this.#random.pick([1, 0, this.#random.between(1, this.#seen(title) + 1)]);
  }

  /** The topics that they belong to. */
  get #titles(): string[] {
    return this.#world.topics.map(({ title }) => title).filter((title) => this.#belongsTo(title));
  }

  #belongsTo(title: string): boolean {
    return this.#world.isMember(this.user, title);
  }

  #note(title: string, { seq, kind, author, re }: KnownMessage | TopicMessage): void {
    const known = this.#known.get(title) ?? new Map<number, KnownMessage>();
    this.#known.set(title, known);
    known.set(seq, { seq, kind, author, re });
  }

  #knownOf(title: string): KnownMessage[] {
    return [...(this.#known.get(title)?.values() ?? [])].sort((a, b) => a.seq - b.seq);
  }

  /** The highest seq read or written. */
  #seen(title: string): number {
    return this.#knownOf(title).at(-1)?.seq ?? 0;
  }

  /** At times a slow loop, or one that ends early. */
  #iterate(life: ClientLife): void {
    const { title } = this.#random.pick(this.#world.topics);
    const enough = this.#random.chance(0.3) ? this.#random.between(1, 6) : Number.POSITIVE_INFINITY;
    const slow = this.#random.chance(0.3);
    void life.iterate(title, this.#drawFrom(title), async (count) => {
      if (count >= enough) return false;
      if (slow && !this.#finishing) await this.#pause(1, 200);
      return true;
    });
  }

  #readHistory(life: ClientLife): void {
    const topic = life.opened(life.openTitles[0] ?? "");
    if (topic === undefined) return;
    const from = this.#random.between(1, this.#seen(topic.title) + 1);
    void life.readHistory(topic, from, this.#random.between(1, 30));
  }

  #write(life: ClientLife): void {
    const titles = life.openTitles;
    const title = titles[this.#random.between(0, titles.length - 1)];
    if (title === undefined) {
      this.#openAnother(life);
      return;
    }
    for (let count = this.#random.between(1, 3); count > 0 && this.#messages < MAX_MESSAGES; count -= 1) {
      this.#writeTo(life, title);
    }
    this.#sendUnknown(life);
  }

  #writeTo(life: ClientLife, title: string): void {
    const topic = life.opened(title);
    const roles = topic?.self?.roles ?? [];
    const draft = drawMessage(this.#random, {
      user: this.user,
      roles: roles.length === 0 ? ["reader"] : roles,
      others: topic?.members.map(({ name }) => name).filter((name) => name !== this.user) ?? [],
      known: this.#knownOf(title),
      now: this.#world.clock.now(),
    });
    if (draft === undefined) return;
    this.#messages += 1;
    this.#send(life, { ...draft, topic: title, text: `${this.user} ${this.#messages}`, id: randomId() }, false);
  }

  /** The same message under the same id: it is on record already. */
  #writeAgain(life: ClientLife): void {
    const known = this.#acked.filter(({ topic }) => life.openTitles.includes(topic));
    const message = known[this.#random.between(0, known.length - 1)];
    if (message !== undefined && !this.#pending.has(message.id)) this.#send(life, message, true);
  }

  #sendUnknown(life: ClientLife): void {
    for (const message of [...this.#unknown.values()]) {
      if (life.opened(message.topic) === undefined || this.#pending.has(message.id)) continue;
      this.#unknown.delete(message.id);
      this.#send(life, message, true);
    }
  }

  #send(life: ClientLife, message: Message, again: boolean): void {
    const { recorder } = this.#world;
    const { topic: title, text, id, kind, re } = message;
    const topic = life.opened(title);
    if (topic === undefined) {
      this.#unknown.set(id, message); // its opening has not been answered yet
      return;
    }
    const about = { client: life.name, topic: title, text, id };
    const sending = sendTo(topic, message);
    if (sending === undefined) return; // whom it names has left: it never goes out, or not again
    recorder.note({ type: "sends", ...about, again });
    this.#pending.set(id, message);
    sending.then(
      ({ seq, duplicate }) => {
        this.#pending.delete(id);
        this.#acked.push(message);
        this.#note(title, { seq, kind, author: this.user, re });
        recorder.note({ type: "acked", ...about, seq, duplicate });
      },
      (error) => {
        this.#pending.delete(id);
        // Where the topic is lost, or the client, nobody has answered.
        const refused = life.opened(title) === topic && codeOf(error) !== "CONNECTION_CLOSED";
        if (!refused) this.#unknown.set(id, message);
        recorder.note({ type: "failed", ...about, code: codeOf(error), refused, kind, again });
      },
    );
  }

  async #close(life: ClientLife, drainMs: number): Promise<void> {
    this.#timersLeft += await life.close(drainMs);
    this.#trusted = life.client.trusted;
  }

  /** Whoever remembers a message may send it again. */
  #crash(life: ClientLife): void {
    life.crash();
    this.#trusted = life.client.trusted;
    for (const [id, message] of this.#pending) if (this.#random.chance(0.7)) this.#unknown.set(id, message);
    this.#pending.clear();
    this.#life = undefined;
  }

  #pause(shortestMs: number, longestMs: number): Promise<void> {
    const afterMs = this.#random.between(shortestMs, longestMs);
    return new Promise((resolve) => void this.#world.clock.setTimer(resolve, afterMs));
  }
}

/** @returns `undefined` where the client itself sees that it cannot be sent. */
function sendTo(topic: Topic, { text, id, kind, re, to, priority, due }: Message): Sending | undefined {
  try {
    return topic.send(text, {
      id,
      kind,
      ...(re !== undefined && { re }),
      ...(to !== undefined && { to }),
      ...(priority !== undefined && { priority }),
      ...(due !== undefined && { due: new Date(due) }),
    });
  } catch {
    return undefined;
  }
}
