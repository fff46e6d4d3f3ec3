import { randomBytes } from "node:crypto";

/** Base32 without the letters that are mistaken for digits (Crockford). */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const CHARACTERS = 20;

/** @returns Four groups of five characters: 100 random bits that can be read aloud. */
export function generatePassword(): string {
  const characters = Array.from(randomBytes(CHARACTERS), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("");
  return (characters.match(/.{5}/g) ?? []).join("-");
}
