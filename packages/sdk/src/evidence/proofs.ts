import { equalHashes, type Frontier, type Hash, hashChildren, isHash } from "./merkle.ts";

/** The root of the complete subtree over the leaves `index · 2^level … (index + 1) · 2^level - 1`; level 0 is the leaf. */
export type NodeReader = (level: number, index: number) => Hash;

/** The largest power of two below `size`: where RFC 6962 splits a tree. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** The root over the leaves `from … to - 1`, where `from` is a multiple of the subtree's size. */
function rangeRoot(from: number, to: number, node: NodeReader): Hash {
  const size = to - from;
  const level = Math.log2(size);
  if (Number.isInteger(level)) return node(level, from / size);
  const split = splitOf(size);
  return hashChildren(rangeRoot(from, from + split, node), rangeRoot(from + split, to, node));
}

/** What a tree of the first `size` leaves needs to grow. */
export function readFrontier(size: number, node: NodeReader): Frontier {
  const peaks: Hash[] = [];
  let from = 0;
  for (let level = 52; level >= 0; level -= 1) {
    const width = 2 ** level;
    if (Math.floor(size / width) % 2 === 0) continue;
    peaks.push(node(level, from / width));
    from += width;
  }
  return { size, peaks };
}

/** PATH(index, D[size]) of RFC 6962 §2.1.1: the leaf's sibling first. `O(log size)` reads. */
export function proveInclusion(index: number, size: number, node: NodeReader): Hash[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path = (from: number, to: number): Hash[] => {
    if (to - from === 1) return [];
    const split = from + splitOf(to - from);
    return index < split
      ? [...path(from, split), rangeRoot(split, to, node)]
      : [...path(split, to), rangeRoot(from, split, node)];
  };
  return path(0, size);
}

/** PROOF(first, D[second]) of RFC 6962 §2.1.2; empty for equal sizes and for the empty tree. `O(log second)` reads. */
export function proveConsistency(first: number, second: number, node: NodeReader): Hash[] {
  if (!(first >= 0 && first <= second))
    throw new RangeError(`a tree of ${first} is not the beginning of one of ${second}`);
  if (first === 0 || first === second) return [];
  const subproof = (size: number, from: number, to: number, whole: boolean): Hash[] => {
    if (size === to - from) return whole ? [] : [rangeRoot(from, to, node)];
    const split = splitOf(to - from);
    return size <= split
      ? [...subproof(size, from, from + split, whole), rangeRoot(from + split, to, node)]
      : [...subproof(size - split, from + split, to, false), rangeRoot(from, from + split, node)];
  };
  return subproof(first, 0, second, true);
}

/** RFC 9162 §2.1.3.2. Sizes beyond 2^53 are not supported. */
export function verifyInclusion(
  claim: { readonly leafHash: Hash; readonly index: number; readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  const { leafHash, index, size, root } = claim;
  if (!isCount(index) || !isCount(size) || index >= size || !proof.every(isHash)) return false;
  let node = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = hashChildren(sibling, hash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = hashChildren(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalHashes(hash, root);
}

/** RFC 9162 §2.1.4.2: the tree of `first` leaves is the beginning of the one of `second`. */
export function verifyConsistency(
  first: { readonly size: number; readonly root: Hash },
  second: { readonly size: number; readonly root: Hash },
  proof: readonly Hash[],
): boolean {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size || !proof.every(isHash)) return false;
  if (first.size === second.size) return proof.length === 0 && equalHashes(first.root, second.root);
  // Every tree begins with the empty one.
  if (first.size === 0) return proof.length === 0;
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  const start = path.shift();
  if (start === undefined) return false;
  let [node, last] = [first.size - 1, second.size - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let [firstHash, secondHash] = [start, start];
  for (const hash of path) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      firstHash = hashChildren(hash, firstHash);
      secondHash = hashChildren(hash, secondHash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      secondHash = hashChildren(secondHash, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalHashes(firstHash, first.root) && equalHashes(secondHash, second.root);
}

const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isPowerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));
