import type { Sending } from "@redroom/sdk";
import type { Chat } from "./chat.ts";
import type { CommandName } from "./chat-commands.ts";
import { readAddressed, readNumbered } from "./input.ts";

/** What is written with a command; `undefined` where something is missing. The conversation shows what becomes of it. */
type Saying = (rest: string, chat: Chat) => Sending | undefined;

/** The commands that send something. */
export const SAYINGS: Partial<Readonly<Record<CommandName, Saying>>> = {
  ask: (rest, { topic }) => {
    const { text, ...options } = readAddressed(rest, new Date());
    return text === "" ? undefined : topic.ask(text, options);
  },
  note: (rest, { topic }) => {
    const { text, to } = readAddressed(rest, new Date(), { recipientsOnly: true });
    return text === "" ? undefined : topic.note(text, { ...(to && { to }) });
  },
  answer: numbered((seq, text, { topic }) => topic.answer({ seq }, text)),
  correct: numbered((seq, text, { topic }) => topic.correct({ seq }, text)),
  close: numbered((seq, text, { topic }) => topic.closeQuestion({ seq }, text)),
  withdraw: numbered((seq, text, { topic }) => topic.withdraw({ seq }, text), { needsText: false }),
  release: numbered((seq, text, { topic }) => topic.release({ seq }, text), { needsText: false }),
};

function numbered(
  send: (seq: number, text: string, chat: Chat) => Sending,
  { needsText = true }: { readonly needsText?: boolean } = {},
): Saying {
  return (rest, chat) => {
    const read = readNumbered(rest);
    if (read === undefined || (needsText && read.text === "")) return undefined;
    return send(read.seq, read.text, chat);
  };
}
