import type { RedRoomError } from "../base/errors.ts";
import { parseLogProof } from "../evidence/log-proof.ts";
import { verifyInclusion } from "../evidence/proofs.ts";
import { protocolError } from "../protocol/frame.ts";
import { readPage } from "./history-page.ts";
import { isBreach, type Link } from "./link.ts";
import type { TopicMessage } from "./message.ts";
import { reconcile } from "./reconcile.ts";
import { expectLast, request } from "./request.ts";

export interface HistoryOptions {
  /** The first seq; 1 by default. */
  readonly from?: number;
  /** How many messages; 100 by default. */
  readonly limit?: number;
  /** Called, in their places, for entries whose text is withheld or was erased. */
  readonly onWithheld?: (seq: number) => void;
}

/** A part of the record, verified. What goes wrong with a request is thrown; a breach also ends the session. */
export async function readHistory(link: Link, topic: string, options: HistoryOptions): Promise<TopicMessage[]> {
  const { from = 1, limit = 100, onWithheld } = options;
  const messages: TopicMessage[] = [];
  // Not only as many as are still missing: between messages lie deliveries, and the pages would become ever smaller.
  const pageEntries = Math.min(limit, link.limits.maxPageEntries);
  for (let next = from; messages.length < limit; ) {
    const page = await watched(link, readPage(link, topic, next, pageEntries));
    messages.push(...page.messages.slice(0, limit - messages.length));
    const end = messages.length < limit ? page.next : (messages.at(-1)?.seq ?? 0);
    for (const seq of page.withheld) if (seq < end) onWithheld?.(seq);
    if (page.last) break;
    next = page.next;
  }
  return messages;
}

export function confirmCheckpoint(link: Link, topic: string, checkpoint: string): Promise<void> {
  return watched(link, reconcile(link, topic, link.trust(topic).open(checkpoint)));
}

/** @returns The text of a `.tlog-proof` file, checked. */
export async function proveEntry(link: Link, topic: string, seq: number): Promise<string> {
  const { proof } = expectLast(await request(link, { type: "proveEntry", topic, seq }), "entryProof");
  await watched(link, check(link, topic, seq, proof));
  return proof;
}

async function check(link: Link, topic: string, seq: number, text: string): Promise<void> {
  const proof = parseLogProof(text);
  const trust = link.trust(topic);
  const checkpoint = trust.open(proof?.checkpoint ?? "");
  const [leafHash] = (await readPage(link, topic, seq, 1)).leafHashes;
  const { size, root } = checkpoint;
  const index = seq - 1;
  if (proof?.index !== index || !leafHash || !verifyInclusion({ leafHash, index, size, root }, proof.hashes)) {
    throw protocolError(`what the server sent does not prove entry ${seq}`);
  }
  await reconcile(link, topic, checkpoint);
}

/** A server that breaks the protocol, or has two logs under one name, ends the session wherever it is noticed. */
async function watched<T>(link: Link, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isBreach(error)) link.violated(error satisfies RedRoomError);
    throw error;
  }
}
