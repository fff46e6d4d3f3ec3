import { toBase64Url } from "./bytes.ts";

/** A random 128-bit identifier: 22 characters of base64url. Topics, messages, people, pseudonyms and sessions have one. */
export function randomId(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
}

/** The form of a `randomId()`: canonical base64url of exactly 16 bytes, so the last character has four possible values. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{21}[AQgw]$/;
