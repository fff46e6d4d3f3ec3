import { mkdirSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { SeededRandom } from "@redroom/sdk/testing";
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
import { describe, type KeptTopic, keptTopic } from "./kept-topic.ts";
import type { Asked, Operation, Timed } from "./operations.ts";
import type { Peer } from "./peer.ts";
import { ServedTopic } from "./served-topic.ts";
import { PAGE } from "./settings.ts";
import { COMMON_WORD, FREQUENT_BEGINNING, RARE_WORD } from "./words.ts";

const ROUNDS = { full: 20, short: 3 };
/** The topic that the memory is compared with is smaller by so much; so much of the large one is read. */
const SMALLER = 100;
const READ_SHARE = 0.1;
const SEED = 28;

interface Measured {
  readonly label: string;
  readonly operation: Operation;
  readonly word: string;
  /** What has to come of it; a topic of a few messages has fewer. */
  readonly count?: number;
}

const MEASURED: readonly Measured[] = [
  { label: "open at the end (aim: 500 ms)", operation: "open", word: "", count: 1 },
  { label: `${PAGE} messages, anywhere (50 ms)`, operation: "page", word: "", count: PAGE },
  { label: "search, in 3 messages (100 ms)", operation: "search", word: RARE_WORD, count: 3 },
  { label: `search, in 20 % of them, ${PAGE} (200 ms)`, operation: "search", word: COMMON_WORD, count: PAGE },
  { label: `search, by a beginning, ${PAGE} (200 ms)`, operation: "search", word: FREQUENT_BEGINNING, count: PAGE },
  { label: "open questions", operation: "questions", word: "" },
];

/** What a topic costs that is as long as a deal of years: time, and memory of the server. */
export async function measureLargeTopic(effort: Effort, options: MeasureOptions): Promise<readonly Comparison[]> {
  const { keep, log } = options;
  const folder = keep ?? makeDataFolder();
  mkdirSync(folder, { recursive: true });
  try {
    const small = await keptTopic(folder, options.megabytes / SMALLER, log);
    const large = await keptTopic(folder, options.megabytes, log);
    return await measure(small, large, effort.rounds > 2 ? ROUNDS.full : ROUNDS.short, options);
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  small: KeptTopic,
  large: KeptTopic,
  rounds: number,
  { profileTo, megabytes, log }: MeasureOptions,
): Promise<readonly Comparison[]> {
  const load = [loadavg()[0]];
  await using smallServed = await ServedTopic.start(small, profileTo);
  await using served = await ServedTopic.start(large, profileTo);
  await using peer = new Role<Peer>(new URL("peer.ts", import.meta.url), profileTo);
  await peer.ask("use", large.plainFile);
  const memory: Case[] = [];
  const noteMemory = async (label: string, of: (one: ServedTopic) => Promise<number>): Promise<void> => {
    const [ours, peers] = [await of(served), await of(smallServed)];
    memory.push({ label, ours: [{ mib: ours }], peers: [{ mib: peers }] });
  };
  await noteMemory("nobody is there", (one) => one.memory());
  const cases: Case[] = [];
  for (const measured of MEASURED) {
    log(`${measured.label}: ${rounds} times`);
    const ours = new Asking((asked) => served.measure(asked), measured, large);
    const plain = new Asking((asked) => peer.ask("measure", asked), measured, large);
    cases.push(await compare(measured.label, ours, plain, { rounds, roundMs: 0, entries: large.entries }));
    const before = new Asking((asked) => smallServed.measure(asked), measured, small);
    for (let round = 0; round <= rounds; round += 1) await before.round();
    if (measured.operation === "open") await noteMemory("opened", (one) => one.memory());
  }
  await noteMemory("pages, searches, questions", (one) => one.memory());
  const bytes = large.textBytes * READ_SHARE;
  log(`reading ${(bytes / 1e6).toFixed(1)} MB`);
  await noteMemory("while it is read, at most", (one) => one.read(bytes));
  await noteMemory("was read", (one) => one.memory());
  load.push(loadavg()[0]);
  const busy = `load average ${load.map((value) => (value ?? 0).toFixed(1)).join(" at the beginning, ")} at the end`;
  return [
    {
      name: "large-topic",
      title: `A topic of ${megabytes} MB`,
      method:
        `${describe(large)}. A member with the role \`superuser\` asks a server of their own over QUIC; the client verifies ` +
        "what it gets. Peer: the same messages in a table of better-sqlite3 with FTS5 (unicode61), asked in its own process, " +
        `without network, roles or evidence. Each ${rounds} times, in turns, after one that does not count, at the same random ` +
        `places; the file is in the system's cache. Other programs on the machine: ${busy}.`,
      contenders: { ours: "Red Room", peer: "plain table" },
      metrics: [
        { key: "ms", label: "median, ms", digits: 2 },
        { key: "ms", label: "minimum, ms", digits: 2, of: (values) => quantile(values, 0) },
        { key: "ms", label: "maximum, ms", digits: 2, of: (values) => quantile(values, 1) },
      ],
      cases,
    },
    {
      name: "large-topic",
      title: "Memory of its server",
      method:
        `The whole process (RSS), next to that of a server with ${describe(small)}, of whom the same was asked. Read: ` +
        `${(bytes / 1e6).toFixed(1)} MB from the start, the small topic again and again.`,
      contenders: { ours: `${megabytes} MB`, peer: `${megabytes / SMALLER} MB` },
      metrics: [{ key: "mib", label: "memory, MiB", digits: 0 }],
      cases: memory,
    },
  ];
}

/** One operation, asked of one contender at random places that are the same for both. */
class Asking implements Contender {
  readonly #ask: (asked: Asked & { readonly operation: Operation }) => Promise<Timed>;
  readonly #measured: Measured;
  readonly #topic: KeptTopic;
  readonly #random = new SeededRandom(SEED);

  constructor(
    ask: (asked: Asked & { readonly operation: Operation }) => Promise<Timed>,
    measured: Measured,
    topic: KeptTopic,
  ) {
    this.#ask = ask;
    this.#measured = measured;
    this.#topic = topic;
  }

  /** @throws {Error} When something else came than there is. */
  async round(): Promise<Figures> {
    const { operation, word, count: wanted, label } = this.#measured;
    const from = this.#random.between(1, Math.max(1, this.#topic.lastMessage - 4 * PAGE));
    const { ms, count } = await this.#ask({ operation, word, from });
    const tiny = this.#topic.textBytes < 1e6;
    if (wanted !== undefined && count !== wanted && !tiny) throw new Error(`${label}: ${count} came, not ${wanted}`);
    return { ms };
  }
}
