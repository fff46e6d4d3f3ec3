import { toRedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/**
 * Calls the application from a turn of the network, which must go on whatever the application does.
 *
 * @returns `false` when the callback threw; the error is logged.
 */
export function guarded(logger: Logger, doing: string, callback: () => void): boolean {
  try {
    callback();
    return true;
  } catch (thrown) {
    logger.error({ error: toRedRoomError(thrown, "INTERNAL", doing) }, `a callback threw; unable to ${doing}`);
    return false;
  }
}
