import { systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { DEFAULT_LIMITS } from "../protocol/limits.ts";
import { type Policy, roomPolicy } from "../rules/policy.ts";
import { topicUnknown } from "../store/store-errors.ts";
import type { Person, TopicStore } from "../store/topic-store.ts";
import type { UserRecord } from "../store/user-store.ts";
import { Access } from "./access.ts";
import { HookRunner } from "./hook-runner.ts";
import { MetadataRules } from "./metadata-rules.ts";
import { TopicWriter } from "./topic-writer.ts";

/** Who is to have which roles. */
export interface Membership {
  readonly member: Pick<UserRecord, "id" | "name" | "admin">;
  /** None: no member any more. */
  readonly roles: readonly string[];
}

/**
 * Refuses what `setRoles` would refuse, before anything is written.
 *
 * @param policy The one that the server goes by.
 * @throws {RedRoomError} `ROLE_INVALID`: an administrator, a role that the policy does not know, or one named twice.
 */
export function checkRoles({ member, roles }: Membership, policy: Policy = roomPolicy): void {
  const access = new Access(policy);
  access.checkRoles(roles);
  if (roles.length > 0) access.checkMember(member);
}

/**
 * Gives somebody roles in a topic, also beside a server that runs on the same data and feels it within a second. Written as
 * the server itself writes it: in a regulated topic with the answers that are revealed by it.
 *
 * @param by In whose name.
 * @throws {RedRoomError} `ROLE_INVALID`, `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
 */
export async function setRoles(
  store: TopicStore,
  topicId: string,
  membership: Membership,
  { by, policy = roomPolicy }: { readonly by: Person; readonly policy?: Policy },
): Promise<void> {
  checkRoles(membership, policy);
  const topic = await store.findTopic({ id: topicId });
  if (topic === undefined) throw topicUnknown(topicId);
  const { member, roles } = membership;
  const { maxOpenQuestions } = DEFAULT_LIMITS; // nobody asks here, and nothing is checked
  const metadata = new MetadataRules({}, new HookRunner(1, systemClock, silentLogger));
  const context = { store, clock: systemClock, access: new Access(policy), maxOpenQuestions, metadata };
  const people = { pseudonymOf: (person: Person) => store.pseudonym(topicId, person) };
  const { id, name } = member;
  await new TopicWriter(topic, context, people, () => {}).setRoles(by, { id, name }, roles);
}
