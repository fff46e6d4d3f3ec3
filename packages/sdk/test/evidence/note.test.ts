import { describe, expect, it } from "vitest";
import { openCheckpoint, originOf, signCheckpoint } from "../../src/evidence/checkpoint.ts";
import { makeLogKey } from "../../src/evidence/log-key.ts";
import { formatLogProof, parseLogProof, verifyLogProof } from "../../src/evidence/log-proof.ts";
import { formatVerifier, openNote, parseVerifier, signNote } from "../../src/evidence/note.ts";
import { proveInclusion } from "../../src/evidence/proofs.ts";
import { growTree } from "./grown-tree.ts";

/** The example of the Go module golang.org/x/mod/sumdb/note (its documentation), which C2SP signed-note specifies. */
const GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

const key = makeLogKey();
const { publicKey } = key;
const otherKey = makeLogKey();
const origin = originOf("AAAAAAAAAAAAAAAAAAAAAA");
const log = { origin, publicKey };

describe("a signed note", () => {
  it("opens the published example, with the published key", () => {
    const verifier = parseVerifier(GO_VERIFIER);
    expect(verifier && openNote(GO_NOTE, verifier)).toBe(GO_NOTE.slice(0, GO_NOTE.indexOf("\n\n") + 1));
    expect(verifier && formatVerifier(verifier)).toBe(GO_VERIFIER);
    expect(parseVerifier(GO_VERIFIER.replace("c74f20a3", "c74f20a4"))).toBeUndefined();
  });

  it("opens with its own key and no other, and ignores signatures of strangers", () => {
    const note = signNote("Guten Tag\n\nzwei Absätze\n", { name: "example.org/a", ...key });
    const stranger = signNote("x\n", { name: "example.org/b", ...otherKey });
    const both = note + stranger.slice(stranger.indexOf("—"));
    expect(openNote(both, { name: "example.org/a", publicKey })).toBe("Guten Tag\n\nzwei Absätze\n");
    expect(openNote(note, { name: "example.org/b", publicKey })).toBeUndefined();
  });

  it("does not open when any one bit is changed", () => {
    const note = Buffer.from(signCheckpoint({ origin, size: 3, root: new Uint8Array(32) }, key));
    for (let bit = 0; bit < note.byteLength * 8; bit += 1) {
      const changed = Buffer.from(note);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      // Bytes that are no UTF-8 any more are no note; a decoder that replaces them changes the text as well.
      expect(openCheckpoint(changed.toString("utf8"), log)).toBeUndefined();
    }
  });
});

describe("a checkpoint", () => {
  it("says which log, how many entries and which root", () => {
    const { roots } = growTree(["a", "b", "c"]);
    const root = roots[3] ?? new Uint8Array();
    const note = signCheckpoint({ origin, size: 3, root }, key);
    expect(note.split("\n").slice(0, 4)).toEqual([origin, "3", Buffer.from(root).toString("base64"), ""]);
    const opened = openCheckpoint(note, log);
    expect(opened).toMatchObject({ origin, size: 3 });
    expect(Buffer.from(opened?.root ?? [])).toEqual(Buffer.from(root));
  });

  it("is not taken for another log's, nor when it is well signed and badly written", () => {
    const sign = (text: string) => signNote(text, { name: origin, ...key });
    const root = Buffer.alloc(32).toString("base64");
    expect(openCheckpoint(sign(`${origin}\n3\n${root}\n`), log)?.size).toBe(3);
    for (const text of [
      `redroom/other\n3\n${root}\n`,
      `${origin}\n03\n${root}\n`,
      `${origin}\n-3\n${root}\n`,
      `${origin}\n3\n${root.slice(4)}\n`,
      `${origin}\n3\n${root}\nextension\n`,
      `${origin}\n9007199254740993\n${root}\n`,
    ]) {
      expect(openCheckpoint(sign(text), log)).toBeUndefined();
    }
  });
});

describe("a log proof", () => {
  const leaves = Array.from({ length: 11 }, (_, index) => `{"seq":${index + 1}}`);
  const { roots, node } = growTree(leaves);
  const checkpoint = signCheckpoint({ origin, size: 11, root: roots[11] ?? new Uint8Array() }, key);
  const text = formatLogProof({ index: 4, hashes: proveInclusion(4, 11, node), checkpoint });

  it("shows offline that a leaf is in the log", () => {
    expect(text.startsWith("c2sp.org/tlog-proof@v1\nindex 4\n")).toBe(true);
    expect(verifyLogProof(text, leaves[4] ?? "", log)).toMatchObject({ size: 11 });
    expect(verifyLogProof(text, leaves[5] ?? "", log)).toBeUndefined();
    expect(verifyLogProof(text, leaves[4] ?? "", { ...log, publicKey: otherKey.publicKey })).toBeUndefined();
  });

  it("passes over extra data and refuses everything else that is not of the form", () => {
    const withExtra = text.replace("\nindex", "\nextra YWJj\nindex");
    expect(verifyLogProof(withExtra, leaves[4] ?? "", log)).toMatchObject({ size: 11 });
    for (const wrong of ["", text.slice(1), text.replace("index 4", "index 04"), text.replace("\n\n", "\n")]) {
      expect(parseLogProof(wrong)).toBeUndefined();
    }
  });
});
