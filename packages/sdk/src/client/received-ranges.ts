/** Which numbers somebody has received: few ranges, since most of what is confirmed reaches further than what was before. */
export class ReceivedRanges {
  /** Ascending, with at least one number between two. */
  #ranges: { readonly first: number; readonly last: number }[] = [];

  add(first: number, last: number): void {
    const touching = this.#ranges.filter((range) => range.first <= last + 1 && range.last >= first - 1);
    const merged = {
      first: Math.min(first, ...touching.map((range) => range.first)),
      last: Math.max(last, ...touching.map((range) => range.last)),
    };
    const before = this.#ranges.filter((range) => range.last < merged.first);
    const behind = this.#ranges.filter((range) => range.first > merged.last);
    this.#ranges = [...before, merged, ...behind];
  }

  has(seq: number): boolean {
    return this.#ranges.some(({ first, last }) => first <= seq && seq <= last);
  }
}
