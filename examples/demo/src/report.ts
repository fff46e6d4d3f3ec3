import type { TopicMessage } from "@redroom/sdk";

/** A message as a participant got it, or as the file holds it. */
export interface Heard {
  readonly topic: string;
  readonly seq: number;
  readonly author: string;
  readonly kind: TopicMessage["kind"];
  /** ISO 8601. */
  readonly at: string;
  readonly text: string;
  readonly re?: number;
}

/** What a participant prints, one JSON line each; `clock` is missing where nobody measures (the bot). */
export type Report =
  | (Heard & { readonly event: "read"; readonly clock?: number })
  | { readonly event: "joined" }
  /** We are about to send, or have the ack of, the line with this place in the conversation. */
  | { readonly event: "sending" | "stored"; readonly line: number; readonly clock: number };

/** Milliseconds on the one clock that all processes of a machine share, finer than a millisecond. */
export function sharedClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
