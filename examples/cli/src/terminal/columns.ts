const ZERO = /^[\p{Mn}\p{Me}\u200b-\u200f\u2060-\u2069\ufeff]$/u;
const EMOJI = /^[\p{Extended_Pictographic}\p{Emoji_Presentation}]$/u;

/** Blocks whose characters take two columns (Unicode TR11), in pairs of first and last. */
const WIDE = [
  0x1100, 0x115f, 0x2e80, 0x303e, 0x3041, 0xa4cf, 0xa960, 0xa97c, 0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe10, 0xfe19,
  0xfe30, 0xfe6f, 0xff00, 0xff60, 0xffe0, 0xffe6, 0x16fe0, 0x1b2ff, 0x1d300, 0x1d376, 0x1f000, 0x1faff, 0x20000,
  0x3fffd,
];

/**
 * At least as many columns as any terminal gives to this text. Terminals disagree about emoji: 👩‍💻 has two columns or four.
 * Rows that are broken by this measure are never too long, and nothing else depends on it.
 */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

function columnsOfCharacter(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (ZERO.test(character)) return 0;
  if (EMOJI.test(character)) return 2;
  for (let index = 0; index < WIDE.length; index += 2) {
    if (code >= (WIDE[index] ?? 0) && code <= (WIDE[index + 1] ?? 0)) return 2;
  }
  return 1;
}
