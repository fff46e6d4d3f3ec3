import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { RedRoomError } from "../../base/errors.ts";

/** With less than this a commit may fit, and the next one not: a store would come and go. */
const LEAST_ROOM_BYTES = 256 * 1024;

/** @throws {RedRoomError} `STORE_UNAVAILABLE` when the disk is full, or nearly. */
export function checkRoom(file: string): void {
  const room = roomFor(file);
  if (room >= LEAST_ROOM_BYTES) return;
  const least = LEAST_ROOM_BYTES / 1024;
  const reason = `the disk is full: ${Math.floor(room / 1024)} KiB are left, ${least} KiB are needed`;
  throw new RedRoomError("STORE_UNAVAILABLE", `unable to use the store ${file}; ${reason}`, {
    retryable: true,
    remedy: "free space on the disk",
  });
}

/** How many bytes this user can still write. */
export function roomFor(file: string): number {
  try {
    const { bsize, bfree, bavail } = statfsSync(dirname(file));
    return bsize * (process.getuid?.() === 0 ? bfree : bavail);
  } catch {
    return Number.POSITIVE_INFINITY; // the disk is gone, which whoever uses the file notices
  }
}
