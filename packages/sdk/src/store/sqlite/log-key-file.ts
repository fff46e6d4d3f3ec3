import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type Database from "better-sqlite3";
import { RedRoomError } from "../../base/errors.ts";
import { formatLogKey, type LogKey, makeLogKey, readLogKey } from "../../evidence/log-key.ts";
import { CheckpointSigner } from "./sqlite-trees.ts";

/**
 * Who signs a store's checkpoints. The key is in a file beside the database that only its owner can read; made where there
 * is none, and then it takes over what earlier ones have signed. A key that was there already must have signed before,
 * or find that all was signed by one that the file names: else somebody could rewrite the database, remove who signed in it,
 * and have it signed anew.
 *
 * @param database Whose write lock is held while the file is made: of all who open the store, one makes it.
 * @throws {RedRoomError} `STORE_UNAVAILABLE` when the file cannot be read or made, or holds no such key; `RECORD_DAMAGED`.
 */
export function openSigner(file: string, database: Database.Database): CheckpointSigner {
  const present = attempt(file, () => readKey(file));
  if (present !== undefined) return new CheckpointSigner(database, present, "present");
  return database
    .transaction(() => {
      const meanwhile = attempt(file, () => readKey(file));
      if (meanwhile !== undefined) return new CheckpointSigner(database, meanwhile, "present");
      const key = makeLogKey();
      const signer = new CheckpointSigner(database, key, "new");
      attempt(file, () => writeKey(file, key));
      return signer;
    })
    .immediate();
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RedRoomError("STORE_UNAVAILABLE", `unable to open the log key ${file}; ${reason}`, {
      cause,
      remedy:
        "restore the file from the backup, or stop the server and remove it: a new key then takes over and signs all topics",
    });
  }
}

function readKey(file: string): LogKey | undefined {
  try {
    return readLogKey(readFileSync(file, "utf8"));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw thrown;
  }
}

/** Whole and on the disk before it has its name: readers without the lock, and a crash, find all of it or nothing. */
function writeKey(file: string, key: LogKey): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true }); // what a crash has left
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeFileSync(descriptor, formatLogKey(key));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
  syncFolder(dirname(file));
}

/** A rename is durable only with its folder; Windows has no such call, and needs none. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
