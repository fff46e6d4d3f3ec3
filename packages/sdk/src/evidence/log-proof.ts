import { RedRoomError } from "../base/errors.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { type Hash, hashLeaf } from "./merkle.ts";
import { verifyInclusion } from "./proofs.ts";

/** One entry's place in the log, provable offline: the content of a `.tlog-proof` file. */
export interface LogProof {
  /** Counted from zero: the entry's `seq - 1`. */
  readonly index: number;
  /** The leaf's sibling first. */
  readonly hashes: readonly Hash[];
  /** The signed checkpoint that the hashes lead to. */
  readonly checkpoint: string;
}

const FIRST_LINE = "c2sp.org/tlog-proof@v1";

/** The text of C2SP tlog-proof, without extra data. */
export function formatLogProof({ index, hashes, checkpoint }: LogProof): string {
  const lines = hashes.map((hash) => `${Buffer.from(hash).toString("base64")}\n`);
  return `${FIRST_LINE}\nindex ${index}\n${lines.join("")}\n${checkpoint}`;
}

/** @returns `undefined` unless the text is a proof; extra data, which nothing authenticates, is passed over. */
export function parseLogProof(text: string): LogProof | undefined {
  const match =
    /^c2sp\.org\/tlog-proof@v1\n(?:extra [^\n]*\n)?index (0|[1-9][0-9]*)\n((?:[A-Za-z0-9+/]{43}=\n)*)\n([\s\S]+)$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, index, lines = "", checkpoint = ""] = match;
  const hashes = lines
    .split("\n")
    .slice(0, -1)
    .map((line) => new Uint8Array(Buffer.from(line, "base64")));
  return { index: Number(index), hashes, checkpoint };
}

/**
 * Whether a leaf line is in the log that a checkpoint speaks of.
 *
 * @returns The checkpoint, verified; `undefined` when the proof does not hold.
 */
export function verifyLogProof(
  text: string,
  leaf: string | Uint8Array,
  log: { readonly origin: string; readonly publicKey: Uint8Array },
): Checkpoint | undefined {
  const proof = parseLogProof(text);
  const checkpoint = proof && openCheckpoint(proof.checkpoint, log);
  if (proof === undefined || checkpoint === undefined) return undefined;
  const { size, root } = checkpoint;
  return verifyInclusion({ leafHash: hashLeaf(leaf), index: proof.index, size, root }, proof.hashes)
    ? checkpoint
    : undefined;
}

export const proofUnavailable = (seq: number, size: number): RedRoomError =>
  new RedRoomError("PROOF_UNAVAILABLE", `unable to prove anything of entry ${seq}; the log has ${size}`);
