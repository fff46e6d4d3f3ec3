import { RedRoomError } from "../../base/errors.ts";
import { randomId } from "../../base/id.ts";
import { parseContent, parseLeaf } from "../../evidence/leaf.ts";
import { type LogKey, makeLogKey } from "../../evidence/log-key.ts";
import { memoryStore } from "../../store/memory-store.ts";
import type { TopicStore } from "../../store/topic-store.ts";
import { ManualClock } from "../manual-clock.ts";
import { SimulatedNetwork } from "../network/simulated-network.ts";
import { SeededRandom } from "../seeded-random.ts";
import { Chaos } from "./chaos.ts";
import { type History, type RecordedEntry, traceOf } from "./history.ts";
import { judge, unread, type Violation } from "./invariants.ts";
import { Participant } from "./participant.ts";
import { Recorder } from "./recorder.ts";
import { HEARTBEAT_MS, ServerLives } from "./server-lives.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

export interface SimulationOptions {
  /** Decides everything: the same seed, the same conversation, the same faults. */
  readonly seed: number;
  /** How long faults happen, in simulated milliseconds; 3,000 by default. */
  readonly chaosMs?: number;
}

export interface SimulationResult {
  readonly seed: number;
  /** No invariant was broken. */
  readonly ok: boolean;
  readonly violations: readonly Violation[];
  /** What happened, a line each. */
  readonly trace: readonly string[];
  readonly history: History;
}

const LONGEST_CHAOS_MS = 3_600_000;

/** After the last fault, everything must have come to rest within so long. */
const LONGEST_REST_MS = 20_000;
/** Before, nobody need have noticed what was lost in silence. */
const SHORTEST_REST_MS = 2 * HEARTBEAT_MS + 100;
const REST_POLL_MS = 100;
/** And stay at rest: what is too much may come late. */
const AFTER_REST_MS = 500;

const USERS: readonly string[] = ["anna", "bernd", "carla", "doris"];

/** Making one takes longer than many signatures. */
let key: LogKey | undefined;

/**
 * Plays a whole conversation: some people connect, open topics, write, read, leave and come back, while a seed breaks the
 * network, kills the server and the clients, and breaks the store. Then everything heals, and all must come to rest. What
 * happened is judged by thirteen invariants.
 *
 * Nothing in it waits for real time; a seed takes some hundredths of a second.
 *
 * @example
 * for (let seed = 1; seed <= 300; seed += 1) {
 *   const { ok, violations, trace } = await simulate({ seed });
 *   if (!ok) throw new Error(`seed ${seed}: ${violations[0]?.what}\n${trace.join("\n")}`);
 * }
 */
export async function simulate({ seed, chaosMs = 3_000 }: SimulationOptions): Promise<SimulationResult> {
  if (!(chaosMs >= 0 && chaosMs <= LONGEST_CHAOS_MS)) {
    const why = `${chaosMs} is not from 0 to ${LONGEST_CHAOS_MS}`;
    throw new RedRoomError("OPTIONS_INVALID", `unable to simulate chaosMs; ${why}`);
  }
  const random = new SeededRandom(seed);
  const clock = new ManualClock();
  const recorder = new Recorder(clock);
  const network = new SimulatedNetwork({ clock, random: random.fork(), delayMs: [1, 30], hastyEndRate: 0.2 });
  key ??= makeLogKey();
  const store = memoryStore(key);
  const disk = new SimulatedDisk(store, clock, random.fork(), recorder);
  const topics = await createTopics(store, disk, random.between(1, 2));
  const server = new ServerLives(clock, network, disk, random.fork(), recorder);
  const world = { clock, network, recorder, topics };
  const newParticipant = (user: string): Participant => new Participant(user, world, random.fork());
  const others = USERS.slice(1, random.between(2, USERS.length)).map(newParticipant);
  const participants = [newParticipant("anna"), ...others] as const;
  const chaos = new Chaos({ clock, recorder, server, disk, participants }, random.fork());

  let timersLeft: number | undefined;
  const latest = clock.now() + chaosMs + 2 * LONGEST_REST_MS;
  const play = async (): Promise<void> => {
    server.start();
    const running = Promise.all(participants.map((participant) => participant.run()));
    void chaos.run();
    await pause(clock, chaosMs);
    chaos.heal();
    for (const participant of participants) participant.finish();
    await Promise.race([running, rest(clock, recorder, participants)]);
    await pause(clock, AFTER_REST_MS);
    const left = await Promise.all(participants.map((participant) => participant.leave()));
    await running;
    timersLeft = left.reduce((sum, count) => sum + count, await server.stop(1_000));
  };
  let over = false;
  const playing = play().finally(() => {
    over = true;
  });
  for (;;) {
    await settled(disk);
    if (over) break;
    recorder.nextStep();
    try {
      // Whoever still waits waits for ever.
      if (!clock.step(latest)) break;
    } catch (error) {
      recorder.note({ type: "threw", error: String(error) });
    }
  }
  if (over) await playing;

  const record = new Map<string, RecordedEntry[]>();
  for (const title of topics) record.set(title, await readRecord(store, title));
  const history = { events: recorder.events, record, timersLeft: timersLeft ?? 0 };
  const violations = judge(history);
  return { seed, ok: violations.length === 0, violations, trace: traceOf(recorder.events), history };
}

async function createTopics(store: TopicStore, disk: SimulatedDisk, count: number) {
  await store.open();
  const [first, ...others] = ["Share Deal", "Gesellschafterhaftung"].slice(0, count);
  for (const title of [first, ...others]) {
    const id = randomId();
    await store.createTopic({ id, title: title ?? "", createdAt: 1, regulated: false });
    disk.title(id, title ?? "");
  }
  return [first ?? "", ...others] as const;
}

/** Waits until nobody waits for anything. */
async function rest(clock: ManualClock, recorder: Recorder, participants: readonly Participant[]): Promise<void> {
  await pause(clock, SHORTEST_REST_MS);
  for (let passedMs = SHORTEST_REST_MS; ; passedMs += REST_POLL_MS) {
    const missing = participants.flatMap((participant) => participant.waitingFor());
    const waitingFor = missing.length > 0 ? missing : unread(recorder.events);
    if (waitingFor.length === 0 || passedMs >= LONGEST_REST_MS) {
      recorder.note({ type: "rested", waitingFor });
      return;
    }
    await pause(clock, REST_POLL_MS);
  }
}

const pause = (clock: ManualClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(resolve, ms));

/** Resolves when everything has run that waits for no timer of the clock. */
async function settled(disk: SimulatedDisk): Promise<void> {
  // Behind all promises that are due; a turn of the event loop would take ten times as long.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  while (disk.busy) await new Promise<void>((resolve) => void setImmediate(resolve));
}

async function readRecord(store: TopicStore, title: string): Promise<RecordedEntry[]> {
  const topic = await store.findTopic({ title });
  if (topic === undefined) return [];
  const people = await store.people(topic.id);
  const nameOf = (pseudonym: string): string => people.get(pseudonym)?.name ?? "?";
  const entries = await store.read(topic.id, { from: 1, limit: 10_000, maxBytes: Number.MAX_SAFE_INTEGER });
  return entries.map(({ leaf, content }) => {
    const fields = parseLeaf(leaf);
    if (fields === undefined) throw new TypeError(`the store returned the leaf ${leaf}`);
    const { seq, id, kind, by, to = [], re } = fields;
    const text = parseContent(content ?? "") ?? "";
    return { seq, id, kind, author: nameOf(by), text, re, leaf, to: to.map(nameOf) };
  });
}
