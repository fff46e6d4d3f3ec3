import type { Clock, Timer } from "../base/clock.ts";
import type { Delivery } from "../evidence/delivery.ts";
import { addRange, type Range } from "../evidence/ranges.ts";
import { addTo, deliveriesOf, foremost, without } from "./deliveries.ts";

/** How long receipts gather before they are put on record: what comes in this time shares a commit. */
const GATHER_MS = 200;
/** Pieces of a topic that one person may confirm in that time. Honest readers confirm one run, or one for each loop. */
const MAX_PIECES = 16;
/** Different ends that the deliveries of one commit have, however many readers there are. */
const MAX_ENDS = 4;
/** Own entries that are remembered as such. */
const MAX_OWN = 1_024;

export interface ReceiptLog {
  /** What is on record. */
  received(): Promise<ReadonlyMap<string, readonly Range[]>>;
  /** Resolves with the numbers of the entries once they are durable. */
  record(deliveries: readonly Delivery[]): Promise<Range>;
  /** It was not possible; clients confirm again when they resume. */
  onFailure(thrown: unknown): void;
}

/** Gathers what the readers of a topic confirm, and puts on record what is not there yet. */
export class Receipts {
  readonly #log: ReceiptLog;
  readonly #clock: Clock;
  #confirmed = new Map<string, readonly Range[]>();
  #recorded: Map<string, readonly Range[]> | undefined;
  /** Entries that say who has received what: that they were received is worth no entry. */
  #own: Range[] = [];
  #timer: Timer | undefined;
  #flushing: Promise<void> | undefined;
  #closed = false;

  constructor(log: ReceiptLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** "I have received the entries of this range." */
  add(receiver: string, range: Range): void {
    if (this.#closed || this.#isStale(receiver, range)) return;
    const pieces = addRange(this.#confirmed.get(receiver) ?? [], range);
    // Receipts are cumulative: what is left out now is in the next one.
    if (pieces.length <= MAX_PIECES) this.#confirmed.set(receiver, pieces);
    this.#wait();
  }

  /** Puts on record all that has gathered. Resolves when that has been tried. */
  async flush(): Promise<void> {
    while (this.#confirmed.size > 0) await this.#start();
  }

  /** Forgets what has gathered. */
  close(): void {
    this.#closed = true;
    this.#confirmed.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wait(): void {
    if (this.#closed || this.#flushing !== undefined || this.#confirmed.size === 0) return;
    this.#timer ??= this.#clock.setTimer(() => void this.#start(), GATHER_MS);
  }

  #start(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#flushing ??= this.#record().finally(() => {
      this.#flushing = undefined;
      this.#wait();
    });
    return this.#flushing;
  }

  async #record(): Promise<void> {
    const { now: confirmed, rest } = foremost(this.#confirmed, MAX_ENDS);
    this.#confirmed = new Map(rest);
    try {
      this.#recorded ??= new Map(await this.#log.received());
      const deliveries = deliveriesOf(confirmed, this.#recorded).filter((delivery) => this.#isNews(delivery));
      if (deliveries.length === 0) return;
      this.#own = addRange(this.#own, await this.#log.record(deliveries)).slice(-MAX_OWN);
      for (const { to, ...range } of deliveries) for (const receiver of to) addTo(this.#recorded, receiver, range);
    } catch (thrown) {
      this.#recorded = undefined; // whether it was stored is unknown
      this.#log.onFailure(thrown);
    }
  }

  #isStale(receiver: string, range: Range): boolean {
    const recorded = this.#recorded?.get(receiver);
    return recorded !== undefined && without(range, recorded).every((rest) => !this.#isNews(rest));
  }

  #isNews(range: Range): boolean {
    return without(range, this.#own).length > 0;
  }
}
