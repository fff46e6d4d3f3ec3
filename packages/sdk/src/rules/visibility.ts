import type { Capability } from "./policy.ts";
import type { LeafFacts, TopicState } from "./topic-state.ts";

/** Somebody who reads a topic. */
export interface Reader {
  readonly pseudonym: string;
  readonly capabilities: ReadonlySet<Capability>;
}

/**
 * What somebody sees of an entry: all of it; that it is there and what its text is committed to (`sealed`); or a number and a
 * hash (`hidden`).
 */
export type Visibility = "full" | "sealed" | "hidden";

/** What concerns everybody who reads: who belongs to the topic, who has received what, and what the operator did. */
const FOR_ALL = ["membership", "delivery", "erasure", "export"];

/** What a reader sees of an entry, by the state of its topic now. The one rule, for every way in which entries leave a server. */
export function visibilityOf({ seq, kind, by, to }: LeafFacts, reader: Reader, state: TopicState): Visibility {
  const { pseudonym, capabilities } = reader;
  const readsAll = capabilities.has("readAll");
  if (!readsAll && !capabilities.has("readAddressed")) return "hidden";
  if (FOR_ALL.includes(kind) || by === pseudonym) return "full";
  if (state.sealed.get(seq)?.reader === pseudonym) return "sealed";
  return readsAll || to === undefined || to.includes(pseudonym) ? "full" : "hidden";
}

/** Whether somebody may read anything at all. */
export function isReader(capabilities: ReadonlySet<Capability>): boolean {
  return capabilities.has("readAll") || capabilities.has("readAddressed");
}
