import { RedRoomError } from "../base/errors.ts";
import { addRange, type Range } from "../evidence/ranges.ts";
import type { GivenUp } from "./context.ts";

/** So many entries can be given up before somebody has to look at them. */
const MAX_GIVEN_UP = 200;

/** Of a reason, as it stands in JSON: the list must fit into a cursor, together with what is finished. */
const MAX_REASON_BYTES = 100;

/** So many entries that have failed are remembered: as many as can be open. */
const MAX_ATTEMPTS = 1_000;

/** How often an entry has failed. */
interface Attempts {
  readonly seq: number;
  readonly count: number;
}

/** What a cursor holds of a bot's place. */
interface Saved {
  readonly v: 1;
  /** Everything up to here is finished. */
  readonly seq: number;
  /** And these, behind it. */
  readonly finished: readonly (readonly [first: number, last: number])[];
  readonly attempts?: Attempts;
  readonly givenUp: readonly (Omit<GivenUp, "at"> & { readonly at: number })[];
}

/**
 * Where a bot is in a topic: what it has read, which of it is not finished yet, and what it has given up. Entries are finished in
 * any order; more than one can stand in a place.
 */
export class Place {
  /** Finished before this one has begun to read. */
  readonly #before: readonly Range[];
  /** Entries that are not finished, by place. */
  readonly #open = new Map<number, number>();
  #read: number;
  #givenUp: readonly GivenUp[];
  /** The one that is tried now comes last, and is saved; others wait meanwhile. */
  #attempts: readonly Attempts[];

  /** @param seq Everything up to here counts as finished. */
  constructor(seq: number, { finished = [], givenUp = [], attempts }: Partial<Omit<Saved, "v" | "seq">> = {}) {
    this.#read = seq;
    this.#before = finished.map(([first, last]) => ({ first, last }));
    this.#givenUp = givenUp.map((one) => ({ ...one, at: new Date(one.at) }));
    this.#attempts = attempts === undefined ? [] : [attempts];
  }

  /** @throws {RedRoomError} `RECORD_DAMAGED` for what no bot has written. */
  static parse(text: string): Place {
    const saved = readJson(text);
    if (isSaved(saved)) return new Place(saved.seq, saved);
    throw new RedRoomError("RECORD_DAMAGED", "unable to find the bot's place; the cursor holds something else", {
      remedy: "use another name for the bot, or drop this cursor",
    });
  }

  /** The last seq that was read. */
  get read(): number {
    return this.#read;
  }

  get givenUp(): readonly GivenUp[] {
    return this.#givenUp;
  }

  /** Whether an earlier run of the bot has finished what stands there. */
  wasFinished(place: number): boolean {
    return this.#before.some(({ first, last }) => first <= place && place <= last);
  }

  /** An entry has been read, and everything before it: it is open until it is finished. */
  opened(place: number): void {
    this.passed(place);
    this.#open.set(place, (this.#open.get(place) ?? 0) + 1);
  }

  /** Read up to here, and nothing to be done there. */
  passed(place: number): void {
    this.#read = Math.max(this.#read, place);
  }

  finished(place: number): void {
    const count = (this.#open.get(place) ?? 0) - 1;
    if (count > 0) this.#open.set(place, count);
    else this.#open.delete(place);
  }

  /** How often this entry has failed so far. */
  failuresOf(seq: number): number {
    return this.#attempts.find((one) => one.seq === seq)?.count ?? 0;
  }

  failed(seq: number, count: number): void {
    const others = this.#attempts.filter((one) => one.seq !== seq);
    this.#attempts = [...others.slice(1 - MAX_ATTEMPTS), { seq, count }];
  }

  /** @throws {RedRoomError} `OUTBOX_FULL` when the list is. */
  giveUp(entry: GivenUp): void {
    if (this.#givenUp.length >= MAX_GIVEN_UP) throw tooManyGivenUp(entry.seq);
    this.#givenUp = [...this.#givenUp, { ...entry, reason: shortened(entry.reason) }];
  }

  /** @returns Whether it was there. */
  forget(seq: number): boolean {
    const left = this.#givenUp.filter((one) => one.seq !== seq);
    const found = left.length < this.#givenUp.length;
    this.#givenUp = left;
    return found;
  }

  /** What a cursor keeps of it. */
  toString(): string {
    const [first, ...finished] = this.#finished();
    const all = first?.first === 1 ? finished : this.#finished();
    const seq = first?.first === 1 ? first.last : 0;
    const attempts = this.#open.size > 0 ? this.#attempts.at(-1) : undefined;
    const saved: Saved = {
      v: 1,
      seq,
      finished: all.map((range) => [range.first, range.last]),
      ...(attempts !== undefined && { attempts }),
      givenUp: this.#givenUp.map((one) => ({ ...one, at: one.at.getTime() })),
    };
    return JSON.stringify(saved);
  }

  #finished(): Range[] {
    let ranges: Range[] = [];
    let next = 1;
    const add = (last: number): void => {
      if (next <= last) ranges.push({ first: next, last });
    };
    for (const place of [...this.#open.keys()].sort((one, other) => one - other)) {
      add(place - 1);
      next = place + 1;
    }
    add(this.#read);
    for (const range of this.#before) if (range.last > this.#read) ranges = addRange(ranges, range);
    return ranges;
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isSeq = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isSaved(value: unknown): value is Saved {
  if (typeof value !== "object" || value === null) return false;
  const { v, seq, finished, givenUp, attempts } = value as Partial<Record<keyof Saved, unknown>>;
  if (v !== 1 || !isSeq(seq) || !Array.isArray(finished) || !Array.isArray(givenUp)) return false;
  const counted = attempts as Partial<Attempts> | undefined;
  return (
    finished.every((range) => Array.isArray(range) && range.length === 2 && range.every(isSeq)) &&
    givenUp.every(
      (one: Partial<GivenUp>) =>
        isSeq(one?.seq) && isSeq(one.attempts) && typeof one.reason === "string" && isSeq(one.at),
    ) &&
    (counted === undefined || (isSeq(counted?.seq) && isSeq(counted?.count)))
  );
}

function shortened(reason: string): string {
  const characters = [...reason.slice(0, MAX_REASON_BYTES).toWellFormed()];
  while (Buffer.byteLength(JSON.stringify(characters.join(""))) > MAX_REASON_BYTES + 2) characters.length -= 1;
  return characters.join("");
}

const tooManyGivenUp = (seq: number): RedRoomError =>
  new RedRoomError(
    "OUTBOX_FULL",
    `unable to give up entry ${seq}; ${MAX_GIVEN_UP} entries of the topic are given up already, the limit is ${MAX_GIVEN_UP}`,
    { remedy: "look at `bot.givenUp(topic)`, then `bot.forget(topic, seq)`" },
  );
