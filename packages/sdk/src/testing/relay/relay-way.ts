import type { Clock } from "../../base/clock.ts";
import { CLEAR, checkConditions, drawFate, type RelayConditions } from "./relay-conditions.ts";

/** What has happened to the datagrams of one way. */
export interface RelayCounters {
  received: number;
  /** Copies that were sent on. */
  forwarded: number;
  lost: number;
  /** Those that the partition or the filter has stopped. */
  stopped: number;
  reordered: number;
  duplicated: number;
  corrupted: number;
}

/** One of the two ways through the relay: for all clients the same conditions, for each an order of its own. */
export class RelayWay {
  readonly counters: RelayCounters = {
    received: 0,
    forwarded: 0,
    lost: 0,
    stopped: 0,
    reordered: 0,
    duplicated: 0,
    corrupted: 0,
  };
  /** Nothing gets through. */
  cut = false;
  readonly #clock: Clock;
  readonly #random: () => number;
  #conditions: RelayConditions = CLEAR;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Conditions not named stay as they are. @throws {RedRoomError} `OPTIONS_INVALID`. */
  change(conditions: Partial<RelayConditions>): void {
    this.#conditions = checkConditions({ ...this.#conditions, ...conditions });
  }

  /** The datagram's fate: `forward` is called for each copy that arrives, at its time. */
  carry(order: { lastDue: number }, datagram: Buffer, forward: (copy: Buffer) => void): void {
    const { counters } = this;
    const { delaysMs, reordered, corruptBit } = drawFate(this.#conditions, datagram.byteLength * 8, this.#random);
    if (delaysMs.length === 0) {
      counters.lost += 1;
      return;
    }
    if (reordered) counters.reordered += 1;
    if (delaysMs.length > 1) counters.duplicated += 1;
    if (corruptBit !== undefined) counters.corrupted += 1;
    const bytes = corruptBit === undefined ? datagram : turnOver(datagram, corruptBit);
    const now = this.#clock.now();
    for (const delayMs of delaysMs) {
      const due = reordered ? now + delayMs : Math.max(order.lastDue, now + delayMs);
      if (!reordered) order.lastDue = due;
      const arrive = (): void => {
        // What is under way when the network is cut does not arrive either.
        if (this.cut) counters.stopped += 1;
        else {
          counters.forwarded += 1;
          forward(bytes);
        }
      };
      if (due <= now) arrive();
      else this.#clock.setTimer(arrive, due - now);
    }
  }
}

function turnOver(datagram: Buffer, bit: number): Buffer {
  const copy = Buffer.from(datagram);
  copy[bit >>> 3] = (copy[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
