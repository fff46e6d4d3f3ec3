import { utf8 } from "../../base/bytes.ts";
import { randomId } from "../../base/id.ts";
import { MessageChannel } from "../../channel/message-channel.ts";
import { parseAddress } from "../../protocol/address.ts";
import { DEFAULT_LIMITS, maxFrameBytes } from "../../protocol/limits.ts";
import type { Message, MessageOf } from "../../protocol/messages.ts";
import type { Connection } from "../../transport/transport.ts";
import type { ManualClock } from "../manual-clock.ts";
import type { SimulatedNetwork } from "../network/simulated-network.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { ADDRESS } from "./participant.ts";
import { IMPATIENT, type SimulatedTopic } from "./people.ts";
import type { Recorder } from "./recorder.ts";

interface World {
  readonly clock: ManualClock;
  readonly network: SimulatedNetwork;
  readonly recorder: Recorder;
  readonly topics: readonly [SimulatedTopic, ...SimulatedTopic[]];
}

/** So long does an attempt take, with logging in. */
const ATTEMPT_MS = 400;
const MAX_QUESTIONS = 2;

/**
 * Asks, answers nothing, and asks for the answers by every frame there is: no client of ours, but the bare protocol, attempt
 * after attempt. What it is sent is noted where the server sends it.
 */
export class ImpatientClient {
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #sealed = new Map<string, Set<number>>();
  #attempts = 0;
  #texts = 0;
  #questions = 0;
  #finishing = false;

  constructor(world: World, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  async run(): Promise<void> {
    while (!this.#finishing) {
      await this.#pause(this.#random.between(50, 600));
      await this.#attempt();
    }
  }

  finish(): void {
    this.#finishing = true;
  }

  async #attempt(): Promise<void> {
    const { network } = this.#world;
    this.#attempts += 1;
    const host = network.host(`${IMPATIENT} ${this.#attempts}`);
    const giveUp = new AbortController();
    const connecting = host.connect(parseAddress(ADDRESS), { signal: giveUp.signal }).catch(() => undefined);
    const connection = await Promise.race([connecting, this.#pause(ATTEMPT_MS)]);
    if (connection !== undefined) {
      this.#talk(connection);
      await this.#pause(ATTEMPT_MS);
      connection.close();
    }
    giveUp.abort();
    host.crash();
  }

  /** Logs in, and then asks on as many streams as it takes. */
  #talk(connection: Connection): void {
    const control = open(connection, (message) => {
      if (message.type === "welcome") control.send({ type: "login", name: IMPATIENT, password: "not asked for" });
      if (message.type !== "session") return;
      for (const { title } of this.#world.topics) this.#openTopic(connection, title);
    });
    control.send({ type: "hello", versions: [1] });
  }

  #openTopic(connection: Connection, title: string): void {
    let head = 0;
    const stream = open(connection, (message) => {
      if (message.type === "topicOpened") {
        head = message.topic.head;
        this.#ask(stream, title);
        for (const seq of this.#targets(title, head)) this.#demand(connection, stream, message.topic, seq);
      } else if (message.type === "sealed") {
        const { seq } = JSON.parse(Buffer.from(message.body).toString()) as { seq: number };
        this.#sealedIn(title).add(seq);
      }
    });
    stream.send({ type: "openTopic", title, from: 1 });
  }

  #ask(stream: MessageChannel, title: string): void {
    if (this.#questions >= MAX_QUESTIONS) return;
    this.#questions += 1;
    this.#publish(stream, title, { kind: "question" });
  }

  #demand(
    connection: Connection,
    stream: MessageChannel,
    { id: topic, title }: MessageOf<"topicOpened">["topic"],
    seq: number,
  ) {
    const requests: readonly Message[] = [
      { type: "openTopic", id: topic, from: seq },
      { type: "readHistory", topic, from: seq, limit: 5 },
      { type: "listQuestions", topic, limit: 20 },
      { type: "proveEntry", topic, seq },
      { type: "listDeliveries", topic, seq },
      { type: "search", topic, newestFirst: true, text: "bernd", limit: 20 },
      { type: "search", topic, newestFirst: false, kinds: ["answer", "correction"], limit: 20 },
    ];
    for (const request of requests) if (this.#random.chance(0.5)) open(connection, () => {}).send(request);
    if (this.#random.chance(0.3)) this.#publish(stream, title, { kind: "reveal", re: seq });
    if (this.#random.chance(0.2)) this.#publish(stream, title, { kind: "closing", re: seq });
    if (this.#random.chance(0.2)) this.#publish(stream, title, { kind: "correction", re: seq });
    if (this.#random.chance(0.3)) stream.send({ type: "receipt", first: seq, last: seq });
  }

  #publish(stream: MessageChannel, title: string, wish: Pick<MessageOf<"publish">, "kind" | "re">): void {
    this.#texts += 1;
    const [id, text] = [randomId(), `${IMPATIENT} ${this.#texts}`];
    const client = `${IMPATIENT} ${this.#attempts}`;
    this.#world.recorder.note({ type: "sends", client, topic: title, text, id, again: false });
    stream.send({ type: "publish", id, ...wish, body: utf8(text) });
  }

  /** What is known to be sealed, and something else. */
  #targets(title: string, head: number): number[] {
    const others = head > 0 ? [this.#random.between(1, head)] : [];
    return [...new Set([...[...this.#sealedIn(title)].slice(-2), ...others])];
  }

  #sealedIn(title: string): Set<number> {
    const sealed = this.#sealed.get(title) ?? new Set<number>();
    this.#sealed.set(title, sealed);
    return sealed;
  }

  #pause(ms: number): Promise<undefined> {
    return new Promise((resolve) => void this.#world.clock.setTimer(() => resolve(undefined), ms));
  }
}

function open(connection: Connection, onMessage: (message: Message) => void): MessageChannel {
  return new MessageChannel(
    connection.openStream(),
    { maxFrameBytes: maxFrameBytes(DEFAULT_LIMITS) },
    { onMessage, onEnd: () => {}, onReset: () => {}, onViolation: () => {}, onDrain: () => {} },
  );
}
