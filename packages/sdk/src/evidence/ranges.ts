/** The entries from `first` to `last`, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Takes a range into others that are ascending and neither overlap nor touch, so that they stay so. */
export function addRange(ranges: readonly Range[], { first, last }: Range): Range[] {
  const before = ranges.filter((range) => range.last < first - 1);
  const behind = ranges.filter((range) => range.first > last + 1);
  const joined = ranges.slice(before.length, ranges.length - behind.length);
  const merged = {
    first: Math.min(first, ...joined.map((range) => range.first)),
    last: Math.max(last, ...joined.map((range) => range.last)),
  };
  return [...before, merged, ...behind];
}
