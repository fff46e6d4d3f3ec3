import type { Delivery } from "../evidence/delivery.ts";
import { addRange, type Range } from "../evidence/ranges.ts";

/** Receivers that one entry names. */
const MAX_RECEIVERS = 256;

type Ranges = ReadonlyMap<string, readonly Range[]>;

/**
 * What must be put on record so that everything confirmed is: the confirmed ranges without those on record, one delivery for
 * all who share a range, as few as that allows.
 *
 * Those who have received up to the same entry share one, as far back as all of them have confirmed: what one of them has on
 * record already may so be said again, but never what somebody has not confirmed.
 *
 * @param confirmed By pseudonym; ascending, neither overlapping nor touching. So is `recorded`.
 */
export function deliveriesOf(confirmed: Ranges, recorded: Ranges): Delivery[] {
  const groups = new Map<number, Missing[]>();
  for (const [receiver, ranges] of confirmed) {
    for (const range of ranges) {
      for (const { first, last } of without(range, recorded.get(receiver) ?? [])) {
        const missing = { receiver, first, from: range.first };
        groups.set(last, [...(groups.get(last) ?? []), missing]);
      }
    }
  }
  return [...groups].sort(([a], [b]) => a - b).flatMap(([last, missing]) => share(last, missing));
}

/** Somebody who has something up to a `last` that is not on record. */
interface Missing {
  readonly receiver: string;
  /** What is not on record begins here. */
  readonly first: number;
  /** What was confirmed begins here. */
  readonly from: number;
}

function share(last: number, missing: readonly Missing[]): Delivery[] {
  const deliveries: Delivery[] = [];
  // By where each one's gap begins; whoever has confirmed as far back as the first of them can share with it.
  let waiting = [...missing].sort((a, b) => a.first - b.first || (a.receiver < b.receiver ? -1 : 1));
  while (waiting[0] !== undefined) {
    const { first } = waiting[0];
    const together = waiting.filter(({ from }) => from <= first).slice(0, MAX_RECEIVERS);
    deliveries.push({ first, last, to: together.map(({ receiver }) => receiver) });
    const served = new Set(together);
    waiting = waiting.filter((one) => !served.has(one));
  }
  return deliveries;
}

/** What of a range is in none of `others`, which are ascending. */
export function without({ first, last }: Range, others: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let next = first;
  for (const other of others) {
    if (other.last < next) continue;
    if (other.first > last) break;
    if (other.first > next) rest.push({ first: next, last: other.first - 1 });
    next = other.last + 1;
  }
  if (next <= last) rest.push({ first: next, last });
  return rest;
}

/**
 * Takes of what was confirmed so much that it ends in at most `maxEnds` different entries: many readers of a busy topic are
 * each a little further than the next one, and a delivery for each would outnumber the messages. Everybody gets on; whoever
 * has more than is taken now has it in the rest.
 */
export function foremost(confirmed: Ranges, maxEnds: number): { readonly now: Ranges; readonly rest: Ranges } {
  const ends = [...new Set([...confirmed.values()].flatMap((ranges) => ranges.map(({ last }) => last)))].sort(
    (a, b) => a - b,
  );
  if (ends.length <= maxEnds) return { now: confirmed, rest: new Map() };
  const taken = Array.from({ length: maxEnds }, (_, index) => {
    return ends[Math.round((index * (ends.length - 1)) / (maxEnds - 1))] as number;
  });
  const [now, rest] = [new Map<string, Range[]>(), new Map<string, Range[]>()];
  for (const [receiver, ranges] of confirmed) {
    for (const range of ranges) {
      const last = taken.findLast((end) => end <= range.last) ?? 0;
      if (last >= range.first) now.set(receiver, [...(now.get(receiver) ?? []), { first: range.first, last }]);
      if (last < range.last) rest.set(receiver, [...(rest.get(receiver) ?? []), range]);
    }
  }
  return { now, rest };
}

export function addTo(ranges: Map<string, readonly Range[]>, receiver: string, range: Range): void {
  ranges.set(receiver, addRange(ranges.get(receiver) ?? [], range));
}
