import Database from "better-sqlite3";

export interface FileLock {
  /** Idempotent. The file stays: removing it could take it from under somebody who has just locked it. */
  release(): void;
}

/**
 * Locks a file for as long as this process lives: the operating system lets go of it however the process ends, so that
 * no lock is ever stale. It is an empty SQLite database with a transaction open, because SQLite knows how to lock on
 * every platform.
 *
 * @returns `undefined` when another process, or another call in this one, holds the lock.
 * @throws When the file cannot be made or written.
 */
export function lockFile(file: string): FileLock | undefined {
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (thrown) {
    database.close();
    if ((thrown as { code?: unknown }).code === "SQLITE_BUSY") return undefined;
    throw thrown;
  }
  return { release: () => void database.close() };
}
