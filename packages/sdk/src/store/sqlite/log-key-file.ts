import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { RedRoomError } from "../../base/errors.ts";
import { formatLogKey, type LogKey, makeLogKey, readLogKey } from "../../evidence/log-key.ts";

/**
 * The key that signs a store's checkpoints, in a file beside the database that only its owner can read; made where there
 * is none.
 *
 * @throws {RedRoomError} `STORE_UNAVAILABLE` when the file cannot be read or made, or holds no such key.
 */
export function openLogKey(file: string): LogKey {
  const doing = `unable to open the log key ${file}`;
  try {
    return readLogKey(readOrMake(file));
  } catch (cause) {
    throw new RedRoomError("STORE_UNAVAILABLE", `${doing}; ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      remedy: "restore the file from the backup, or remove it: a new key then takes over and signs all topics",
    });
  }
}

function readOrMake(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
  }
  const pem = formatLogKey(makeLogKey());
  try {
    const descriptor = openSync(file, "wx", 0o600);
    try {
      writeSync(descriptor, pem);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    return pem;
  } catch (thrown) {
    // Another process was faster: its key is the one.
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return readFileSync(file, "utf8");
    throw thrown;
  }
}
