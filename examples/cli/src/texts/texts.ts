import { de } from "./de.ts";
import { type Catalogue, en, type TextKey } from "./en.ts";

export type { Catalogue, TextKey };

export type Language = "en" | "de";
export type TextValues = Readonly<Record<string, string | number>>;

/** The words of one language. */
export interface Texts {
  readonly language: Language;
  /** `{name}` in the text becomes `values.name`. */
  (key: TextKey, values?: TextValues): string;
  has(key: string): key is TextKey;
}

export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en, de };

export function textsIn(language: Language): Texts {
  const catalogue = CATALOGUES[language];
  const texts = (key: TextKey, values: TextValues = {}): string =>
    catalogue[key].replace(/\{(\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder));
  return Object.assign(texts, {
    language,
    has: (key: string): key is TextKey => Object.hasOwn(catalogue, key),
  });
}

/** `--lang`, or what the environment says as POSIX has it, or English. Known before the arguments are parsed. */
export function languageOf(args: readonly string[], env: NodeJS.ProcessEnv): Language {
  const chosen = args.findLast((arg, index) => args[index - 1] === "--lang" || arg.startsWith("--lang="));
  const { LC_ALL, LC_MESSAGES, LANG } = env;
  const language = chosen?.replace("--lang=", "") ?? (LC_ALL || LC_MESSAGES || LANG || "");
  return language.toLowerCase().startsWith("de") ? "de" : "en";
}
