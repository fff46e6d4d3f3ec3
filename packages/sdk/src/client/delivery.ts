import type { LeafFields } from "../evidence/leaf.ts";
import { protocolError } from "../protocol/frame.ts";

/** An entry of the record that says: everyone in `to` has received the entries from `first` to `last`. */
export interface DeliveryEntry {
  readonly first: number;
  readonly last: number;
  /** Pseudonyms. */
  readonly to: readonly string[];
}

/**
 * Reads an entry of kind `delivery`.
 *
 * @throws {RedRoomError} `PROTOCOL_ERROR` unless it speaks of entries before it, and of somebody.
 */
export function readDelivery({ seq, re, to = [] }: LeafFields, text: string): DeliveryEntry {
  const first = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (re === undefined || !(first <= re && re < seq) || to.length === 0) {
    throw protocolError(`entry ${seq} does not say who has received what`);
  }
  return { first, last: re, to };
}
