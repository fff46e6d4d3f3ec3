import type { SealedMessage, TopicMessage } from "@redroom/sdk";
import type { Context } from "./context.ts";
import { namesOf } from "./message-heading.ts";
import { printable } from "./terminal/printable.ts";

/** Escapes what JSON allows and a terminal, or a reader that splits lines as Unicode does, would act upon. */
const ACTING = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** One line of JSON. */
export function jsonLine(value: object): string {
  return JSON.stringify(value).replace(
    ACTING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** For people, in the place of an entry whose text is withheld or was erased, while its number stays. */
export async function writeWithheld(seq: number, json: boolean | undefined, { output, texts }: Context): Promise<void> {
  if (!json) await output.line(texts("message.gone", { seq }));
}

/** Prints a message: for scripts as JSON, for people as `#7  2026-01-31 14:05:09  anna  answer → #3  text`. */
export function writeMessage(
  message: TopicMessage,
  { json = false }: { readonly json?: boolean },
  { output, texts }: Context,
): Promise<void> {
  if (json) return output.line(jsonLine(messageJson(message)));
  const { seq, kind, author, at, text, re, to } = message;
  const what = re === undefined ? texts(`kind.${kind}`) : `${texts(`kind.${kind}`)} → #${re}`;
  const names = to === undefined ? [] : [`→ ${namesOf(to)}`];
  return output.line([`#${seq}`, localTime(at), printable(author), what, ...names, printable(text)].join("  "));
}

/** Prints an answer that may not be read yet. */
export function writeSealed(
  { seq, id, kind, author, at, re, to, commitment }: SealedMessage,
  { json = false }: { readonly json?: boolean },
  { output, texts }: Context,
): Promise<void> {
  if (json) {
    const facts = { seq, id, kind, author, at: at.toISOString(), re, to: to?.map(({ name }) => name) };
    return output.line(jsonLine({ ...facts, sealed: true, commitment }));
  }
  const what = `${texts(`kind.${kind}`)} → #${re}`;
  return output.line([`#${seq}`, localTime(at), printable(author), what, texts("sealed.answer")].join("  "));
}

/** A message as scripts get it: people by name, times in UTC. */
export function messageJson(message: TopicMessage): object {
  const { seq, id, kind, author, at, text, re, to, priority, due, asked, revealedBy } = message;
  const names = (people: TopicMessage["to"]): string[] | undefined => people?.map(({ name }) => name);
  const question = { priority, due: due?.toISOString(), asked: names(asked) };
  return { seq, id, kind, author, at: at.toISOString(), text, re, to: names(to), ...question, revealedBy };
}

/** `2026-01-31 14:05:09` where we are. */
export function localTime(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${[two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join(":")}`;
}
