import type { Range } from "../../evidence/ranges.ts";

/** The column `ranges` of the table `received`: `[[1,5],[8,9]]`. */
export function formatRanges(ranges: readonly Range[]): string {
  return JSON.stringify(ranges.map(({ first, last }) => [first, last]));
}

export function parseRanges(text: string): Range[] {
  return (JSON.parse(text) as [number, number][]).map(([first, last]) => ({ first, last }));
}
