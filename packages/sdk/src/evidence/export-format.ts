import { fromBase64, toBase64 } from "../base/bytes.ts";
import { ID_PATTERN } from "../base/id.ts";
import { originOf } from "./checkpoint.ts";
import type { Delivery } from "./delivery.ts";
import type { LeafFields } from "./leaf.ts";
import { formatVerifier, type NoteVerifier, parseVerifier } from "./note.ts";

/** An entry as one perspective sees it: content and salt, both or none, are absent where they are withheld or erased. */
export interface ExportEntry {
  readonly leaf: string;
  readonly content?: string | undefined;
  readonly salt?: Uint8Array | undefined;
}

/** How the log key hangs on the key that the address pins. */
export interface ExportKeys {
  /** What the server calls its address; only its pin can be checked, and only against an address from elsewhere. */
  readonly address: string;
  /** The server's public key: SubjectPublicKeyInfo, DER. */
  readonly serverKey: Uint8Array;
  /** The log key, under the name of the log. */
  readonly logKey: NoteVerifier;
  /** The server key's signature of `logKeyStatement`. */
  readonly logKeyCertificate: Uint8Array;
}

/** What the log leaves out on purpose: nothing of it is proved by the log. */
export interface ExportDirectory {
  /** The topic's title. */
  readonly title: string;
  /** From pseudonym to name, for exactly those that occur. */
  readonly people: ReadonlyMap<string, string>;
}

/** A line of `entries.jsonl`, without its line feed. Leaf and content stand in it as strings, so that no byte changes. */
export function formatExportEntry({ leaf, content, salt }: ExportEntry): string {
  return JSON.stringify({ leaf, content, salt: salt && toBase64(salt) });
}

/** @returns `undefined` for anything that `formatExportEntry` would not have written. */
export function parseExportEntry(line: string): ExportEntry | undefined {
  const { leaf, content, salt } = parseObject(line) ?? {};
  const entry = { leaf, content, salt: typeof salt === "string" ? fromBase64(salt) : undefined } as ExportEntry;
  const texts = [leaf, content ?? "", salt ?? ""].every((value) => typeof value === "string");
  const whole = (content === undefined) === (salt === undefined);
  return texts && whole && formatExportEntry(entry) === line ? entry : undefined;
}

/** A line of `receipts.jsonl`, without its line feed: what an entry of the kind `delivery` says, in one place. */
export function formatExportReceipt({ seq, at }: LeafFields, { first, last, to }: Delivery): string {
  return JSON.stringify({ seq, at, first, last, to });
}

const ORIGIN_PREFIX = originOf("");

/** The text of `keys.json`. */
export function formatExportKeys({ address, serverKey, logKey, logKeyCertificate }: ExportKeys): string {
  return formatObject({
    v: 1,
    address,
    serverKey: toBase64(serverKey),
    logKey: formatVerifier(logKey),
    logKeyCertificate: toBase64(logKeyCertificate),
  });
}

export function parseExportKeys(text: string): ExportKeys | undefined {
  const { v, address, serverKey, logKey, logKeyCertificate } = parseObject(text) ?? {};
  const texts = [address, serverKey, logKey, logKeyCertificate];
  if (v !== 1 || !texts.every((value) => typeof value === "string")) return undefined;
  const [shownAddress = "", spki = "", verifier = "", signature = ""] = texts;
  const keys = [fromBase64(spki), parseVerifier(verifier), fromBase64(signature)] as const;
  if (keys[0] === undefined || keys[1] === undefined || keys[2] === undefined) return undefined;
  if (!ID_PATTERN.test(keys[1].name.slice(ORIGIN_PREFIX.length)) || !keys[1].name.startsWith(ORIGIN_PREFIX))
    return undefined;
  const read = { address: shownAddress, serverKey: keys[0], logKey: keys[1], logKeyCertificate: keys[2] };
  return formatExportKeys(read) === text ? read : undefined;
}

/** The text of `directory.json`. */
export function formatExportDirectory({ title, people }: ExportDirectory): string {
  return formatObject({ title, people: Object.fromEntries(people) });
}

export function parseExportDirectory(text: string): ExportDirectory | undefined {
  const { title, people } = parseObject(text) ?? {};
  if (typeof title !== "string" || !isObject(people)) return undefined;
  const names = Object.entries(people);
  if (!names.every((pair): pair is [string, string] => typeof pair[1] === "string")) return undefined;
  // Names that are numbers would change places: JavaScript puts them first.
  if (!names.every(([pseudonym]) => ID_PATTERN.test(pseudonym))) return undefined;
  const directory = { title, people: new Map(names) };
  return formatExportDirectory(directory) === text ? directory : undefined;
}

const formatObject = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** Half of a character, which JSON allows and UTF-8 does not: other languages write it in another way, or not at all. */
const HALF_CHARACTER = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !HALF_CHARACTER.test(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
