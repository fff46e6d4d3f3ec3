import { concatBytes } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { originOf, signCheckpoint } from "../evidence/checkpoint.ts";
import type { LogKey } from "../evidence/log-key.ts";
import { appendLeaf, type Frontier, HASH_BYTES, type Hash, hashLeaf, rootOf } from "../evidence/merkle.ts";
import { type NodeReader, proveConsistency, proveInclusion, readFrontier } from "../evidence/proofs.ts";

/** What a commit adds to a topic's tree. */
export interface Growth {
  /** For each leaf the roots of the subtrees of 2, 4, 8 … leaves that it completes, one behind the other: often nothing. */
  readonly nodes: readonly Uint8Array[];
  readonly frontier: Frontier;
}

export function grow(before: Frontier, leaves: readonly string[]): Growth {
  let frontier = before;
  const nodes = leaves.map((leaf) => {
    const grown = appendLeaf(frontier, hashLeaf(leaf));
    frontier = grown.frontier;
    return concatBytes(grown.completed);
  });
  return { nodes, frontier };
}

/** The head of a topic's log, as a signed checkpoint. */
export function signHead(topicId: string, frontier: Frontier, key: LogKey): string {
  return signCheckpoint({ origin: originOf(topicId), size: frontier.size, root: rootOf(frontier) }, key);
}

/** What a store keeps of a tree. */
export interface TreeRows {
  readonly size: number;
  leaf(seq: number): string;
  /** As `grow` gave them for the leaf of this seq. */
  nodes(seq: number): Uint8Array;
}

/** Proofs from what was kept: each hash is one row away, so that a proof costs as many reads as it has hashes. */
export class StoredTree {
  readonly #rows: TreeRows;
  readonly #node: NodeReader;

  constructor(rows: TreeRows) {
    this.#rows = rows;
    this.#node = (level, index) => {
      if (level === 0) return hashLeaf(rows.leaf(index + 1));
      // The subtree was completed by its last leaf.
      return rows.nodes((index + 1) * 2 ** level).subarray((level - 1) * HASH_BYTES, level * HASH_BYTES);
    };
  }

  frontier(size: number): Frontier {
    this.#check(0, size);
    return readFrontier(size, this.#node);
  }

  proveInclusion(seq: number, size: number): Hash[] {
    this.#check(seq, size);
    return proveInclusion(seq - 1, size, this.#node);
  }

  proveConsistency(first: number, second: number): Hash[] {
    this.#check(first, second);
    return proveConsistency(first, second, this.#node);
  }

  /** @throws {RedRoomError} `PROOF_UNAVAILABLE`. */
  #check(part: number, size: number): void {
    const head = this.#rows.size;
    if (part <= size && size <= head) return;
    throw new RedRoomError(
      "PROOF_UNAVAILABLE",
      `unable to prove anything of ${part} in ${size} entries; there are ${head}`,
    );
  }
}
