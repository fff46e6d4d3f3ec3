import { createHash } from "node:crypto";
import { concatBytes, toBase64Url, utf8 } from "../base/bytes.ts";
import { canonicalJson, isFilledObject, type JsonObject } from "../base/canonical-json.ts";
import { ENTRY_KINDS, type EntryKind, type Priority } from "../base/message-kind.ts";

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
  /** Of a question; absent for `normal`. */
  readonly priority?: Exclude<Priority, "normal"> | undefined;
  /** Of a question: until when it wants an answer, in milliseconds since the Unix epoch. */
  readonly due?: number | undefined;
  /** Of a question of a regulated conversation: the pseudonyms of those who have to answer it, each once. */
  readonly asked?: readonly string[] | undefined;
  /** SHA-256(salt ‖ content), 32 bytes in base64url. */
  readonly commitment: string;
}

/**
 * The leaf line: one line of JSON without spaces, members in this order: `v topic seq id kind by at to re priority due asked
 * commitment`, those from `to` to `asked` only where there are any. These very bytes are hashed, stored, sent and exported;
 * nobody serialises them again.
 */
export function encodeLeaf(fields: LeafFields): string {
  const { topic, seq, id, kind, by, at, to, re, priority, due, asked, commitment } = fields;
  return JSON.stringify({ v: 1, topic, seq, id, kind, by, at, to, re, priority, due, asked, commitment });
}

/**
 * Reads a leaf line from a stranger.
 *
 * @returns `undefined` for anything that `encodeLeaf` would not have written.
 */
export function parseLeaf(leaf: string): LeafFields | undefined {
  try {
    const { v, ...fields } = JSON.parse(leaf) as LeafFields & { v: unknown };
    const { topic, seq, id, kind, by, at, to = [], re = 1, due = 1, asked = [], commitment } = fields;
    const lists = [to, asked].every(Array.isArray);
    const strings = lists && [topic, id, by, commitment, ...to, ...asked].every(isText);
    const numbers = [seq, at, re, due].every((value) => Number.isSafeInteger(value) && value > 0);
    const known = v === 1 && ENTRY_KINDS.includes(kind);
    return strings && numbers && known && isSane(fields) && encodeLeaf(fields) === leaf ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** More receivers take an entry of their own. */
const MAX_RECEIVERS = 256;

/** What each kind has, beyond what all have. */
function isSane({ kind, seq, to = [], re = seq, priority, due, asked = [] }: LeafFields): boolean {
  const once = (people: readonly string[]): boolean => new Set(people).size === people.length;
  if (kind === "question") return (priority === undefined || priority === "low" || priority === "high") && once(asked);
  if (priority !== undefined || due !== undefined || asked.length > 0) return false;
  if (kind === "membership") return to.length === 1;
  if (kind === "reveal") return to.length > 0 && once(to) && re < seq;
  return kind !== "delivery" || (to.length > 0 && to.length <= MAX_RECEIVERS && once(to) && re < seq);
}

/** Other languages write half a character in another way than JavaScript does, or not at all. */
const isText = (value: unknown): value is string => typeof value === "string" && value.isWellFormed();

/** The pseudonyms that a leaf names. */
export function peopleIn({ by, to = [], asked = [] }: LeafFields): string[] {
  return [by, ...to, ...asked];
}

/** What a content line says. */
export interface Content {
  readonly text: string;
  /** What the author's application added. */
  readonly metadata?: JsonObject | undefined;
  /** What the server's application added. */
  readonly annotations?: JsonObject | undefined;
}

/**
 * The content line: one line of JSON with the text, and with metadata and annotations where they have members, in this order,
 * each in canonical JSON. Like the leaf it is kept and passed on as it is.
 *
 * @throws {TypeError} What `canonicalJson` throws.
 */
export function encodeContent(text: string, { metadata, annotations }: Omit<Content, "text"> = {}): string {
  const members = Object.entries({ metadata, annotations })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, canonicalJson(value ?? {})] as const)
    .filter(([, json]) => json !== "{}");
  return `{"text":${JSON.stringify(text)}${members.map(([name, json]) => `,"${name}":${json}`).join("")}}`;
}

/** @returns What it says; `undefined` for anything that `encodeContent` would not have written. */
export function readContent(content: string): Content | undefined {
  try {
    const { text, metadata, annotations } = JSON.parse(content) as { readonly [Name in keyof Content]: unknown };
    if (!isText(text) || !isExtra(metadata) || !isExtra(annotations)) return undefined;
    if (encodeContent(text, { metadata, annotations }) !== content) return undefined;
    return { text, ...(metadata && { metadata }), ...(annotations && { annotations }) };
  } catch {
    return undefined;
  }
}

const isExtra = (value: unknown): value is JsonObject | undefined => value === undefined || isFilledObject(value);

/** @returns The text alone; `undefined` for anything that `encodeContent` would not have written. */
export function parseContent(content: string): string | undefined {
  return readContent(content)?.text;
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
