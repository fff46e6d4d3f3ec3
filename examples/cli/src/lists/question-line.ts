import type { TopicQuestion } from "@redroom/sdk";
import { headingOf, namesOf } from "../message-heading.ts";
import { messageJson } from "../message-line.ts";
import { printable } from "../terminal/printable.ts";
import type { Texts } from "../texts/texts.ts";

/** `#4 bernd asks → anna (high): Who finances the deal? (waits for anna)` */
export function questionLine({ message, asked = [] }: TopicQuestion, texts: Texts): string {
  const waits = asked.length === 0 ? "" : ` (${texts("open.asked", { names: namesOf(asked) })})`;
  return `#${message.seq} ${headingOf(message, texts)}: ${printable(message.text)}${waits}`;
}

/** `asked`: who still has to answer. */
export const questionJson = ({ message, state, asked }: TopicQuestion): object => ({
  ...messageJson(message),
  asked: asked?.map(({ name }) => name),
  state,
});
