import { RedRoomError } from "../base/errors.ts";

export const answerNeedsQuestion = (event: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to answer; only a question is answered, not: ${event}`, {
    remedy: "use `ctx.note`, or `ctx.reply` for messages of any kind",
  });

export const notInTopic = (title: string): RedRoomError =>
  new RedRoomError("STREAM_CLOSED", `unable to go on; the topic ${JSON.stringify(title)} is not open`);
