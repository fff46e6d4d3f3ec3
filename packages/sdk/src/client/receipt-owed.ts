import type { TopicMessage } from "./message.ts";

/** What the server or the operator has written is not confirmed for itself. */
const UNCONFIRMED: ReadonlySet<TopicMessage["kind"]> = new Set(["erasure", "export"]);

/** Whether its author waits for our receipt: of what somebody else has written. */
export function owesReceipt({ kind, by }: TopicMessage, self: string | undefined): boolean {
  return by !== self && !UNCONFIRMED.has(kind);
}

/** Where it came in the log: an answer that was sealed, with its reveal. */
export const placeOf = ({ seq, revealedBy = seq }: TopicMessage): number => revealedBy;
