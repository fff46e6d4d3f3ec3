import { RedRoomError } from "../base/errors.ts";
import { MAX_ROLES, ROLE_PATTERN } from "../protocol/limits.ts";
import { type Capability, isRole, type Policy, ROLES, roomPolicy } from "../rules/policy.ts";
import type { TopicState } from "../rules/topic-state.ts";
import { isReader } from "../rules/visibility.ts";
import type { SessionUser } from "../session/session-user.ts";

export type Capabilities = ReadonlySet<Capability>;

/** What somebody may do in a topic now, and why. */
export interface Rights {
  readonly roles: readonly string[];
  readonly capabilities: Capabilities;
}

/** The one place that asks the policy. */
export class Access {
  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** @param pseudonym Of somebody who was never in the topic: `undefined`. */
  in({ members }: TopicState, pseudonym: string | undefined, admin: boolean): Rights {
    const roles = pseudonym === undefined ? undefined : members.get(pseudonym);
    return {
      roles: roles ?? [],
      capabilities: new Set(this.#policy({ admin, member: roles !== undefined, roles: roles ?? [] })),
    };
  }

  /** What somebody may do where they are no member. */
  everywhere({ admin }: Pick<SessionUser, "admin">): Capabilities {
    return new Set(this.#policy({ admin, member: false, roles: [] }));
  }

  /** Whether topics can be read by who is no member: only a policy of one's own lets them. */
  get open(): boolean {
    return isReader(this.everywhere({ admin: false }));
  }

  /** Whether somebody may know of topics that they do not belong to. */
  seesAllTopics(user: SessionUser): boolean {
    const capabilities = this.everywhere(user);
    return capabilities.has("manageTopics") || takesPart(capabilities);
  }

  /** @throws {RedRoomError} `NOT_ALLOWED`. */
  check(user: SessionUser, capability: "manageTopics" | "manageUsers"): void {
    if (this.everywhere(user).has(capability)) return;
    const what = capability === "manageTopics" ? "change topics" : "change users";
    throw new RedRoomError("NOT_ALLOWED", `unable to ${what}; only administrators can`);
  }

  /** @throws {RedRoomError} `ROLE_INVALID` for an administrator, who sees no content. */
  checkMember({ name, admin }: Pick<SessionUser, "name" | "admin">): void {
    if (!admin) return;
    throw new RedRoomError("ROLE_INVALID", `unable to give roles to "${name}"; an administrator sees no content`, {
      remedy: "let them have another account for the conversation",
    });
  }

  /** @throws {RedRoomError} `ROLE_INVALID`. */
  checkRoles(roles: readonly string[]): void {
    const refuse = (reason: string): never => {
      throw new RedRoomError("ROLE_INVALID", `unable to give the roles; ${reason}`);
    };
    const strange = roles.find((role) => !ROLE_PATTERN.test(role));
    if (strange !== undefined) refuse(`"${strange.slice(0, 40)}" is no name of a role`);
    if (new Set(roles).size < roles.length) refuse("one is named twice");
    if (roles.length > MAX_ROLES) refuse(`${roles.length} are too many, the limit is ${MAX_ROLES}`);
    const unknown = this.#policy === roomPolicy ? roles.find((role) => !isRole(role)) : undefined;
    if (unknown !== undefined) refuse(`there is none called "${unknown}"; the roles are ${ROLES.join(", ")}`);
  }
}

/** Whether somebody reads or writes in a topic. */
export function takesPart(capabilities: Capabilities): boolean {
  return isReader(capabilities) || capabilities.has("ask") || capabilities.has("answer") || capabilities.has("note");
}

/** The same for a topic that is none of theirs and for one that is not there: it tells nobody what exists. */
export const notInTopic = (): RedRoomError =>
  new RedRoomError("NOT_ALLOWED", "unable to use the topic; there is none with this name that your role lets you use", {
    remedy: "look at the list of your topics; an administrator decides who belongs to a topic",
  });
