import { createHash } from "node:crypto";

/** A SHA-256: 32 bytes. */
export type Hash = Uint8Array;

export const HASH_BYTES = 32;

/** The root of a tree without leaves: SHA-256 of nothing (RFC 6962 §2.1). */
export const EMPTY_ROOT: Hash = createHash("sha256").digest();

/** `SHA-256(0x00 ‖ leaf)` (RFC 6962 §2.1). */
export function hashLeaf(leaf: Uint8Array | string): Hash {
  return createHash("sha256").update(LEAF_PREFIX).update(leaf).digest();
}

/** `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962 §2.1). */
export function hashChildren(left: Hash, right: Hash): Hash {
  return createHash("sha256").update(NODE_PREFIX).update(left).update(right).digest();
}

const LEAF_PREFIX = Uint8Array.of(0);
const NODE_PREFIX = Uint8Array.of(1);

/**
 * All that is needed of a tree to let it grow: the roots of the complete subtrees it consists of, largest first, one for
 * each bit that is set in `size`.
 */
export interface Frontier {
  readonly size: number;
  readonly peaks: readonly Hash[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, peaks: [] };

/** @returns The tree with one leaf more, and the roots of the subtrees of 2, 4, 8 … leaves that this leaf completes. */
export function appendLeaf({ size, peaks }: Frontier, leafHash: Hash): { frontier: Frontier; completed: Hash[] } {
  const kept = [...peaks];
  const completed: Hash[] = [];
  let node = leafHash;
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = kept.pop();
    if (left === undefined) throw new RangeError(`a frontier of ${size} leaves with ${peaks.length} peaks`);
    node = hashChildren(left, node);
    completed.push(node);
  }
  return { frontier: { size: size + 1, peaks: [...kept, node] }, completed };
}

/** The Merkle tree hash (RFC 6962 §2.1). */
export function rootOf({ peaks }: Frontier): Hash {
  const [last, ...larger] = [...peaks].reverse();
  if (last === undefined) return EMPTY_ROOT;
  return larger.reduce((right, left) => hashChildren(left, right), last);
}

/** Whether there are as many peaks as a tree of this size has, each of a hash's length. */
export function isFrontier({ size, peaks }: Frontier): boolean {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return Number.isSafeInteger(size) && size >= 0 && peaks.length === bits && peaks.every(isHash);
}

export function isHash(bytes: Uint8Array): boolean {
  return bytes.byteLength === HASH_BYTES;
}

export function equalHashes(one: Hash, other: Hash): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);
}
