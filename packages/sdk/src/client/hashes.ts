import { fromBase64Url } from "../base/bytes.ts";
import { type Frontier, type Hash, isFrontier } from "../evidence/merkle.ts";
import { protocolError } from "../protocol/frame.ts";

/** The protocol has checked that it is the base64url of 32 bytes. */
export function decodeHash(text: string): Hash {
  const hash = fromBase64Url(text);
  if (hash === undefined) throw protocolError("a hash is not base64url");
  return hash;
}

export const decodeHashes = (texts: readonly string[]): Hash[] => texts.map(decodeHash);

/** @throws {RedRoomError} `PROTOCOL_ERROR` unless a tree of this size has that many peaks. */
export function readFrontierOf(size: number, peaks: readonly Hash[]): Frontier {
  const frontier = { size, peaks };
  if (!isFrontier(frontier)) throw protocolError(`${peaks.length} hashes are not the frontier of ${size} entries`);
  return frontier;
}
