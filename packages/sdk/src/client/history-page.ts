import { LogFollower, logFork } from "../evidence/log-follower.ts";
import { type Hash, hashLeaf, rootOf } from "../evidence/merkle.ts";
import { verifyConsistency } from "../evidence/proofs.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Message } from "../protocol/messages.ts";
import { decodeHash, decodeHashes, readFrontierOf } from "./hashes.ts";
import type { Link } from "./link.ts";
import { type ReadEntry, type ReadSealed, readEntry, readSealed } from "./message.ts";
import { openHead, reconcile } from "./reconcile.ts";
import { expectLast, request } from "./request.ts";

/** What stands at one number: a text that can be read, one that is sealed, or neither. */
type PageEntry = { readonly seq: number } & (
  | { readonly entry: ReadEntry; readonly sealed?: never }
  | { readonly sealed: ReadSealed; readonly entry?: never }
  | { readonly entry?: never; readonly sealed?: never }
);

export interface HistoryPage {
  /** In their order. */
  readonly entries: readonly PageEntry[];
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
  const received = response.slice(0, -1);
  if (received.length > limit) throw protocolError(`${received.length} entries came where ${limit} were asked for`);
  if (received.length === 0) {
    if (from <= size) throw protocolError(`entry ${from} of ${size} did not come`);
    return { entries: [], leafHashes: [], next: from, last: true };
  }
  const follower = new LogFollower(trust, readFrontierOf(from - 1, decodeHashes(frontier)));
  const entries: PageEntry[] = [];
  const leafHashes: Hash[] = [];
  for (const message of received) {
    const [entry, leafHash] = readPlace(message, topicId, follower.size + 1);
    entries.push(entry);
    leafHashes.push(leafHash);
    follower.append(leafHash);
  }
  const page = { size: follower.size, root: rootOf(follower.frontier) };
  if (!verifyConsistency(page, head, decodeHashes(consistency))) throw logFork(trust.log.origin, head.note, undefined);
  return { entries, leafHashes, next: follower.size + 1, last: follower.size === size };
}

function readPlace(message: Message, topicId: string, seq: number): [PageEntry, Hash] {
  switch (message.type) {
    case "entry": {
      const entry = readEntry(message, topicId, seq);
      return [{ seq, entry }, hashLeaf(entry.leaf)];
    }
    case "sealed": {
      const sealed = readSealed(message, topicId, seq);
      return [{ seq, sealed }, hashLeaf(sealed.leaf)];
    }
    case "placeholder":
      return [{ seq }, decodeHash(message.leafHash)];
    default:
      throw protocolError(`${message.type} has no place in a page of entries`);
  }
}
