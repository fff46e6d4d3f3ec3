import { checkRoles, type Membership, type Policy, RedRoomError } from "@redroom/sdk";
import type { TopicStore, TopicSummary, UserStore } from "@redroom/sdk/store";
import { InvalidArgumentError } from "commander";

/** What `--member NAME:ROLE,ROLE` says. */
export interface WantedMember {
  readonly name: string;
  readonly roles: readonly string[];
}

/** Reads one `--member`, behind those that were given before it. A name may have colons, a role has none. */
export function readMember(text: string, before: readonly WantedMember[] = []): readonly WantedMember[] {
  const [, name = "", list = ""] = /^(.+):([^:]+)$/.exec(text) ?? [];
  const roles = list.split(",");
  if (name !== "" && roles.every((role) => role !== "")) return [...before, { name, roles }];
  throw new InvalidArgumentError("It must be NAME:ROLE or NAME:ROLE,ROLE.");
}

/** @throws {RedRoomError} `USER_UNKNOWN`, `ROLE_INVALID`. */
export async function membershipOf(
  { name, roles }: WantedMember,
  users: UserStore,
  policy: Policy,
): Promise<Membership> {
  const member = await users.findUser(name);
  if (member === undefined) {
    throw new RedRoomError("USER_UNKNOWN", `unable to give roles; nobody is called "${name}"`, {
      remedy: "see redroom-server user list",
    });
  }
  checkRoles({ member, roles }, policy);
  return { member, roles };
}

/** @throws {RedRoomError} `TOPIC_UNKNOWN`. */
export async function topicCalled(wanted: string, store: TopicStore): Promise<TopicSummary> {
  const topic = (await store.findTopic({ title: wanted.normalize("NFC") })) ?? (await store.findTopic({ id: wanted }));
  if (topic !== undefined) return topic;
  throw new RedRoomError("TOPIC_UNKNOWN", `unable to find the topic; there is none called "${wanted}"`, {
    remedy: "see redroom-server topic list",
  });
}

export interface Member extends WantedMember {
  /** Their pseudonym in the topic. */
  readonly id: string;
}

/** Who belongs to a topic now, by name. */
export async function membersOf(topicId: string, store: TopicStore): Promise<readonly Member[]> {
  const [{ state }, people] = [await store.head(topicId), await store.people(topicId)];
  return [...state.members]
    .map(([id, roles]) => ({ id, name: people.get(id)?.name ?? "", roles }))
    .sort((one, other) => one.name.localeCompare(other.name));
}
