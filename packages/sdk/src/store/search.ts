import type { EntryKind } from "../base/message-kind.ts";
import { type LeafFields, parseContent } from "../evidence/leaf.ts";
import { hasWords, queryWords, wordsOf } from "../rules/search-words.ts";
import { DEFAULT_PAGE_BYTES } from "./store-errors.ts";
import type { FoundEntries, SearchQuery, StoredEntry } from "./topic-store.ts";

/** So many entries are looked at in one call, so that none takes long. */
const MAX_LOOKED_AT = 5_000;

/**
 * Takes a page from what may fit.
 *
 * @param candidates Without those up to `after`, in the order of the query; no more are asked for than are needed.
 * @param load The entry of a candidate that fits.
 */
export function pickPage<C extends { readonly seq: number; readonly leaf: string }>(
  candidates: Iterable<C>,
  query: SearchQuery,
  fits: (fields: LeafFields, candidate: C) => boolean,
  load: (candidate: C) => StoredEntry,
): FoundEntries {
  const { limit, maxBytes = DEFAULT_PAGE_BYTES } = query;
  const entries: StoredEntry[] = [];
  let scannedTo = query.after ?? 0;
  let bytes = 0;
  let lookedAt = 0;
  for (const candidate of candidates) {
    if (entries.length >= limit || lookedAt >= MAX_LOOKED_AT) return { entries, scannedTo, done: false };
    if (fits(JSON.parse(candidate.leaf) as LeafFields, candidate)) {
      const entry = load(candidate);
      bytes += Buffer.byteLength(entry.content ?? "");
      if (entries.length > 0 && bytes > maxBytes) return { entries, scannedTo, done: false };
      entries.push(entry);
    }
    scannedTo = candidate.seq;
    lookedAt += 1;
  }
  return { entries, scannedTo, done: true };
}

/** Whether a leaf fits everything in a query but its text and its place. */
export function leafFilter({ kinds, authors, recipients, re, from, until }: SearchQuery) {
  const [someKinds, someAuthors, someRecipients] = [kinds, authors, recipients].map(
    (some) => some && new Set<string>(some),
  );
  return (leaf: LeafFields): boolean =>
    (someKinds?.has(leaf.kind) ?? true) &&
    (someAuthors?.has(leaf.by) ?? true) &&
    (someRecipients === undefined || (leaf.to ?? []).some((one) => someRecipients.has(one))) &&
    (re === undefined || leaf.re === re) &&
    (from === undefined || leaf.at >= from) &&
    (until === undefined || leaf.at < until);
}

/** Whether an entry's text fits a query; without an index. */
export function textFilter({ text }: SearchQuery): (leaf: LeafFields, content: string | undefined) => boolean {
  if (text === undefined) return () => true;
  const words = queryWords(text);
  return ({ kind }, content) =>
    content !== undefined && isSearched(kind) && hasWords(parseContent(content) ?? "", words);
}

/** Deliveries have no text of anybody, and are as many as the messages. */
export const isSearched = (kind: EntryKind): boolean => kind !== "delivery";

/** What an index keeps of a content. */
export const wordsOfContent = (content: string): string => wordsOf(parseContent(content) ?? "").join(" ");
