import { readFileSync } from "node:fs";

/** What a question looks like, and what to answer. */
export type Answers = readonly (readonly [pattern: RegExp, answer: string])[];

/** Reads a table: a JSON object from regular expressions, where case does not matter, to answers. */
export function readAnswers(file: string | URL): Answers {
  const table = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  return Object.entries(table).map(([pattern, answer]) => [new RegExp(pattern, "iu"), answer]);
}

/** @returns The answer of the first pattern that the question matches; `undefined` when it is not for us. */
export function findAnswer(answers: Answers, question: string): string | undefined {
  return answers.find(([pattern]) => pattern.test(question))?.[1];
}
