import { type RedRoomError, toRedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/** What a client is told of something thrown. Of an `INTERNAL` error it hears only that it happened; the log has the rest. */
export function toldError(thrown: unknown, doing: string, logger: Logger): RedRoomError {
  const error = toRedRoomError(thrown, "INTERNAL", doing);
  if (error.code === "INTERNAL") logger.error({ error }, `unable to ${doing}`);
  return error;
}
