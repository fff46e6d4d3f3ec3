import { RedRoomError } from "../base/errors.ts";
import { type LogTrust, logFork, type TrustedCheckpoint } from "../evidence/log-follower.ts";
import { EMPTY_ROOT } from "../evidence/merkle.ts";
import { protocolError } from "../protocol/frame.ts";
import { decodeHashes } from "./hashes.ts";
import type { Link } from "./link.ts";
import { expectLast, request } from "./request.ts";

/** The head of a log that has no entries: nobody signs it. */
const emptyHead = (origin: string): TrustedCheckpoint => ({ origin, size: 0, root: EMPTY_ROOT, note: "" });

/**
 * The head that a server shows: a note, or none for an empty log.
 *
 * @throws {RedRoomError} `PROTOCOL_ERROR` unless it is signed, and has the size that the server says.
 */
export function openHead(trust: LogTrust, size: number, note: string | undefined): TrustedCheckpoint {
  const head = note === undefined ? emptyHead(trust.log.origin) : trust.open(note);
  if (head.size !== size) throw protocolError(`a log of ${size} entries came with the checkpoint of ${head.size}`);
  return head;
}

/**
 * Asks the server to prove that a checkpoint and the largest one we trust are of one log.
 *
 * @throws {RedRoomError} `LOG_FORK` when it cannot; what else goes wrong with a request.
 */
export async function reconcile(link: Link, topicId: string, checkpoint: TrustedCheckpoint): Promise<void> {
  const trust = link.trust(topicId);
  const known = trust.checkpoint;
  if (known === undefined && checkpoint.size === 0) return;
  if (known === undefined || known.size === checkpoint.size) return trust.reconcile(checkpoint, []);
  const [first, second] = checkpoint.size < known.size ? [checkpoint.size, known.size] : [known.size, checkpoint.size];
  const proof = await prove(link, topicId, first, second).catch((error: unknown) => {
    const refused = error instanceof RedRoomError && error.code === "PROOF_UNAVAILABLE";
    throw refused ? logFork(trust.log.origin, known.note, checkpoint.note || undefined) : error;
  });
  // Meanwhile the trusted one may have moved on; then it is the proof for another pair.
  if (trust.checkpoint?.size !== known.size) return reconcile(link, topicId, checkpoint);
  trust.reconcile(checkpoint, proof);
}

async function prove(link: Link, topic: string, first: number, second: number) {
  const response = await request(link, { type: "proveConsistency", topic, first, second });
  return decodeHashes(expectLast(response, "consistencyProof").hashes);
}
