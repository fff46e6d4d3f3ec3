import { parseLogProof } from "../evidence/log-proof.ts";
import { type Hash, hashLeaf } from "../evidence/merkle.ts";
import { verifyInclusion } from "../evidence/proofs.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Link } from "./link.ts";
import { reconcile } from "./reconcile.ts";
import { expectLast, request } from "./request.ts";

/** @returns The text of a `.tlog-proof` file, as the server sent it: hold it against a leaf by `checkProof`. */
export async function requestProof(link: Link, topic: string, seq: number): Promise<string> {
  return expectLast(await request(link, { type: "proveEntry", topic, seq }), "entryProof").proof;
}

/**
 * Holds a proof against a leaf, and its checkpoint against the one we trust.
 *
 * @throws {RedRoomError} `PROTOCOL_ERROR`, `LOG_FORK`; what else goes wrong with a request.
 */
export async function checkProof(link: Link, topic: string, seq: number, leafHash: Hash, text: string): Promise<void> {
  const proof = parseLogProof(text);
  const checkpoint = link.trust(topic).open(proof?.checkpoint ?? "");
  const { size, root } = checkpoint;
  const index = seq - 1;
  if (proof?.index !== index || !verifyInclusion({ leafHash, index, size, root }, proof.hashes)) {
    throw protocolError(`what the server sent does not prove entry ${seq}`);
  }
  await reconcile(link, topic, checkpoint);
}

/** Makes sure that a leaf is in the log: throws as `checkProof` does unless it is. */
export async function proveLeaf(link: Link, topic: string, seq: number, leaf: string): Promise<void> {
  await checkProof(link, topic, seq, hashLeaf(leaf), await requestProof(link, topic, seq));
}
