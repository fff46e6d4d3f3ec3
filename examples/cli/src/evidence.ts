import { jsonLine } from "./message-line.ts";
import { visible } from "./terminal/printable.ts";
import type { Texts } from "./texts/texts.ts";

/** What an error carries as proof: the log's origin, and one or two checkpoints. */
type ErrorEvidence = Readonly<Record<string, string>>;

/**
 * The evidence of an error as lines, for people to keep: each checkpoint stands there byte by byte, from behind its
 * heading to the next. For scripts one line of JSON.
 */
export function evidenceLines(evidence: ErrorEvidence, json: boolean, texts: Texts): string[] {
  if (json) return [jsonLine({ evidence })];
  const { origin = "", known = "", shown } = evidence;
  return [
    texts("evidence.log", { origin: visible(origin) }),
    texts("evidence.known"),
    ...noteLines(known),
    ...(shown === undefined ? [texts("evidence.entries")] : [texts("evidence.shown"), ...noteLines(shown)]),
    texts("evidence.end"),
  ];
}

/** A note ends with a line feed, which its last line gets when it is printed. */
const noteLines = (note: string): string[] => note.replace(/\n$/, "").split("\n").map(visible);
