import type { WaitingPair } from "@redroom/sdk";
import { printable } from "../terminal/printable.ts";
import type { Texts } from "../texts/texts.ts";

/** Who has what to do so that who can read what: `answer 1 question (#4) to read 1 answer (#5) of bernd`. */
export function waitingLine({ reader, answerer, questions, answers }: WaitingPair, self: string, texts: Texts): string {
  const side = reader.id === self ? "reader" : answerer.id === self ? "answerer" : "others";
  return texts(`waiting.${side}`, {
    reader: printable(reader.name),
    answerer: printable(answerer.name),
    questions: counted("question", questions, texts),
    answers: counted("answer", answers, texts),
  });
}

function counted(what: "question" | "answer", seqs: readonly number[], texts: Texts): string {
  const count = seqs.length;
  return `${texts(`count.${what}${count === 1 ? "" : "s"}`, { count })} (${seqs.map((seq) => `#${seq}`).join(", ")})`;
}
