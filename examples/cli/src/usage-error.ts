import type { CommanderError } from "commander";
import type { TextKey, Texts } from "./texts/texts.ts";

const SENTENCES: Readonly<Record<string, TextKey>> = {
  "commander.unknownOption": "usage.unknownOption",
  "commander.unknownCommand": "usage.unknownCommand",
  "commander.missingArgument": "usage.missingArgument",
  "commander.missingMandatoryOptionValue": "usage.missingOption",
  "commander.optionMissingArgument": "usage.optionMissingArgument",
  "commander.excessArguments": "usage.excessArguments",
  "commander.invalidArgument": "usage.invalidArgument",
};

/** What is wrong with the arguments, in the language of the person; `undefined` when only help was asked for. */
export function explainUsage(error: CommanderError, texts: Texts): string | undefined {
  if (error.exitCode === 0) return undefined;
  const [, what = ""] = /'([^']*)'/.exec(error.message) ?? [];
  // "… argument 'x' is invalid. EXPECTED", where EXPECTED is ours
  const [, expected = ""] = /' is invalid\. (.*)$/s.exec(error.message) ?? [];
  return texts(SENTENCES[error.code] ?? "usage.other", { what, expected });
}
