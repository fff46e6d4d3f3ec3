import { type HistoryPage, readPage } from "./history-page.ts";
import type { Link } from "./link.ts";
import { messageOf, type NameOf, type SealedMessage, sealedMessageOf, type TopicMessage } from "./message.ts";
import { checkProof, requestProof } from "./prove-leaf.ts";
import { reconcile } from "./reconcile.ts";
import { watched } from "./watched.ts";

/** What stands between the messages, in its place, for whoever wants to know. */
export interface Gaps {
  /** Called for entries whose text is withheld or was erased. */
  readonly onWithheld?: (seq: number) => void;
  /** Called for answers to our own questions that we may not read yet. */
  readonly onSealed?: (message: SealedMessage) => void;
}

export interface HistoryOptions extends Gaps {
  /** The first seq; 1 by default. */
  readonly from?: number;
  /** How many messages; 100 by default. */
  readonly limit?: number;
}

/** So many are asked for at least, unless fewer messages are wanted in all. */
const LEAST_ENTRIES = 16;

/** A part of the record, verified. What goes wrong with a request is thrown. */
export async function readHistory(
  link: Link,
  topic: string,
  options: HistoryOptions,
  nameOf: NameOf,
): Promise<TopicMessage[]> {
  const { from = 1, limit = 100 } = options;
  const messages: TopicMessage[] = [];
  const most = Math.min(limit, link.limits.maxPageEntries);
  for (let [next, size] = [from, most]; messages.length < limit; ) {
    const before = messages.length;
    const page = await readPage(link, topic, next, size);
    take(page, limit, messages, options, nameOf);
    if (page.last) break;
    next = page.next;
    // More than are still missing: between messages lie deliveries, and the pages would become ever smaller.
    const enough = Math.max(LEAST_ENTRIES, 2 * (limit - messages.length));
    size = messages.length > before ? Math.min(most, enough) : most;
  }
  return messages;
}

function take({ entries }: HistoryPage, limit: number, messages: TopicMessage[], gaps: Gaps, nameOf: NameOf): void {
  for (const { seq, entry, sealed } of entries) {
    if (messages.length === limit) return;
    const message = entry && messageOf(entry, nameOf);
    if (message !== undefined) messages.push(message);
    else if (sealed !== undefined) gaps.onSealed?.(sealedMessageOf(sealed, nameOf));
    else if (entry === undefined) gaps.onWithheld?.(seq);
  }
}

/** What is wrong with the note is its bearer's fault, and no breach. */
export async function confirmCheckpoint(link: Link, topic: string, checkpoint: string): Promise<void> {
  await watched(link, reconcile(link, topic, link.trust(topic).open(checkpoint)));
}

/** @returns The text of a `.tlog-proof` file, checked. */
export async function proveEntry(link: Link, topic: string, seq: number): Promise<string> {
  const proof = await requestProof(link, topic, seq);
  const [leafHash] = (await readPage(link, topic, seq, 1)).leafHashes;
  await checkProof(link, topic, seq, leafHash ?? new Uint8Array(), proof);
  return proof;
}
