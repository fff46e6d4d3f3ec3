import type { TopicMessage } from "@redroom/sdk";
import { printable } from "./terminal/printable.ts";
import type { Texts } from "./texts/texts.ts";

/** What is said of a message before its text. */
export type Headed = Pick<TopicMessage, "author" | "kind" | "text" | "to" | "priority" | "due"> & {
  readonly re?: number | undefined;
};

/** Kinds whose recipients are worth a word: of the others they follow from what they refer to. */
const ADDRESSED: readonly string[] = ["question", "answer", "note", "correction"];

/** `anna asks → bernd (high, until 15:00)`. Names are safe to print. */
export function headingOf({ author, kind, text, re, to, priority, due }: Headed, texts: Texts): string {
  if (kind === "reveal" && author === "server" && text === "") return texts("chat.revealed", { re: re ?? "" });
  const who = texts(`chat.${kind}${re === undefined ? "" : "To"}`, { author: printable(author), re: re ?? "" });
  const names = to !== undefined && ADDRESSED.includes(kind) ? ` → ${namesOf(to)}` : "";
  const details = [
    ...(priority === undefined ? [] : [texts(`priority.${priority}`)]),
    ...(due === undefined ? [] : [texts("chat.until", { when: shortTime(due, texts) })]),
  ];
  return `${who}${names}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
}

export const namesOf = (people: readonly { readonly name: string }[]): string =>
  people.map(({ name }) => printable(name === "" ? "?" : name)).join(", ");

/** `2/1/26, 15:00` where we are. */
export const shortTime = (at: Date, { language }: Texts): string =>
  at.toLocaleString(language, { dateStyle: "short", timeStyle: "short", hourCycle: "h23" });

/** `15:00` where we are. */
export const clockTime = (at: Date, { language }: Texts): string =>
  at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
