import { randomId } from "../../base/id.ts";
import { membershipText } from "../../rules/topic-state.ts";
import { committed } from "../../server/log-entries.ts";
import { SERVER } from "../../server/topic-people.ts";
import type { TopicStore } from "../../store/topic-store.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";

export const USERS = ["anna", "bernd", "carla", "doris"] as const;

/** Asks, answers nothing, and tries to read all the same. */
export const IMPATIENT = "edgar";

/** What people write looks like this, and nothing else does. */
export const TEXTS = new RegExp(`\\b(?:${[...USERS, IMPATIENT].join("|")}) \\d+`);

const TITLES = ["Share Deal", "Gesellschafterhaftung"] as const;

type Roles = readonly string[];

/** Both parties of most conversations; now and then others. */
const PARTY: Roles = ["interviewer", "interviewee"];
const OTHERS: readonly [Roles, ...Roles[]] = [
  PARTY,
  ["interviewer"],
  ["interviewee"],
  ["superuser"],
  ["superuser"],
  ["archivist"],
  ["legal"],
  ["interviewer", "legal"],
  [],
];

export function drawRoles(random: SeededRandom, user: string): Roles {
  if (user === IMPATIENT) return random.pick([PARTY, [...PARTY, "legal"]]);
  return (user === "anna" || user === "bernd") && random.chance(0.8) ? PARTY : random.pick(OTHERS);
}

/** A topic of a simulation, as it is in the beginning. */
export interface SimulatedTopic {
  readonly title: string;
  readonly regulated: boolean;
  /** From user to roles. */
  readonly members: ReadonlyMap<string, Roles>;
}

/** Draws one topic or two, and puts them on record with their members. */
export async function createTopics(
  store: TopicStore,
  disk: SimulatedDisk,
  random: SeededRandom,
  users: readonly string[],
  mayBeRegulated: boolean,
): Promise<readonly [SimulatedTopic, ...SimulatedTopic[]]> {
  await store.open();
  const [first, ...others] = TITLES.slice(0, random.between(1, TITLES.length));
  const draw = (title: string): SimulatedTopic => {
    const members = users.map((user) => [user, drawRoles(random, user)] as const);
    return {
      title,
      regulated: mayBeRegulated && random.chance(0.7),
      members: new Map(members.filter(([, roles]) => roles.length > 0)),
    };
  };
  const topics = [draw(first ?? TITLES[0]), ...others.map(draw)] as const;
  for (const topic of topics) await createTopic(store, disk, topic);
  return topics;
}

async function createTopic(store: TopicStore, disk: SimulatedDisk, { title, regulated, members }: SimulatedTopic) {
  const topic = randomId();
  await store.createTopic({ id: topic, title, createdAt: 1, regulated });
  const by = await store.pseudonym(topic, SERVER);
  for (const [user, roles] of members) {
    const to = [await store.pseudonym(topic, { id: user, name: user })];
    const id = randomId();
    const entry = committed(membershipText(roles));
    await store.append(topic, { author: by, id }, ({ seq }) => [
      entry({ topic, seq: seq + 1, id, kind: "membership", by, at: 1, to }),
    ]);
  }
  disk.title(topic, title, members.size);
}
