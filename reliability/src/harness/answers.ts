import type { RecordedEntry, WholeRecord } from "./record.ts";

/** What the bot answers to a question. */
export const answerFor = (question: string): string => `The answer to "${question}"`;

/** @returns What is wrong, one sentence each: nothing when each question of the record has exactly one answer, the right one. */
export function faultsOfAnswers(record: WholeRecord): string[] {
  return [...record].flatMap(([title, entries]) => {
    const answers = entries.filter(({ kind }) => kind === "answer");
    const questions = entries.filter(({ kind }) => kind === "question");
    return [
      ...questions.flatMap(({ seq, text }) =>
        faultsOfQuestion(
          seq,
          text,
          answers.filter(({ re }) => re === seq),
        ),
      ),
      ...answers
        .filter(({ re }) => !questions.some(({ seq }) => seq === re))
        .map(({ seq }) => `answer ${seq} is to no question`),
    ].map((fault) => `${title}: ${fault}`);
  });
}

function faultsOfQuestion(seq: number, text: string, answers: readonly RecordedEntry[]): string[] {
  if (answers.length !== 1) return [`question ${seq} has ${answers.length} answers`];
  return answers[0]?.text === answerFor(text) ? [] : [`question ${seq} has the answer "${answers[0]?.text}"`];
}
