import { LogFollower, logFork } from "../evidence/log-follower.ts";
import { type Hash, hashLeaf, rootOf } from "../evidence/merkle.ts";
import { verifyConsistency } from "../evidence/proofs.ts";
import { protocolError } from "../protocol/frame.ts";
import { decodeHash, decodeHashes, readFrontierOf } from "./hashes.ts";
import type { Link } from "./link.ts";
import { readEntry, type TopicMessage } from "./message.ts";
import { openHead, reconcile } from "./reconcile.ts";
import { expectLast, request } from "./request.ts";

export interface HistoryPage {
  readonly messages: readonly TopicMessage[];
  /** The entries whose text cannot be read, ascending. */
  readonly withheld: readonly number[];
  /** Of every entry of the page, also of those whose text is withheld. */
  readonly leafHashes: readonly Hash[];
  /** The seq behind the page. */
  readonly next: number;
  /** There is nothing behind the page. */
  readonly last: boolean;
}

/**
 * Reads a page of the record and verifies it: what the server says came before, the page's leaves, and its proof that
 * both are the beginning of the log it has signed.
 *
 * @throws {RedRoomError} `PROTOCOL_ERROR`, `LOG_FORK`; what else goes wrong with a request.
 */
export async function readPage(link: Link, topicId: string, from: number, limit: number): Promise<HistoryPage> {
  const response = await request(link, { type: "readHistory", topic: topicId, from, limit });
  const trust = link.trust(topicId);
  const { head: size, frontier, checkpoint: note, consistency } = expectLast(response, "historyRead");
  // First the head against the one we know: two that are signed are better evidence than entries that do not fit.
  const head = openHead(trust, size, note);
  await reconcile(link, topicId, head);
  const entries = response.slice(0, -1);
  if (entries.length > limit) throw protocolError(`${entries.length} entries came where ${limit} were asked for`);
  if (entries.length === 0) {
    if (from <= size) throw protocolError(`entry ${from} of ${size} did not come`);
    return { messages: [], withheld: [], leafHashes: [], next: from, last: true };
  }
  const follower = new LogFollower(trust, readFrontierOf(from - 1, decodeHashes(frontier)));
  const messages: TopicMessage[] = [];
  const withheld: number[] = [];
  const leafHashes: Hash[] = [];
  for (const message of entries) {
    if (message.type === "entry") {
      const read = readEntry(message, topicId, follower.size + 1);
      leafHashes.push(hashLeaf(read.leaf));
      if (read.message !== undefined) messages.push(read.message);
    } else if (message.type === "placeholder") {
      withheld.push(follower.size + 1);
      leafHashes.push(decodeHash(message.leafHash));
    } else {
      throw protocolError(`${message.type} has no place in a page of entries`);
    }
    follower.append(leafHashes.at(-1) as Hash);
  }
  const page = { size: follower.size, root: rootOf(follower.frontier) };
  if (!verifyConsistency(page, head, decodeHashes(consistency))) throw logFork(trust.log.origin, head.note, undefined);
  return { messages, withheld, leafHashes, next: follower.size + 1, last: follower.size === size };
}
