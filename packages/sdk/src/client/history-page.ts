import { LogFollower, logFork } from "../evidence/log-follower.ts";
import { EMPTY_FRONTIER, hashLeaf, rootOf } from "../evidence/merkle.ts";
import { verifyConsistency } from "../evidence/proofs.ts";
import type { Message } from "../protocol/messages.ts";
import { decodeHash, decodeHashes, readFrontierOf } from "./hashes.ts";
import type { Link } from "./link.ts";
import { readMessage, type TopicMessage } from "./message.ts";
import { reconcile } from "./reconcile.ts";
import { expectLast } from "./request.ts";

/**
 * Reads a page of the record and verifies it: what the server says came before, the page's leaves, and its proof that
 * both are the beginning of the log it has signed.
 *
 * @returns The messages, and the seq behind the page.
 * @throws {RedRoomError} `PROTOCOL_ERROR`, `LOG_FORK`.
 */
export async function readPage(
  link: Link,
  topicId: string,
  from: number,
  response: readonly Message[],
): Promise<{ readonly messages: TopicMessage[]; readonly next: number }> {
  const trust = link.trust(topicId);
  const { frontier, checkpoint: note, consistency } = expectLast(response, "historyRead");
  const entries = response.slice(0, -1);
  if (entries.length === 0 || note === undefined) return { messages: [], next: from };
  const before = from === 1 ? EMPTY_FRONTIER : readFrontierOf(from - 1, decodeHashes(frontier));
  const follower = new LogFollower(trust, before);
  const messages: TopicMessage[] = [];
  for (const message of entries) {
    if (message.type === "entry") {
      const { leaf, content } = readMessage(message, topicId, follower.size + 1);
      follower.append(hashLeaf(leaf));
      messages.push(content);
    } else if (message.type === "placeholder") {
      follower.append(decodeHash(message.leafHash));
    }
  }
  const checkpoint = trust.open(note);
  const page = { size: follower.size, root: rootOf(follower.frontier) };
  if (!verifyConsistency(page, checkpoint, decodeHashes(consistency))) throw logFork(trust.log.origin, note, undefined);
  await reconcile(link, topicId, checkpoint);
  return { messages, next: follower.size + 1 };
}
