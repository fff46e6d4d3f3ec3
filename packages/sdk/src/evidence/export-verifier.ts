import { createHash } from "node:crypto";
import { fromUtf8, utf8 } from "../base/bytes.ts";
import { type Checkpoint, openCheckpoint, originOf, readCheckpoint } from "./checkpoint.ts";
import { type Delivery, deliveryOf } from "./delivery.ts";
import {
  type ExportDirectory,
  type ExportKeys,
  formatExportReceipt,
  parseExportDirectory,
  parseExportEntry,
  parseExportKeys,
} from "./export-format.ts";
import { splitLines } from "./export-lines.ts";
import { type Content, commit, type LeafFields, parseLeaf, peopleIn, readContent, SALT_BYTES } from "./leaf.ts";
import { verifyLogKey } from "./log-key.ts";
import { appendLeaf, EMPTY_FRONTIER, EMPTY_ROOT, equalHashes, hashLeaf, rootOf } from "./merkle.ts";

/** The bytes of an export's files. */
export interface ExportParts {
  readonly keys: Uint8Array;
  readonly checkpoint: Uint8Array;
  readonly directory: Uint8Array;
  /** `entries.jsonl`, in pieces of any size; no more than a line is held at a time. */
  readonly entries: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** `receipts.jsonl`, likewise. */
  readonly receipts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** What is known from elsewhere, and who wants to see the entries. */
export interface ExportExpectations {
  /** The pin of the address: SHA-256 of the server's public key. */
  readonly pin?: Uint8Array | undefined;
  /** A checkpoint of the same log, from an earlier export or from a client. */
  readonly earlier?: Uint8Array | undefined;
  /** Called for each entry in order, as soon as its content is known to be what its leaf commits to. */
  readonly onEntry?: ((entry: VerifiedEntry) => void | Promise<void>) | undefined;
}

export interface VerifiedEntry {
  readonly leaf: LeafFields;
  /** `undefined` where it is withheld or erased. */
  readonly text: string | undefined;
  /** What the author's application and the server's have added, where they have and it is there. */
  readonly metadata?: Content["metadata"];
  readonly annotations?: Content["annotations"];
  /** What it says, where it is of the kind `delivery` and its text is there. */
  readonly delivery: Delivery | undefined;
}

/** The checks in the order in which they are made; the first that fails ends it. `docs/evidence.md` explains each. */
export const EXPORT_CHECKS = [
  "keys",
  "pin",
  "logKey",
  "checkpoint",
  "directory",
  "earlier",
  "entry",
  "commitment",
  "delivery",
  "receipts",
  "size",
  "root",
] as const;

export type ExportCheck = (typeof EXPORT_CHECKS)[number];

export type ExportVerdict =
  | {
      readonly valid: false;
      readonly check: ExportCheck;
      /** The entry's number, for the checks of one entry. */
      readonly seq: number | undefined;
    }
  | ({ readonly valid: true } & ExportReport);

export interface ExportReport extends ExportDirectory {
  readonly checkpoint: Checkpoint;
  /** SHA-256 of the server's public key: what the address must have behind `sha256-`. */
  readonly pin: Uint8Array;
  /** How many entries have their text here. */
  readonly visible: number;
  /** How many have none, and an entry that says they were erased. */
  readonly erased: number;
  /** How many have none because this perspective does not see them. */
  readonly withheld: number;
  /** The earlier checkpoint, which this log continues. A server that lost its log key has signed it with another. */
  readonly earlier: { readonly size: number; readonly signed: boolean } | undefined;
}

/**
 * Checks an export offline, as a stranger would: that the log key is the server's, that the signed checkpoint covers
 * exactly these entries, and that each text is the one its leaf commits to.
 *
 * @throws Only what `entries` and `onEntry` throw.
 */
export async function verifyExport(parts: ExportParts, expected: ExportExpectations = {}): Promise<ExportVerdict> {
  try {
    return { valid: true, ...(await readExport(parts, expected)) };
  } catch (thrown) {
    if (thrown instanceof Fault) return { valid: false, check: thrown.check, seq: thrown.seq };
    throw thrown;
  }
}

async function readExport(parts: ExportParts, { pin, earlier, onEntry }: ExportExpectations): Promise<ExportReport> {
  const { serverKey, logKey, logKeyCertificate } = readKeys(parts.keys);
  const serverPin = createHash("sha256").update(serverKey).digest();
  if (pin !== undefined && !equalHashes(serverPin, pin)) throw new Fault("pin");
  if (!verifyLogKey(logKey.publicKey, logKeyCertificate, serverKey)) throw new Fault("logKey");
  const log = { origin: logKey.name, publicKey: logKey.publicKey };
  const { checkpoint, signed } = readNote(parts.checkpoint, log) ?? {};
  if (checkpoint === undefined || signed !== true) throw new Fault("checkpoint");
  const directory = readDirectory(parts.directory);
  const before = earlier && readNote(earlier, log);
  if (earlier !== undefined && before === undefined) throw new Fault("earlier");

  let tree = EMPTY_FRONTIER;
  let grownFromEarlier = before?.checkpoint.size === 0 && equalHashes(before.checkpoint.root, EMPTY_ROOT);
  let visible = 0;
  const hidden: number[] = [];
  const erasures = new Set<number>();
  const people = new Set<string>();
  const receipts = splitLines(parts.receipts, MAX_LINE_BYTES);
  for await (const line of splitLines(parts.entries, MAX_LINE_BYTES)) {
    const { line: leafLine, entry } = readEntry(line, tree.size + 1, log.origin);
    const { seq, kind, re } = entry.leaf;
    tree = appendLeaf(tree, hashLeaf(leafLine)).frontier;
    if (before?.checkpoint.size === seq) grownFromEarlier = equalHashes(rootOf(tree), before.checkpoint.root);
    for (const person of peopleIn(entry.leaf)) people.add(person);
    if (kind === "erasure" && re !== undefined) erasures.add(re);
    if (entry.text === undefined) hidden.push(seq);
    else visible += 1;
    if (entry.delivery !== undefined) {
      const { value } = await receipts.next();
      const same = value && equalBytes(value, utf8(formatExportReceipt(entry.leaf, entry.delivery)));
      if (!same) throw new Fault("receipts", seq);
    }
    await onEntry?.(entry);
  }
  if (tree.size !== checkpoint.size) throw new Fault("size");
  if (!equalHashes(rootOf(tree), checkpoint.root)) throw new Fault("root");
  if (before !== undefined && !grownFromEarlier) throw new Fault("earlier");
  const complete = people.size === directory.people.size && [...people].every((one) => directory.people.has(one));
  if (!complete) throw new Fault("directory");
  if (!(await receipts.next()).done) throw new Fault("receipts");

  const erased = hidden.filter((seq) => erasures.has(seq)).length;
  return {
    ...directory,
    checkpoint,
    pin: serverPin,
    visible,
    erased,
    withheld: hidden.length - erased,
    earlier: before && { size: before.checkpoint.size, signed: before.signed },
  };
}

/** More than the longest text of the largest limits, escaped twice. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

class Fault extends Error {
  constructor(
    readonly check: ExportCheck,
    readonly seq?: number,
  ) {
    super(check);
  }
}

function readKeys(bytes: Uint8Array): ExportKeys {
  const keys = parse(bytes, parseExportKeys);
  if (keys === undefined) throw new Fault("keys");
  return keys;
}

function readDirectory(bytes: Uint8Array): ExportDirectory {
  const directory = parse(bytes, parseExportDirectory);
  if (directory === undefined) throw new Fault("directory");
  return directory;
}

/** A checkpoint of this log with one signature: six lines, the last one empty. */
function readNote(
  bytes: Uint8Array,
  log: { readonly origin: string; readonly publicKey: Uint8Array },
): { readonly checkpoint: Checkpoint; readonly signed: boolean } | undefined {
  return parse(bytes, (note) => {
    const checkpoint = readCheckpoint(note);
    if (checkpoint?.origin !== log.origin || note.split("\n").length !== 6 || !note.endsWith("\n")) return undefined;
    return { checkpoint, signed: openCheckpoint(note, log) !== undefined };
  });
}

function readEntry(
  bytes: Uint8Array,
  seq: number,
  origin: string,
): { readonly line: string; readonly entry: VerifiedEntry } {
  const row = parse(bytes, parseExportEntry);
  const leaf = row && parseLeaf(row.leaf);
  if (row === undefined || leaf === undefined) throw new Fault("entry", seq);
  if (leaf.seq !== seq || originOf(leaf.topic) !== origin) throw new Fault("entry", seq);
  const { content, salt } = row;
  if (content === undefined || salt === undefined)
    return { line: row.leaf, entry: { leaf, text: undefined, delivery: undefined } };
  const said = readContent(content);
  const committed = salt.byteLength === SALT_BYTES && commit(salt, content) === leaf.commitment;
  if (!committed || said === undefined) throw new Fault("commitment", seq);
  const delivery = leaf.kind === "delivery" ? deliveryOf(leaf, said.text) : undefined;
  if (leaf.kind === "delivery" && delivery === undefined) throw new Fault("delivery", seq);
  return { line: row.leaf, entry: { leaf, ...said, delivery } };
}

const equalBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

function parse<T>(bytes: Uint8Array, read: (text: string) => T | undefined): T | undefined {
  let text: string;
  try {
    text = fromUtf8(bytes);
  } catch {
    return undefined; // not UTF-8
  }
  return read(text);
}
