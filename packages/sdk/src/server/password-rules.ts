import { utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { MAX_PASSWORD_BYTES } from "../protocol/limits.ts";
import { loginKey } from "../store/user-store.ts";
import { COMMON_PASSWORDS } from "./common-passwords.ts";

/** What NIST SP 800-63B-4 §3.1.1.2 asks of a password that is the only factor of a login. */
export const MIN_PASSWORD_CHARACTERS = 15;

/**
 * A length, and that it is not among the first that somebody would guess. No rules about kinds of characters: they make
 * passwords alike (decision 100).
 *
 * @param name Of the user: no password is made of it.
 * @throws {RedRoomError} `PASSWORD_INVALID`, without the password in the sentence.
 */
export function checkPassword(password: string, name: string): void {
  const characters = [...password].length;
  if (characters < MIN_PASSWORD_CHARACTERS) {
    throw refused(
      `${characters} characters, at least ${MIN_PASSWORD_CHARACTERS} are needed`,
      "take four or five words that do not belong together",
    );
  }
  const bytes = utf8(password).byteLength;
  if (bytes > MAX_PASSWORD_BYTES || !password.isWellFormed()) {
    throw refused(`${bytes} bytes of Unicode text, the limit is ${MAX_PASSWORD_BYTES}`);
  }
  if (isGuessable(password, name)) {
    throw refused(
      "it is made of nothing but the name, common passwords, repetitions and rows of keys",
      "take four or five words that do not belong together",
    );
  }
}

const refused = (reason: string, remedy?: string): RedRoomError =>
  new RedRoomError("PASSWORD_INVALID", `unable to use the password; ${reason}`, remedy === undefined ? {} : { remedy });

/** What fingers and counting find by themselves. */
const ROWS = [
  "01234567890123456789",
  "abcdefghijklmnopqrstuvwxyz",
  "qwertyuiopasdfghjklzxcvbnm",
  "qwertzuiopasdfghjklyxcvbnm",
  "azertyuiopqsdfghjklmwxcvbn",
  "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
  "1q2w3e4r5t6y7u8i9o0p",
  "1q2w3e4r5t6z7u8i9o0p",
].flatMap((row) => [row, [...row].reverse().join("")]);

/** Shorter ones are in half of all words. */
const SHORTEST_PIECE = 3;
const SHORTEST_REPETITION = 4;

/** With fewer characters of its own a password is guessable: a year and an exclamation mark are no secret. */
const OWN_CHARACTERS = 9;

/** What stands for letters where somebody was told to use digits and signs. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "@": "a",
  $: "s",
};

/**
 * Whether it consists, as a whole, of what is guessed first. A list of whole passwords would not do: hardly any of the
 * common ones is so long, and those that are repeat shorter ones, or fill them up.
 */
function isGuessable(password: string, name: string): boolean {
  const text = loginKey(password);
  const pieces = [...COMMON_PASSWORDS, ...partsOf(name)];
  const letters = text.replace(/[013450@$]/g, (sign) => LOOKALIKES[sign] ?? sign);
  return Math.min(ownCharacters(text, pieces), ownCharacters(letters, pieces)) < OWN_CHARACTERS;
}

/** How many characters are left when pieces, rows of keys and repetitions are taken away, where they are taken best. */
function ownCharacters(text: string, pieces: readonly string[]): number {
  const least = [0];
  for (let end = 1; end <= text.length; end += 1) {
    let own = (least[end - 1] ?? 0) + 1;
    const without = (length: number): void => {
      own = Math.min(own, least[end - length] ?? 0);
    };
    for (const piece of pieces) if (text.endsWith(piece, end)) without(piece.length);
    for (let length = SHORTEST_PIECE; isRow(text, end, length); length += 1) without(length);
    for (let length = SHORTEST_REPETITION; wasBefore(text, end, length); length += 1) without(length);
    least.push(own);
  }
  return least[text.length] ?? 0;
}

const isRow = (text: string, end: number, length: number): boolean =>
  length <= end && ROWS.some((row) => row.includes(text.slice(end - length, end)));

const wasBefore = (text: string, end: number, length: number): boolean =>
  length <= end && text.indexOf(text.slice(end - length, end)) < end - length;

/** A name as it is compared, and its words. */
function partsOf(name: string): string[] {
  const key = loginKey(name);
  return [key, ...key.split(/[^\p{L}\p{N}]+/u)].filter((part) => part.length >= SHORTEST_PIECE);
}
