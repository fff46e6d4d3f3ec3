import { describe, expect, it } from "vitest";
import { originOf, signCheckpoint } from "../../src/evidence/checkpoint.ts";
import { LogFollower, LogTrust, type TrustedCheckpoint } from "../../src/evidence/log-follower.ts";
import { makeLogKey } from "../../src/evidence/log-key.ts";
import { EMPTY_FRONTIER, hashLeaf } from "../../src/evidence/merkle.ts";
import { proveConsistency, readFrontier } from "../../src/evidence/proofs.ts";
import { growTree } from "./grown-tree.ts";

const key = makeLogKey();
const origin = originOf("AAAAAAAAAAAAAAAAAAAAAA");
const log = { origin, publicKey: key.publicKey };
const leaves = Array.from({ length: 12 }, (_, at) => `leaf ${at}`);
const honest = growTree(leaves);
const forked = growTree(leaves.map((leaf, at) => (at === 4 ? "another" : leaf)));

const noteOf = ({ roots }: typeof honest, size: number): string =>
  signCheckpoint({ origin, size, root: roots[size] ?? new Uint8Array() }, key);
const trusting = (size: number, tree = honest): LogTrust => {
  const trust = new LogTrust(log);
  trust.advance(trust.open(noteOf(tree, size)));
  return trust;
};
const grow = (follower: LogFollower, to: number, tree = honest): void => {
  while (follower.size < to) follower.append(tree.node(0, follower.size));
};
const fork = expect.objectContaining({ code: "LOG_FORK" });

describe("who follows a log", () => {
  it("trusts each checkpoint that fits, without asking anybody", () => {
    const trust = new LogTrust(log);
    const follower = new LogFollower(trust, EMPTY_FRONTIER);
    for (let size = 1; size <= 12; size += 1) {
      grow(follower, size);
      expect(follower.verify(noteOf(honest, size))).toBeUndefined();
      expect(trust.checkpoint?.size).toBe(size);
    }
  });

  it("finds a changed entry at the next checkpoint, and at the one it trusts", () => {
    const follower = new LogFollower(new LogTrust(log), EMPTY_FRONTIER);
    grow(follower, 6, forked);
    expect(() => follower.verify(noteOf(honest, 6))).toThrow(fork);
    const another = new LogFollower(trusting(8), EMPTY_FRONTIER);
    grow(another, 7, forked);
    expect(() => grow(another, 8, forked)).toThrow(fork);
    expect(() => new LogFollower(trusting(8), readFrontier(8, forked.node))).toThrow(fork);
  });

  it("refuses what is not signed, or not of its size", () => {
    const follower = new LogFollower(new LogTrust(log), EMPTY_FRONTIER);
    grow(follower, 3);
    const stranger = signCheckpoint({ origin, size: 3, root: honest.roots[3] ?? new Uint8Array() }, makeLogKey());
    for (const note of [stranger, noteOf(honest, 2), noteOf(honest, 4), "nothing"]) {
      expect(() => follower.verify(note)).toThrow(expect.objectContaining({ code: "PROTOCOL_ERROR" }));
    }
    expect(follower.verify(noteOf(honest, 3))).toBeUndefined();
  });

  it("wants a proof where it began behind what is trusted, and one only", () => {
    const trust = trusting(5);
    const follower = new LogFollower(trust, readFrontier(8, honest.node));
    const open = follower.verify(noteOf(honest, 8)) as TrustedCheckpoint;
    expect(open.size).toBe(8);
    expect(trust.checkpoint?.size).toBe(5);
    grow(follower, 10);
    expect(follower.verify(noteOf(honest, 10))?.size).toBe(10);
    trust.reconcile(open, proveConsistency(5, 8, honest.node));
    // What came meanwhile contains what was proved.
    expect(follower.confirm(open)).toBeUndefined();
    expect(trust.checkpoint?.size).toBe(10);
    grow(follower, 11);
    expect(follower.verify(noteOf(honest, 11))).toBeUndefined();
  });

  it("wants a proof where it lags behind what is trusted, until it has caught up", () => {
    const trust = trusting(9);
    const follower = new LogFollower(trust, readFrontier(2, honest.node));
    grow(follower, 4);
    const open = follower.verify(noteOf(honest, 4)) as TrustedCheckpoint;
    trust.reconcile(open, proveConsistency(4, 9, honest.node));
    expect(follower.confirm(open)).toBeUndefined();
    expect(trust.checkpoint?.size).toBe(9);
    grow(follower, 6);
    expect(follower.verify(noteOf(honest, 6))?.size).toBe(6);
    grow(follower, 9);
    expect(follower.verify(noteOf(honest, 9))).toBeUndefined();
    grow(follower, 10);
    expect(follower.verify(noteOf(honest, 10))).toBeUndefined();
    expect(trust.checkpoint?.size).toBe(10);
  });

  it("is not satisfied by a proof while something larger is trusted by now", () => {
    const trust = trusting(2);
    const follower = new LogFollower(trust, readFrontier(4, honest.node));
    const open = follower.verify(noteOf(honest, 4)) as TrustedCheckpoint;
    grow(follower, 6, forked);
    expect(follower.verify(noteOf(forked, 6))?.size).toBe(6);
    trust.advance(trust.open(noteOf(honest, 12)));
    trust.reconcile(open, proveConsistency(4, 12, honest.node));
    expect(follower.confirm(open)?.size).toBe(6);
    expect(trust.checkpoint?.size).toBe(12);
  });

  it("names both checkpoints when both are signed", () => {
    const trust = trusting(5, forked);
    const shown = trust.open(noteOf(honest, 9));
    const evidence = { origin, known: noteOf(forked, 5), shown: noteOf(honest, 9) };
    expect(() => trust.reconcile(shown, proveConsistency(5, 9, honest.node))).toThrow(
      expect.objectContaining({ code: "LOG_FORK", evidence }),
    );
    expect(() => trust.reconcile(trust.open(noteOf(honest, 5)), [])).toThrow(fork);
    expect(trust.checkpoint?.note).toBe(evidence.known);
  });

  it("hashes what it is given, and nothing else", () => {
    const follower = new LogFollower(new LogTrust(log), EMPTY_FRONTIER);
    for (const leaf of leaves) follower.append(hashLeaf(leaf));
    expect(follower.verify(noteOf(honest, 12))).toBeUndefined();
  });
});
