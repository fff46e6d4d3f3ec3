import { closeSync, fsyncSync, openSync, readSync, statSync, writeSync } from "node:fs";
import type Database from "better-sqlite3";

/** SQLite's own default: 4 MiB. */
const LONG_FRAMES = 1_000;
const CHUNK_BYTES = 64 * 1024;

interface Checkpoint {
  readonly busy: number;
  /** How many frames the log has, and how many of them are in the file. */
  readonly log: number;
  readonly checkpointed: number;
}

/** The write-ahead log of a connection that writes. */
export class WriteAheadLog {
  readonly #file: string;
  readonly #length;
  readonly #move;

  constructor(database: Database.Database, file: string) {
    this.#file = `${file}-wal`;
    this.#length = database.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#move = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** Moves a long log into the file. SQLite would do so itself, but keep to itself that it failed. */
  shorten(): void {
    const { log, checkpointed } = this.#length.get() as Checkpoint;
    if (log - checkpointed >= LONG_FRAMES) this.#move.get();
  }

  /**
   * Writes every byte of the log again and syncs it. After a failed sync Linux shows the pages as they were written, and
   * takes them for clean: they may never have reached the disk, and no later sync would send them there.
   *
   * The caller holds the write lock, so that nobody appends meanwhile.
   */
  rewrite(): void {
    const descriptor = openSync(this.#file, "r+");
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let at = 0; ; ) {
        const length = readSync(descriptor, chunk, 0, CHUNK_BYTES, at);
        if (length === 0) break;
        for (let done = 0; done < length; ) done += writeSync(descriptor, chunk, done, length - done, at + done);
        at += length;
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Whether there is a log: whoever wrote last has not closed the file, or not been able to. */
export function hasLog(file: string): boolean {
  return (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}
