import { createHash } from "node:crypto";
import { toBase64Url } from "../../base/bytes.ts";
import { RedRoomError } from "../../base/errors.ts";
import { DEFAULT_LIMITS } from "../../protocol/limits.ts";
import { type Role, roomPolicy } from "../../rules/policy.ts";
import { checkTitle } from "../../server/check-title.ts";
import { RedRoomServer } from "../../server/redroom-server.ts";
import type { RedRoomServerOptions } from "../../server/server-options.ts";
import { memoryStore } from "../../store/memory-store.ts";
import { memoryTransport } from "../../transport/memory/memory-transport.ts";
import { quicTransport } from "../../transport/quic/quic-transport.ts";
import { ManualClock } from "../manual-clock.ts";
import { makeCertificate } from "../test-certificate.ts";
import { FaultyNetwork } from "./faulty-network.ts";
import { RoomFaults } from "./room-faults.ts";
import { type Pace, RoomTime } from "./room-time.ts";
import { TestRoom } from "./test-room.ts";
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
  /** Titles, or titles with what is special about each; one topic called "Share Deal" by default. */
  readonly topics?: readonly Title[] | Readonly<Record<Title, TestTopicOptions<NoInfer<Name>>>>;
  /** Decides ids and jitter: the same seed and script, the same room. 1 by default. */
  readonly seed?: number;
  /** `quic`: real UDP on the loopback, with a certificate of its own. `memory` by default. */
  readonly transport?: "memory" | "quic";
  /**
   * How time passes while something is waited for. `turns`, the default in memory: by itself, as soon as nothing is under way.
   * `wall`, always with `quic`: as on the wall; for bots that ask other servers.
   */
  readonly pace?: Pace;
  /** Where the topics live; a `memoryStore()` by default. The room opens and closes it. */
  readonly store?: RedRoomServerOptions["store"];
  /** Whatever else the server is given. With an `authenticate` of yours, the room's people log in by that. */
  readonly server?: Partial<Omit<RedRoomServerOptions, "store" | "tls" | "transport" | "clock">>;
}

/** What everybody in a room logs in with. */
const PASSWORD = "correct horse battery";

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
  const { members, admins = [], seed = 1, store = memoryStore(), server: more = {} } = options;
  const { transport = "memory", pace = transport === "quic" ? "wall" : "turns" } = options;
  const names = Object.keys(members) as Name[];
  const topics = topicsOf(options);
  const titles = Object.keys(topics) as Title[];
  for (const name of names) checkName(name);

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
  const isAdmin = (name: string): boolean => admins.some((admin) => admin === name);
  const authenticate = async ({ name, password }: { readonly name: string; readonly password: string }) => {
    if (names.some((one) => one === name) && password === PASSWORD) return { id: name, name, admin: isAdmin(name) };
    throw new RedRoomError("LOGIN_FAILED", "unable to log in; the name or the password is wrong");
  };
  const serve = () => new RedRoomServer({ authenticate, ...more, store: record, transport: network, clock });

  await store.open();
  for (const title of titles) {
    const id = toBase64Url(createHash("sha256").update(`${seed} ${title}`).digest().subarray(0, 16));
    const { regulated = false } = topics[title];
    await store.createTopic({ id, title: checkTitle(title, DEFAULT_LIMITS), createdAt: clock.now(), regulated });
    transcript.topic(id, title);
  }
  const server = serve();
  const { address } = await server.listen();
  const parts = { clock, time, network, store, faults, transcript, seed, password: PASSWORD, names, titles, serve };
  const room = new TestRoom<Name, Title>(parts, server, address);
  try {
    for (const title of titles) {
      const belonging: Partial<Members<Name>> = topics[title].members ?? members;
      for (const name of names) {
        const roles = belonging[name] ?? [];
        if (roles.length > 0) await room.settled(server.setRoles(title, { id: name, name }, roles));
      }
    }
  } catch (error) {
    await room[Symbol.asyncDispose]();
    throw error;
  }
  return room;
}

/** By title. */
function topicsOf<Name extends string, Title extends string>({
  topics = ["Share Deal" as Title],
}: TestRoomOptions<Name, Title>): Readonly<Record<Title, TestTopicOptions<Name>>> {
  if (!isList(topics)) return topics;
  return Object.fromEntries(topics.map((title) => [title, {}])) as Record<Title, TestTopicOptions<Name>>;
}

const isList = (value: unknown): value is readonly string[] => Array.isArray(value);

/** People of the store's directory who are no users. */
const RESERVED = ["server", "operator"];

function checkName(name: string): void {
  if (!RESERVED.includes(name)) return;
  throw new RedRoomError("OPTIONS_INVALID", `unable to open the room; "${name}" stands for the ${name} itself`);
}

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

const nextTurn = setImmediate;

const realNetwork = () => quicTransport({ tls: makeCertificate() });
