import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_ROOT, equalHashes, type Hash, hashLeaf, isFrontier, rootOf } from "../../src/evidence/merkle.ts";
import {
  proveConsistency,
  proveInclusion,
  readFrontier,
  verifyConsistency,
  verifyInclusion,
} from "../../src/evidence/proofs.ts";
import { CONSISTENCY, INCLUSION, LEAVES, ROOTS } from "./ct-vectors.ts";
import { growTree } from "./grown-tree.ts";

const flip = (hash: Hash, bit: number): Hash => {
  const changed = Uint8Array.from(hash);
  changed[Math.floor(bit / 8)] = (changed[Math.floor(bit / 8)] ?? 0) ^ (1 << (bit % 8));
  return changed;
};
const at = <T>(values: readonly T[], index: number): T => {
  const value = values[index];
  if (value === undefined) throw new RangeError(`nothing at ${index}`);
  return value;
};

/** The definition of RFC 6962 §2.1, word for word and slowly: what the fast code is held against. */
function merkleTreeHash(leaves: readonly string[]): Hash {
  const sha256 = (...parts: (Uint8Array | string)[]): Hash => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), at(leaves, 0));
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Uint8Array.of(1), merkleTreeHash(leaves.slice(0, split)), merkleTreeHash(leaves.slice(split)));
}

describe("the tree", () => {
  const vectors = growTree(LEAVES);

  it("has the roots of the Certificate Transparency vectors", () => {
    expect(vectors.roots.slice(1).map((root) => Buffer.from(root).toString("hex"))).toEqual(
      ROOTS.map((root) => Buffer.from(root).toString("hex")),
    );
    expect(Buffer.from(EMPTY_ROOT).toString("hex")).toMatch(/^e3b0c44298fc1c14/);
  });

  it("makes and accepts the published proofs", () => {
    for (const { index, size, proof } of INCLUSION) {
      expect(proveInclusion(index, size, vectors.node).map(toHex)).toEqual(proof.map(toHex));
      expect(
        verifyInclusion({ leafHash: hashLeaf(at(LEAVES, index)), index, size, root: at(ROOTS, size - 1) }, proof),
      ).toBe(true);
    }
    for (const { first, second, proof } of CONSISTENCY) {
      expect(proveConsistency(first, second, vectors.node).map(toHex)).toEqual(proof.map(toHex));
      const [one, two] = [first, second].map((size) => ({ size, root: at(ROOTS, size - 1) }));
      expect(one && two && verifyConsistency(one, two, proof)).toBe(true);
    }
  });

  it("is the tree of RFC 6962's definition at every size, and can be continued from every size", () => {
    const leaves = Array.from({ length: 130 }, (_, index) => `leaf ${index}`);
    const { roots, node } = growTree(leaves);
    for (let size = 0; size <= leaves.length; size += 1) {
      expect(toHex(at(roots, size))).toBe(toHex(merkleTreeHash(leaves.slice(0, size))));
      const frontier = readFrontier(size, node);
      expect(isFrontier(frontier)).toBe(true);
      expect(toHex(rootOf(frontier))).toBe(toHex(at(roots, size)));
    }
  });
});

describe("proofs", () => {
  const size = 64;
  const { roots, node } = growTree(Array.from({ length: size }, (_, index) => `leaf ${index}`));

  it("hold for every leaf and every pair of sizes up to 64, and for no other index, size, root or proof", () => {
    for (let total = 1; total <= size; total += 1) {
      const root = at(roots, total);
      for (let index = 0; index < total; index += 1) {
        const proof = proveInclusion(index, total, node);
        const claim = { leafHash: node(0, index), index, size: total, root };
        expect(verifyInclusion(claim, proof)).toBe(true);
        expect(verifyInclusion({ ...claim, index: (index + 1) % total }, proof)).toBe(total === 1);
        expect(verifyInclusion({ ...claim, root: at(roots, total - 1) }, proof)).toBe(false);
        expect(verifyInclusion(claim, [...proof, root])).toBe(false);
        if (proof.length > 0) expect(verifyInclusion(claim, proof.slice(1))).toBe(false);
      }
      for (let first = 0; first <= total; first += 1) {
        const proof = proveConsistency(first, total, node);
        const [one, two] = [
          { size: first, root: at(roots, first) },
          { size: total, root },
        ];
        expect(verifyConsistency(one, two, proof)).toBe(true);
        expect(verifyConsistency(one, two, [...proof, root])).toBe(false);
        if (first > 0 && first < total) {
          expect(verifyConsistency({ ...one, root: flip(one.root, 7) }, two, proof)).toBe(false);
          expect(verifyConsistency(one, { ...two, root: flip(two.root, 200) }, proof)).toBe(false);
          expect(verifyConsistency(two, one, proof)).toBe(false);
        }
      }
    }
  });

  it("hold in trees of up to 100,000 leaves, and fail when any one bit is changed", () => {
    const large = growTree(Array.from({ length: 100_000 }, (_, index) => `leaf ${index}`));
    const sizes = fc.integer({ min: 2, max: 100_000 });
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), fc.nat(), (total, one, two, bit) => {
        const index = one % total;
        const inclusion = proveInclusion(index, total, large.node);
        const claim = { leafHash: large.node(0, index), index, size: total, root: at(large.roots, total) };
        expect(verifyInclusion(claim, inclusion)).toBe(true);
        expect(inclusion.length).toBeLessThanOrEqual(Math.ceil(Math.log2(total)));
        const spoiled = two % inclusion.length;
        expect(verifyInclusion(claim, inclusion.with(spoiled, flip(at(inclusion, spoiled), bit % 256)))).toBe(false);
        expect(verifyInclusion({ ...claim, leafHash: flip(claim.leafHash, bit % 256) }, inclusion)).toBe(false);
        expect(verifyInclusion({ ...claim, root: flip(claim.root, bit % 256) }, inclusion)).toBe(false);

        const first = 1 + (two % (total - 1));
        const consistency = proveConsistency(first, total, large.node);
        const [before, after] = [
          { size: first, root: at(large.roots, first) },
          { size: total, root: at(large.roots, total) },
        ];
        expect(verifyConsistency(before, after, consistency)).toBe(true);
        const broken = one % consistency.length;
        const changed = consistency.with(broken, flip(at(consistency, broken), bit % 256));
        expect(verifyConsistency(before, after, changed)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("are refused, not followed, when their sizes make no sense", () => {
    const root = at(roots, 8);
    for (const wrong of [-1, 8, 9, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(verifyInclusion({ leafHash: node(0, 0), index: wrong, size: 8, root }, [])).toBe(false);
      expect(verifyConsistency({ size: wrong === 8 ? 9 : wrong, root }, { size: 8, root }, [])).toBe(false);
    }
    expect(verifyInclusion({ leafHash: node(0, 0), index: 0, size: 2, root }, [new Uint8Array(31)])).toBe(false);
    expect(equalHashes(root, root.subarray(1))).toBe(false);
  });
});

const toHex = (hash: Hash): string => Buffer.from(hash).toString("hex");
