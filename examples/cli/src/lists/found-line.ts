import { highlightsOf, queryWords, type TopicMessage } from "@redroom/sdk";
import { headingOf } from "../message-heading.ts";
import { localTime } from "../message-line.ts";
import { printable, visible } from "../terminal/printable.ts";
import { bold } from "../terminal/terminal.ts";
import type { Texts } from "../texts/texts.ts";

/** `#3 2026-01-31 14:05:09 anna asks: How high are the provisions?`, with what was searched for in bold. */
export function foundLine(message: TopicMessage, query: string, texts: Texts): string {
  const heading = `#${message.seq} ${localTime(message.at)} ${headingOf(message, texts)}`;
  return `${heading}: ${highlighted(message.text, query)}`;
}

function highlighted(text: string, query: string): string {
  // Text from right to left stands in an isolate, which styles would cut in pieces.
  if (printable(text) !== visible(text)) return printable(text);
  let end = 0;
  let shown = "";
  for (const highlight of highlightsOf(text, queryWords(query))) {
    shown += visible(text.slice(end, highlight.start)) + bold(visible(text.slice(highlight.start, highlight.end)));
    end = highlight.end;
  }
  return shown + visible(text.slice(end));
}
