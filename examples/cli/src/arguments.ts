import type { MessageKind } from "@redroom/sdk";
import { InvalidArgumentError } from "commander";

/** What people write; see `docs/roles.md` for who may write what. */
export const MESSAGE_KINDS: readonly MessageKind[] = [
  "question",
  "answer",
  "note",
  "correction",
  "withdrawal",
  "closing",
  "reveal",
];

/** For commander: a whole number, no less than this. */
export const wholeNumber = (least: number, expected: string) => (value: string) => {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number) || number < least) {
    throw new InvalidArgumentError(expected);
  }
  return number;
};

/** For commander: one of these words. */
export const oneOf = (possible: readonly string[]) => (value: string) => {
  if (!possible.includes(value)) throw new InvalidArgumentError(possible.join(", "));
  return value;
};

/** For commander: an option that may be given more than once. */
export const repeated = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
