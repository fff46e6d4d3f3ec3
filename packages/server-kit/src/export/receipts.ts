import { addRange, type Delivery, type LeafFields, type Range } from "@redroom/sdk/evidence";

/** Who has confirmed that an entry was received, when, and by which entry that is on record. */
export interface Receipt {
  /** A pseudonym. */
  readonly by: string;
  readonly at: number;
  readonly seq: number;
}

interface Part extends Range {
  readonly at: number;
  readonly seq: number;
}

/** A place behind all entries. */
const NEVER = Number.POSITIVE_INFINITY;

/** The deliveries of a topic, the other way round: from an entry to those who have it. */
export class Receipts {
  readonly #ranges = new Map<string, readonly Range[]>();
  /** What each delivery has added for somebody: ranges without overlap. */
  readonly #parts = new Map<string, Part[]>();
  /** From a sealed answer to the entry by which its reader was shown it. */
  readonly #reveals = new Map<number, { readonly seq: number; readonly reader: string | undefined }>();
  #sorted = true;

  /** Of a regulated topic, in the order of the log: the reader of a sealed answer has its text with its reveal only. */
  unseal({ kind, seq, re = 0, to = [] }: Pick<LeafFields, "kind" | "seq" | "re" | "to">): void {
    const [reader] = to;
    if (kind === "reveal") this.#reveals.set(re, { reader, seq });
    const isSealed = kind === "answer" || (kind === "correction" && this.#reveals.get(re)?.seq === NEVER);
    if (isSealed) this.#reveals.set(seq, { reader, seq: NEVER });
  }

  /** In the order of the log: the first delivery of an entry counts. */
  add({ seq, at }: Pick<LeafFields, "seq" | "at">, { to, first, last }: Delivery): void {
    for (const one of to) {
      const known = this.#ranges.get(one) ?? [];
      const parts = this.#parts.get(one) ?? [];
      for (const part of without({ first, last }, known)) parts.push({ ...part, seq, at });
      this.#parts.set(one, parts);
      this.#ranges.set(one, addRange(known, { first, last }));
    }
    this.#sorted = false;
  }

  /** Of one entry, in the order in which they came. */
  of(entry: number): Receipt[] {
    if (!this.#sorted) for (const parts of this.#parts.values()) parts.sort((one, other) => one.first - other.first);
    this.#sorted = true;
    const found: Receipt[] = [];
    const reveal = this.#reveals.get(entry);
    for (const [by, parts] of this.#parts) {
      const part = search(parts, reveal?.reader === by ? reveal.seq : entry);
      if (part !== undefined) found.push({ by, at: part.at, seq: part.seq });
    }
    return found.sort((one, other) => one.seq - other.seq);
  }
}

/** What of a range is not in others, which are ascending. */
function without({ first, last }: Range, others: readonly Range[]): Range[] {
  const left: Range[] = [];
  let from = first;
  for (const other of others) {
    if (other.last < from || other.first > last) continue;
    if (other.first > from) left.push({ first: from, last: other.first - 1 });
    from = other.last + 1;
  }
  return from > last ? left : [...left, { first: from, last }];
}

/** The range that holds an entry, of many that are ascending. */
function search(parts: readonly Part[], entry: number): Part | undefined {
  let [low, high] = [0, parts.length - 1];
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const part = parts[middle] as Part;
    if (entry < part.first) high = middle - 1;
    else if (entry > part.last) low = middle + 1;
    else return part;
  }
  return undefined;
}
