import { silentLogger } from "../../base/logger.ts";
import { nextTurn } from "../../base/next-turn.ts";
import { DEFAULT_LIMITS } from "../../protocol/limits.ts";
import { type Role, roomPolicy } from "../../rules/policy.ts";
import { checkTitle } from "../../server/check-title.ts";
import { RedRoomServer } from "../../server/redroom-server.ts";
import type { RedRoomServerOptions } from "../../server/server-options.ts";
import { memoryStore } from "../../store/memory-store.ts";
import type { TopicRecord, TopicStore } from "../../store/topic-store.ts";
import { memoryTransport } from "../../transport/memory/memory-transport.ts";
import { quicTransport } from "../../transport/quic/quic-transport.ts";
import { ManualClock } from "../manual-clock.ts";
import { SeededRandom } from "../seeded-random.ts";
import { makeCertificate } from "../test-certificate.ts";
import { FaultyNetwork } from "./faulty-network.ts";
import { RoomFaults } from "./room-faults.ts";
import { addUsers, checkRoomName, roomLogin } from "./room-people.ts";
import { type Pace, RoomTime } from "./room-time.ts";
import { randomFor, seededId } from "./seeded-id.ts";
import { TestRoom } from "./test-room.ts";
import { toldLogger } from "./told-logger.ts";
import { Transcript } from "./transcript.ts";
import { watchedStore } from "./watched-store.ts";

/** Roles by name: those of `roomPolicy`, or of a policy of your own. */
type Members<Name extends string> = Readonly<Record<Name, readonly (Role | (string & {}))[]>>;

export interface TestTopicOptions<Name extends string = string> {
  /** Whether answers are exchanged one for the other; `false` by default. */
  readonly regulated?: boolean;
  /** Who belongs to it; the room's members by default. */
  readonly members?: Partial<Members<Name>>;
}

export interface TestRoomOptions<Name extends string = string, Title extends string = string> {
  /** Everybody there is, with their roles in each topic that names no members of its own. Bots are members like others. */
  readonly members: Members<Name>;
  /** Who are administrators of the server; they may have no role. Nobody by default. */
  readonly admins?: readonly NoInfer<Name>[];
  /**
   * Titles, or titles with what is special about each; one topic called "Share Deal" by default.
   * A topic that the store has already stays as it is.
   */
  readonly topics?: readonly Title[] | Readonly<Record<Title, TestTopicOptions<NoInfer<Name>>>>;
  /** Decides ids and jitter: the same seed and script, the same room. 1 by default; another one for each room on one store. */
  readonly seed?: number;
  /** `quic`: real UDP on the loopback, with a certificate of its own. `memory` by default. */
  readonly transport?: "memory" | "quic";
  /**
   * Whether the people are users of the store, as on a server of its own: for tests of `client.users`, of names and passwords
   * that change, and of consent. Otherwise the room knows them by itself, and their logins cost nothing.
   */
  readonly users?: boolean;
  /**
   * How time passes while something is waited for. `turns`, the default in memory: by itself, as soon as nothing is under way.
   * `wall`, the default with `quic` and `users`: as on the wall; for bots that ask other servers.
   */
  readonly pace?: Pace;
  /** Where the topics live; a `memoryStore()` by default. The room opens and closes it. */
  readonly store?: RedRoomServerOptions["store"];
  /** Whatever else the server is given. With an `authenticate` of yours, the room's people log in by that. */
  readonly server?: Partial<Omit<RedRoomServerOptions, "store" | "tls" | "transport" | "clock">>;
}

/**
 * Opens a room for a test: a server, people who follow your script, a network that fails when you want it, and a time that
 * passes when something is waited for. Nothing is left of it when its scope ends. Works with every test runner.
 *
 * @example
 * await using room = await createTestRoom({ members: { anna: ["interviewer"], bernd: ["interviewee"] } });
 * const question = await room.as("anna").asks("How high are the provisions?");
 * await room.as("bernd").expects({ kind: "question", from: "anna" });
 * await room.as("bernd").answers(question, "1.2 million");
 * await room.as("anna").expects("1.2 million");
 *
 * @throws {RedRoomError} `OPTIONS_INVALID`, `TITLE_INVALID`, `ROLE_INVALID`.
 */
export async function createTestRoom<const Name extends string, const Title extends string = "Share Deal">(
  options: TestRoomOptions<Name, Title>,
): Promise<TestRoom<Name, Title>> {
  const { members, admins = [], seed = 1, store = seededStore(seed), server: more = {} } = options;
  const { transport = "memory", users = false, pace = transport === "quic" || users ? "wall" : "turns" } = options;
  const names = Object.keys(members) as Name[];
  const topics = topicsOf(options);
  const titles = Object.keys(topics) as Title[];
  for (const name of names) checkRoomName(name);

  const clock = new ManualClock();
  const turns = { pending: 0 };
  const network = new FaultyNetwork(transport === "quic" ? realNetwork() : countedNetwork(turns));
  const transcript = new Transcript(clock, more.policy ?? roomPolicy);
  const faults = new RoomFaults<Name>(network, (note) => transcript.note(note));
  let traffic = 0;
  const time = new RoomTime(clock, pace, () => {
    const moving = transport === "quic" && traffic !== network.traffic;
    traffic = network.traffic;
    return moving || turns.pending > 0 || transcript.underWay > 0;
  });
  const record = faults.store.wrap(watchedStore(store, transcript));
  const people = names.map((name) => ({ id: name, name, admin: admins.some((admin) => admin === name) }));
  const login = users ? {} : { authenticate: roomLogin(people) };
  const logger = toldLogger(more.logger ?? silentLogger, (note) => transcript.note(note));
  const serve = () => new RedRoomServer({ ...login, ...more, logger, store: record, transport: network, clock });

  const server = serve();
  try {
    await store.open();
    if (users) await addUsers(store.users, people);
    const fresh: Title[] = [];
    for (const title of titles) {
      const { regulated = false } = topics[title];
      const { id, isNew } = await openTopic(store, { title, regulated, seed, createdAt: clock.now() });
      transcript.topic(id, title);
      if (isNew) fresh.push(title);
    }
    const { address } = await server.listen();
    for (const title of fresh) {
      const belonging: Partial<Members<Name>> = topics[title].members ?? members;
      for (const { id, name } of people) {
        const roles = belonging[name] ?? [];
        if (roles.length > 0) await server.setRoles(title, { id, name }, roles);
      }
    }
    const parts = { clock, time, network, store, faults, transcript, seed, names, titles, serve };
    return new TestRoom<Name, Title>(parts, server, address);
  } catch (error) {
    await server.close({ drainMs: 0 });
    time.end();
    throw error;
  }
}

/** Its pseudonyms are by the seed as well. @throws {RedRoomError} `OPTIONS_INVALID` for what is no seed. */
function seededStore(seed: number) {
  const pseudonyms = new SeededRandom(seed);
  return memoryStore(undefined, () => seededId(pseudonyms));
}

/** The topic as the store has it, or a new one whose id is by the seed. */
async function openTopic(
  store: TopicStore,
  { seed, ...topic }: Omit<TopicRecord, "id"> & { readonly seed: number },
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const title = checkTitle(topic.title, DEFAULT_LIMITS);
  const known = await store.findTopic({ title });
  if (known !== undefined) return { id: known.id, isNew: false };
  const id = seededId(randomFor(seed, `topic ${title}`));
  await store.createTopic({ ...topic, id, title });
  return { id, isNew: true };
}

/** By title. */
function topicsOf<Name extends string, Title extends string>({
  topics = ["Share Deal" as Title],
}: TestRoomOptions<Name, Title>): Readonly<Record<Title, TestTopicOptions<Name>>> {
  if (!isList(topics)) return topics;
  return Object.fromEntries(topics.map((title) => [title, {}])) as Record<Title, TestTopicOptions<Name>>;
}

const isList = (value: unknown): value is readonly string[] => Array.isArray(value);

/** A network inside the process, of which is known whether anything is under way. */
function countedNetwork(turns: { pending: number }) {
  return memoryTransport({
    schedule: (turn) => {
      turns.pending += 1;
      nextTurn(() => {
        turns.pending -= 1;
        turn();
      });
    },
  });
}

const realNetwork = () => quicTransport({ tls: makeCertificate() });
