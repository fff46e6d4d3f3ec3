import { LONGEST_DELAY_MS } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";

export const answerNeedsQuestion = (event: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to answer; only a question is answered, not: ${event}`, {
    remedy: "use `ctx.note`, or `ctx.reply` for messages of any kind",
  });

export const notADelay = (delayMs: number): RedRoomError =>
  new RedRoomError(
    "OPTIONS_INVALID",
    `unable to try the entry again; ${delayMs} is not a number of milliseconds up to ${LONGEST_DELAY_MS}`,
  );

export const notInTopic = (title: string): RedRoomError =>
  new RedRoomError("STREAM_CLOSED", `unable to go on; the topic ${JSON.stringify(title)} is not open`);
