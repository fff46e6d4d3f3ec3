import { appendLeaf, EMPTY_FRONTIER, type Hash, hashLeaf, rootOf } from "../../src/evidence/merkle.ts";
import type { NodeReader } from "../../src/evidence/proofs.ts";

export interface GrownTree {
  /** The root for each size from 0. */
  readonly roots: readonly Hash[];
  readonly node: NodeReader;
}

/** A tree grown leaf by leaf, as a log does it, with everything that it completed on the way. */
export function growTree(leaves: Iterable<Uint8Array | string>): GrownTree {
  const levels: Hash[][] = [[]];
  let frontier = EMPTY_FRONTIER;
  const roots = [rootOf(frontier)];
  for (const leaf of leaves) {
    const hash = hashLeaf(leaf);
    const grown = appendLeaf(frontier, hash);
    frontier = grown.frontier;
    for (const [level, completed] of [hash, ...grown.completed].entries()) {
      levels[level] ??= [];
      levels[level].push(completed);
    }
    roots.push(rootOf(frontier));
  }
  return {
    roots,
    node(level, index) {
      const hash = levels[level]?.[index];
      if (hash === undefined) throw new RangeError(`no complete subtree ${level}/${index}`);
      return hash;
    },
  };
}
