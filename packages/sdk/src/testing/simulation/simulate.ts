import { RedRoomError } from "../../base/errors.ts";
import { type LogKey, makeLogKey } from "../../evidence/log-key.ts";
import { memoryStore } from "../../store/memory-store.ts";
import { ManualClock } from "../manual-clock.ts";
import { SimulatedNetwork } from "../network/simulated-network.ts";
import { SeededRandom } from "../seeded-random.ts";
import { Administrator } from "./administrator.ts";
import { Chaos } from "./chaos.ts";
import { type History, traceOf } from "./history.ts";
import { ImpatientClient } from "./impatient-client.ts";
import { judge, type Violation } from "./invariants.ts";
import { Participant } from "./participant.ts";
import { createTopics, IMPATIENT, USERS } from "./people.ts";
import { readRecord, readState } from "./read-record.ts";
import { Recorder } from "./recorder.ts";
import { HEARTBEAT_MS, ServerLives } from "./server-lives.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { unread } from "./views.ts";

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

/** Making one takes longer than many signatures. */
let key: LogKey | undefined;

/**
 * Plays a whole conversation: some people connect, open topics, write, read, leave and come back, while a seed breaks the
 * network, kills the server and the clients, and breaks the store. Then everything heals, and all must come to rest. What
 * happened is judged by invariants.
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
  const others = USERS.slice(1, random.between(2, USERS.length));
  // In some, everybody may do everything, as in a plain chat; in some, somebody takes no answer for an answer.
  const [open, impatience] = [random.chance(0.2), random.chance(0.5)];
  const people = open ? [] : [USERS[0], ...others, ...(impatience ? [IMPATIENT] : [])];
  const topics = await createTopics(store, disk, random.fork(), people, !open);
  const server = new ServerLives(clock, network, disk, random.fork(), recorder, open);
  const administrator = new Administrator({ clock, server, recorder }, topics, [USERS[0], ...others], random.fork());
  const isMember = (user: string, title: string): boolean => open || administrator.isMember(user, title);
  const world = { clock, network, recorder, topics, isMember };
  const newParticipant = (user: string): Participant => new Participant(user, world, random.fork());
  const participants = [newParticipant(USERS[0]), ...others.map(newParticipant)] as const;
  const chaos = new Chaos({ clock, recorder, server, disk, participants }, random.fork());
  const impatient = new ImpatientClient(world, random.fork());

  let timersLeft: number | undefined;
  const latest = clock.now() + chaosMs + 2 * LONGEST_REST_MS;
  const play = async (): Promise<void> => {
    server.start();
    const running = Promise.all(participants.map((participant) => participant.run()));
    void chaos.run();
    if (!open) void administrator.run();
    if (!open && impatience) void impatient.run();
    await pause(clock, chaosMs);
    chaos.heal();
    administrator.finish();
    impatient.finish();
    for (const participant of participants) participant.finish();
    await Promise.race([
      running,
      rest(clock, recorder, () => [
        ...participants.flatMap((participant) => participant.waitingFor()),
        ...(open || administrator.idle ? [] : ["the administrator is not done"]),
      ]),
    ]);
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

  const titles = topics.map(({ title }) => title);
  const record = new Map(
    await Promise.all(titles.map(async (title) => [title, await readRecord(store, title)] as const)),
  );
  const states = new Map(
    await Promise.all(titles.map(async (title) => [title, await readState(store, title)] as const)),
  );
  const history = { events: recorder.events, record, states, open, timersLeft: timersLeft ?? 0 };
  const violations = judge(history);
  return { seed, ok: violations.length === 0, violations, trace: traceOf(recorder.events), history };
}

/** Waits until nobody waits for anything. */
async function rest(clock: ManualClock, recorder: Recorder, waitingFor: () => string[]): Promise<void> {
  await pause(clock, SHORTEST_REST_MS);
  for (let passedMs = SHORTEST_REST_MS; ; passedMs += REST_POLL_MS) {
    const missing = waitingFor();
    const left = missing.length > 0 ? missing : unread(recorder.events);
    if (left.length === 0 || passedMs >= LONGEST_REST_MS) {
      recorder.note({ type: "rested", waitingFor: left });
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
