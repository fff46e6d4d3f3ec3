import { RedRoomError } from "../base/errors.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { appendLeaf, equalHashes, type Frontier, type Hash, rootOf } from "./merkle.ts";
import { verifyConsistency } from "./proofs.ts";

/** Which log, and whose signature counts. */
export interface LogIdentity {
  readonly origin: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** A checkpoint that was verified, with the note as it was signed. */
export interface TrustedCheckpoint extends Checkpoint {
  readonly note: string;
}

/** What a reader of a log holds to: the largest checkpoint it has verified. It only ever moves forward. */
export class LogTrust {
  readonly log: LogIdentity;
  #checkpoint: TrustedCheckpoint | undefined;

  constructor(log: LogIdentity, checkpoint?: TrustedCheckpoint) {
    this.log = log;
    this.#checkpoint = checkpoint;
  }

  get checkpoint(): TrustedCheckpoint | undefined {
    return this.#checkpoint;
  }

  /** @throws {RedRoomError} `PROTOCOL_ERROR` unless the note is a checkpoint of this log, signed with its key. */
  open(note: string): TrustedCheckpoint {
    const checkpoint = openCheckpoint(note, this.log);
    if (checkpoint === undefined) {
      throw new RedRoomError(
        "PROTOCOL_ERROR",
        `unable to trust a checkpoint; the key of ${this.log.origin} did not sign it`,
      );
    }
    return { ...checkpoint, note };
  }

  /** Takes a checkpoint that is known to be consistent with the present one. */
  advance(checkpoint: TrustedCheckpoint): void {
    if (this.#checkpoint === undefined || checkpoint.size > this.#checkpoint.size) this.#checkpoint = checkpoint;
  }

  /**
   * Takes a checkpoint by a consistency proof between it and the present one, whichever is larger.
   *
   * @throws {RedRoomError} `LOG_FORK`.
   */
  reconcile(checkpoint: TrustedCheckpoint, proof: readonly Hash[]): void {
    const known = this.#checkpoint;
    if (known !== undefined) {
      const [first, second] = checkpoint.size < known.size ? [checkpoint, known] : [known, checkpoint];
      if (!verifyConsistency(first, second, proof)) throw logFork(this.log.origin, known.note, checkpoint.note);
    }
    this.advance(checkpoint);
  }
}

/** The tree as one reader sees it grow, leaf by leaf, held against every checkpoint. */
export class LogFollower {
  readonly #trust: LogTrust;
  #frontier: Frontier;
  /** The size of a trusted checkpoint that this tree is known to contain. */
  #linked = -1;
  /** The newest checkpoint that fits this tree while it is unknown whether the trusted one does. */
  #open: TrustedCheckpoint | undefined;

  /** @param frontier What the server says that came before; it is believed once a checkpoint fits what grows on it. */
  constructor(trust: LogTrust, frontier: Frontier) {
    this.#trust = trust;
    this.#frontier = frontier;
    this.#compare();
  }

  get size(): number {
    return this.#frontier.size;
  }

  get frontier(): Frontier {
    return this.#frontier;
  }

  /** @throws {RedRoomError} `LOG_FORK` when this tree, at a trusted checkpoint's size, has another root. */
  append(leafHash: Hash): void {
    this.#frontier = appendLeaf(this.#frontier, leafHash).frontier;
    this.#compare();
  }

  /**
   * Holds the tree against the signed checkpoint of its present size, see `check`.
   *
   * @throws {RedRoomError} `PROTOCOL_ERROR`, `LOG_FORK`.
   */
  verify(note: string): TrustedCheckpoint | undefined {
    return this.check(this.#trust.open(note));
  }

  /**
   * Holds the tree against a checkpoint of its present size whose signature was verified.
   *
   * @returns The checkpoint when it must still be reconciled with the trusted one, by a consistency proof; then `confirm`
   * it.
   * @throws {RedRoomError} `PROTOCOL_ERROR`, `LOG_FORK`.
   */
  check(checkpoint: TrustedCheckpoint): TrustedCheckpoint | undefined {
    const { log, checkpoint: known } = this.#trust;
    const { note } = checkpoint;
    if (checkpoint.size !== this.#frontier.size) {
      throw new RedRoomError(
        "PROTOCOL_ERROR",
        `unable to verify ${log.origin}; a checkpoint of ${checkpoint.size} entries came behind entry ${this.size}`,
      );
    }
    if (!equalHashes(checkpoint.root, rootOf(this.#frontier))) throw logFork(log.origin, note, undefined);
    if (known !== undefined && known.size !== this.#linked) {
      if (known.size !== checkpoint.size) {
        this.#open = checkpoint;
        return checkpoint;
      }
      if (!equalHashes(known.root, checkpoint.root)) throw logFork(log.origin, known.note, note);
    }
    this.#link(checkpoint);
    return undefined;
  }

  /**
   * The checkpoint was reconciled with the trusted one.
   *
   * @returns The next one that must be, where another has come meanwhile.
   */
  confirm(checkpoint: TrustedCheckpoint): TrustedCheckpoint | undefined {
    // What fits this tree and is larger contains what was reconciled, unless something larger yet is trusted by now.
    if (this.#trust.checkpoint?.size === checkpoint.size) this.#link(this.#open ?? checkpoint);
    else if (this.#open?.size === checkpoint.size) this.#open = undefined;
    return this.#open;
  }

  #link(checkpoint: TrustedCheckpoint): void {
    this.#trust.advance(checkpoint);
    this.#linked = checkpoint.size;
    this.#open = undefined;
  }

  #compare(): void {
    const known = this.#trust.checkpoint;
    if (known === undefined || known.size !== this.#frontier.size) return;
    if (!equalHashes(known.root, rootOf(this.#frontier))) throw logFork(this.#trust.log.origin, known.note, undefined);
    this.#link(known);
  }
}

/**
 * The server has shown two logs under one name.
 *
 * @param shown The other checkpoint; `undefined` when it is the entries that do not fit the known one.
 */
export function logFork(origin: string, known: string, shown: string | undefined): RedRoomError {
  const what =
    shown === undefined
      ? "its entries do not fit the checkpoint it signed"
      : "it has signed two that exclude each other";
  return new RedRoomError("LOG_FORK", `unable to trust the log ${origin}; ${what}`, {
    remedy: "keep the checkpoints of this error: they prove that the record was changed; talk to the operator",
    evidence: { origin, known, ...(shown !== undefined && { shown }) },
  });
}
