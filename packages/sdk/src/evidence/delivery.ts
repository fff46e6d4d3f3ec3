import type { LeafFields } from "./leaf.ts";
import type { Range } from "./ranges.ts";

/** "Everyone in `to` has received the entries from `first` to `last`." */
export interface Delivery extends Range {
  /** Pseudonyms. */
  readonly to: readonly string[];
}

/** The text of an entry of the kind `delivery`: its leaf has the rest, `last` as `re`. */
export const deliveryText = (first: number): string => String(first);

/**
 * What an entry of the kind `delivery` says.
 *
 * @returns `undefined` when its text is not one that `deliveryText` writes, or its range has no entries.
 */
export function deliveryOf({ to, re }: LeafFields, text: string): Delivery | undefined {
  const first = Number(text);
  if (to === undefined || re === undefined || deliveryText(first) !== text) return undefined;
  return Number.isSafeInteger(first) && first >= 1 && first <= re ? { to, first, last: re } : undefined;
}
