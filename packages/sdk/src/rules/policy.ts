/** What somebody may do: the whole list. */
export const CAPABILITIES = [
  /** Ask questions. */
  "ask",
  /** Answer questions that were put to them. */
  "answer",
  /** Write notes. */
  "note",
  /** Read what is addressed to them, or to all members, as it comes. */
  "readAddressed",
  /** Read everything as it comes. */
  "readAll",
  /** Query earlier correspondence: history and search. */
  "queryHistory",
  /** Close questions of others; release answers whose time is over. */
  "moderate",
  /** Create topics, and say who belongs to them. */
  "manageTopics",
  /** Create users and change their accounts. */
  "manageUsers",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/** Whose rights are in question, in one topic. */
export interface Subject {
  /** An administrator of the server. */
  readonly admin: boolean;
  readonly member: boolean;
  /** The roles that the topic's membership gives; none for somebody who is no member. */
  readonly roles: readonly string[];
}

/** Who may do what, as a pure function: the same answer to the same subject, at any time. What it does not name is denied. */
export type Policy = (subject: Subject) => readonly Capability[];

/** The roles of a deal room (R12). */
export const ROLES = ["interviewer", "interviewee", "archivist", "legal", "superuser"] as const;

export type Role = (typeof ROLES)[number];

/** The policy, whole: one line a role. `docs/roles.md` explains it. */
const GRANTS: Readonly<Record<Role, readonly Capability[]>> = {
  interviewer: ["ask", "readAddressed"],
  interviewee: ["answer", "readAddressed"],
  archivist: ["readAll"],
  legal: ["readAll", "queryHistory"],
  superuser: ["ask", "answer", "note", "readAddressed", "readAll", "queryHistory", "moderate"],
};

/** An administrator sees no content, whatever roles a topic gives. */
const ADMINISTRATOR: readonly Capability[] = ["manageTopics", "manageUsers"];

/** The roles of a deal room, denying by default: what a server goes by where no other policy is given. */
export const roomPolicy: Policy = ({ admin, roles }) => {
  if (admin) return ADMINISTRATOR;
  return CAPABILITIES.filter((capability) => roles.some((role) => isRole(role) && GRANTS[role].includes(capability)));
};

/** A plain chat: all members write, and read what is addressed to them or to all, whatever their roles. */
export const memberPolicy: Policy = ({ admin, member }) => {
  if (admin) return ADMINISTRATOR;
  return member ? ["ask", "answer", "note", "readAddressed", "queryHistory"] : [];
};

export function isRole(role: string): role is Role {
  return (ROLES as readonly string[]).includes(role);
}
