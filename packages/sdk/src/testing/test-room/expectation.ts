import { inspect } from "node:util";
import type { ReadableKind, SealedMessage, TopicMessage } from "../../client/message.ts";

/** What a message has to be like; what is not named may be anything. */
export interface Expectation<Name extends string = string, Kind extends ReadableKind = ReadableKind> {
  readonly kind?: Kind;
  /** The whole text, or an expression that fits some of it. */
  readonly text?: string | RegExp;
  /** Who wrote it: anybody else by default. */
  readonly from?: Name;
  /** What it refers to. */
  readonly re?: number | { readonly seq: number };
  /** Exactly those whom it names. */
  readonly to?: readonly Name[];
  /** Whatever else has to be so. */
  readonly where?: (message: TopicMessage<Kind>) => boolean;
}

/** A text, an expression, or more than that. */
export type Expected<Name extends string = string, Kind extends ReadableKind = ReadableKind> =
  | string
  | RegExp
  | Expectation<Name, Kind>;

/** Whether a message is what `reader` expects. One's own counts only where it is asked for by `from`. */
export function fits(message: TopicMessage | SealedMessage, expected: Expected, reader: string): boolean {
  const { kind, text, from, re, to, where } = expectationOf(expected);
  if (from === undefined ? message.author === reader : message.author !== from) return false;
  if (kind !== undefined && message.kind !== kind) return false;
  if (text !== undefined && !("text" in message && fitsText(message.text, text))) return false;
  if (re !== undefined && message.re !== (typeof re === "number" ? re : re.seq)) return false;
  if (to !== undefined && !sameNames(message.to?.map(({ name }) => name) ?? [], to)) return false;
  return where === undefined || ("text" in message && where(message));
}

const expectationOf = (expected: Expected): Expectation =>
  typeof expected === "string" || expected instanceof RegExp ? { text: expected } : expected;

/** `search`, because `test` of a global expression goes on where it has stopped the last time. */
const fitsText = (text: string, expected: string | RegExp): boolean =>
  typeof expected === "string" ? text === expected : text.search(expected) >= 0;

const sameNames = (names: readonly string[], others: readonly string[]): boolean =>
  names.toSorted().join("\n") === others.toSorted().join("\n");

/** In words, for whoever reads why a test has failed. */
export function describe(expected: Expected): string {
  const { kind = "message", text, from, re, to, where } = expectationOf(expected);
  const parts = [kind];
  if (text !== undefined) parts.push(typeof text === "string" ? JSON.stringify(text) : inspect(text));
  if (from !== undefined) parts.push(`from ${from}`);
  if (to !== undefined) parts.push(`to ${to.join(", ")}`);
  if (re !== undefined) parts.push(`about #${typeof re === "number" ? re : re.seq}`);
  if (where !== undefined) parts.push(`that fits ${where}`);
  return parts.join(" ");
}
