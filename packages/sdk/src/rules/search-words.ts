/** A longer word is compared by its beginning. */
const MAX_WORD_CHARACTERS = 64;
const WORD = /[\p{L}\p{N}]+/gu;
/** Of a query; what is behind them does not count. */
const MAX_QUERY_WORDS = 32;

/** A part of a text, in UTF-16 code units: what `text.slice(start, end)` takes. */
export interface Highlight {
  readonly start: number;
  readonly end: number;
}

/**
 * The words of a text as searching compares them, each once: runs of letters and digits, without accents and capitals.
 *
 * Small differences that people make without thinking are folded away: `Rückstellung`, `RUCKSTELLUNG`, the same with a
 * soft hyphen or a combining diaeresis, `Straße` and `strasse`, `Łódź` and `lodz`. `ü` and `ue` stay two spellings. Everything
 * else, emoji and punctuation too, only separates words. A script without spaces is one word up to its next sign.
 */
export function wordsOf(text: string): string[] {
  const words = fold(text).match(WORD) ?? [];
  return [...new Set(words.map(shorten))];
}

/** The words that somebody looks for: the first 32 of the query. */
export const queryWords = (query: string): string[] => wordsOf(query).slice(0, MAX_QUERY_WORDS);

/** Whether each of the words (of `queryWords`) begins a word of the text. Without any word, nothing is found. */
export function hasWords(text: string, words: readonly string[]): boolean {
  // Not by `wordsOf`: hundreds of texts are looked through for one page, and taking them apart is most of the work.
  const folded = fold(text);
  return words.length > 0 && words.every((wanted) => beginsWord(folded, wanted));
}

const ENDS_IN_WORD = /[\p{L}\p{N}]$/u;

function beginsWord(folded: string, wanted: string): boolean {
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + 1)) {
    if (!ENDS_IN_WORD.test(folded.slice(Math.max(0, at - 2), at))) return true;
  }
  return false;
}

/**
 * Where a screen shows why a text was found: the beginning of each word of the text that one of the words (of
 * `queryWords`) begins, the longest of them, with the marks on its last letter. Ascending, without overlaps.
 */
export function highlightsOf(text: string, words: readonly string[]): Highlight[] {
  const characters = charactersOf(text);
  const folded = characters.map((character) => character.folded).join("");
  /** From a place in `folded` to its character. */
  const owners = characters.flatMap((character, index) => Array.from(character.folded.split(""), () => index));
  const found: Highlight[] = [];
  for (const { 0: run, index: from } of folded.matchAll(WORD)) {
    const word = shorten(run);
    const length = Math.max(0, ...words.filter((wanted) => word.startsWith(wanted)).map((wanted) => wanted.length));
    if (length === 0) continue;
    let next = (owners[from + length - 1] ?? 0) + 1;
    while (characters[next]?.folded === "") next += 1;
    const start = Math.max(characters[owners[from] ?? 0]?.start ?? 0, found.at(-1)?.end ?? 0);
    const end = characters[next]?.start ?? text.length;
    if (start < end) found.push({ start, end }); // one character can hold two words
  }
  return found;
}

function charactersOf(text: string): { readonly start: number; readonly folded: string }[] {
  let start = 0;
  return Array.from(text, (character) => {
    const here = start;
    start += character.length;
    return { start: here, folded: fold(character) };
  });
}

/** Character by character, so that every folded letter has its place in the text. */
function fold(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, foldCharacter).toLowerCase();
}

/** Letters that no accent was put on, and yet are typed as others. */
const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  ß: "ss",
  æ: "ae",
  œ: "oe",
  ø: "o",
  đ: "d",
  ħ: "h",
  ł: "l",
  ı: "i",
  ς: "σ",
};

/** Marks on letters, and what steers how they are joined or in which direction they run. */
const INVISIBLE = /[\p{M}\p{Cf}]/gu;

const known = new Map<string, string>();
const MAX_KNOWN = 4_096;

function foldCharacter(character: string): string {
  const there = known.get(character);
  if (there !== undefined) return there;
  const folded = character
    .normalize("NFKD")
    .toLowerCase()
    .replace(INVISIBLE, "")
    .replace(/[ßæœøđħłıς]/g, (letter) => OTHER_SPELLINGS[letter] ?? letter);
  if (known.size < MAX_KNOWN) known.set(character, folded);
  return folded;
}

function shorten(word: string): string {
  if (word.length <= MAX_WORD_CHARACTERS) return word;
  return Array.from(word).slice(0, MAX_WORD_CHARACTERS).join("");
}
