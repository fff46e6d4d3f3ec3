import type { Capability } from "../rules/policy.ts";

/** Somebody in a topic. */
export interface Person {
  /** The person's pseudonym in this topic: random, the same for ever, and another in each topic. */
  readonly id: string;
  /** The present name; empty where nobody is known behind the pseudonym, or nobody is there any more. */
  readonly name: string;
}

/** Whether somebody is there, as the server has said last. */
export interface Presence {
  /** `away`: the connection is lost, and may come back any moment. */
  readonly state: "online" | "away" | "offline";
  /** By the server's clock. */
  readonly since: Date;
}

/** Somebody who belongs to a topic. */
export interface Member extends Person {
  readonly roles: readonly string[];
  /** `undefined` as long as the server has not said. */
  readonly presence: Presence | undefined;
}

/** Ourselves in a topic. */
export interface Self extends Person {
  readonly roles: readonly string[];
  /** What we may do: the server decides by the same list. */
  readonly capabilities: readonly Capability[];
}

/** Who of a regulated topic waits for whom: `reader` has `questions` to answer to read `answers`. */
export interface WaitingPair {
  readonly reader: Person;
  readonly answerer: Person;
  /** Seqs of sealed answers. */
  readonly answers: readonly number[];
  /** Seqs of the questions that keep them sealed. */
  readonly questions: readonly number[];
}
