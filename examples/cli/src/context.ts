import type { Output } from "./output.ts";
import type { Texts } from "./texts/texts.ts";

/** What every command gets besides its arguments. */
export interface Context {
  readonly texts: Texts;
  readonly output: Output;
  /** One line on standard error. */
  warn(sentence: string): void;
}
