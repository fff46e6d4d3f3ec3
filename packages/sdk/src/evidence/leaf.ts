import { createHash } from "node:crypto";
import { concatBytes, toBase64Url, utf8 } from "../base/bytes.ts";
import { ENTRY_KINDS, type EntryKind } from "../base/message-kind.ts";

/** The facts that an entry's leaf fixes for ever. Neither text nor names are among them. */
export interface LeafFields {
  /** Random id of the topic, never its title. */
  readonly topic: string;
  readonly seq: number;
  /** The message's id, given by its author. */
  readonly id: string;
  readonly kind: EntryKind;
  /** The author's pseudonym in this topic. */
  readonly by: string;
  /** Server time in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The recipients' pseudonyms; absent for all members. A delivery has 1 to 256 of them, each once. */
  readonly to?: readonly string[] | undefined;
  /** The seq of the entry that this one refers to; of the last one that was delivered. */
  readonly re?: number | undefined;
  /** SHA-256(salt ‖ content), 32 bytes in base64url. */
  readonly commitment: string;
}

/**
 * The leaf line: one line of JSON without spaces, members in this order: `v topic seq id kind by at to re commitment`,
 * `to` and `re` only where there are any. These very bytes are hashed, stored, sent and exported; nobody serialises them again.
 */
export function encodeLeaf({ topic, seq, id, kind, by, at, to, re, commitment }: LeafFields): string {
  return JSON.stringify({ v: 1, topic, seq, id, kind, by, at, to, re, commitment });
}

/**
 * Reads a leaf line from a stranger.
 *
 * @returns `undefined` for anything that `encodeLeaf` would not have written.
 */
export function parseLeaf(leaf: string): LeafFields | undefined {
  try {
    const { v, ...fields } = JSON.parse(leaf) as LeafFields & { v: unknown };
    const { topic, seq, id, kind, by, at, to = [], re, commitment } = fields;
    const strings = Array.isArray(to) && [topic, id, by, commitment, ...to].every(isText);
    const numbers = [seq, at, re === undefined ? 1 : re].every((value) => Number.isSafeInteger(value) && value > 0);
    const known = v === 1 && ENTRY_KINDS.includes(kind);
    const sane = kind !== "delivery" || isDelivery(fields);
    return strings && numbers && known && sane && encodeLeaf(fields) === leaf ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** More receivers take an entry of their own. */
const MAX_RECEIVERS = 256;

function isDelivery({ seq, to = [], re = seq }: LeafFields): boolean {
  const receivers = new Set(to).size;
  return receivers === to.length && receivers >= 1 && receivers <= MAX_RECEIVERS && re < seq;
}

/** Other languages write half a character in another way than JavaScript does, or not at all. */
const isText = (value: unknown): value is string => typeof value === "string" && value.isWellFormed();

/** The content line: one line of JSON with the text. Like the leaf it is kept and passed on as it is. */
export function encodeContent(text: string): string {
  return JSON.stringify({ text });
}

/** @returns The text, or `undefined` for anything that `encodeContent` would not have written. */
export function parseContent(content: string): string | undefined {
  try {
    const { text } = JSON.parse(content) as { text: unknown };
    return isText(text) && encodeContent(text) === content ? text : undefined;
  } catch {
    return undefined;
  }
}

/** `SHA-256(salt ‖ content)` in base64url: fixes the content without telling anything about it. */
export function commit(salt: Uint8Array, content: string): string {
  return toBase64Url(
    createHash("sha256")
      .update(concatBytes([salt, utf8(content)]))
      .digest(),
  );
}

export const SALT_BYTES = 32;
