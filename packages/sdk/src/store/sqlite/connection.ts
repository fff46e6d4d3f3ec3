import { statSync } from "node:fs";
import type Database from "better-sqlite3";
import { RedRoomError } from "../../base/errors.ts";
import { checkRoom } from "./disk-room.ts";
import { FilePlace } from "./file-place.ts";
import { openSigner } from "./log-key-file.ts";
import { openDatabase } from "./open-database.ts";
import { SqliteCursors } from "./sqlite-cursors.ts";
import { SqliteLog } from "./sqlite-log.ts";
import { SqlitePrepared } from "./sqlite-prepared.ts";
import { SqliteSearch } from "./sqlite-search.ts";
import { SqliteUsers } from "./sqlite-users.ts";
import type { Doubt } from "./store-failure.ts";
import { hasLog, WriteAheadLog } from "./write-ahead-log.ts";

export interface ConnectionSettings {
  readonly file: string;
  /** The file that it must be; any by default. */
  readonly inode?: string;
  readonly readonly: boolean;
  /** How long a call waits for another process that is writing. */
  readonly busyTimeoutMs: number;
}

/** Larger files are looked at where it matters most: at their heads. `verifyStore` reads all. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/** A connection to the file that has settled every doubt about it, and what it is used for. */
export class Connection {
  readonly log: SqliteLog;
  readonly search: SqliteSearch;
  readonly prepared: SqlitePrepared;
  readonly cursors: SqliteCursors;
  readonly users: SqliteUsers;
  /** Public half of the key that signs; a connection that only reads has none. */
  readonly logKey: Uint8Array | undefined;
  readonly #settings: ConnectionSettings;
  readonly #database: Database.Database;
  readonly #place: FilePlace;
  readonly #writeAhead: WriteAheadLog | undefined;
  readonly #changes;
  #changesBefore = 0;
  #busyTimeoutMs: number;
  /** Whether something was written and synced: only that shows that the next commit can be. */
  #proven = false;

  /**
   * @param waitedMs How long the call that needs it has waited.
   * @param patienceMs How long it may wait for another process, all in all.
   * @throws {RedRoomError} `STORE_UNAVAILABLE`, `STORE_FOREIGN`, `STORE_TOO_NEW`, `RECORD_DAMAGED`; what SQLite throws.
   */
  constructor(
    settings: ConnectionSettings,
    doubt: Doubt | undefined,
    waitedMs: number,
    patienceMs = settings.busyTimeoutMs,
  ) {
    const { file, readonly } = settings;
    this.#settings = settings;
    this.#place = new FilePlace(file, settings.inode);
    this.#place.check();
    if (doubt === "writes") checkRoom(file);
    const interrupted = hasLog(file);
    this.#busyTimeoutMs = leftOf(patienceMs, waitedMs);
    this.#database = openDatabase({ ...settings, busyTimeoutMs: this.#busyTimeoutMs });
    try {
      this.#changes = this.#database.prepare("SELECT total_changes()").pluck();
      const signer = readonly ? undefined : openSigner(`${file}.log-key`, this.#database);
      this.#writeAhead = readonly ? undefined : new WriteAheadLog(this.#database, file);
      this.log = new SqliteLog(this.#database, signer);
      this.search = new SqliteSearch(this.#database);
      this.prepared = new SqlitePrepared(this.#database);
      this.cursors = new SqliteCursors(this.#database);
      this.users = new SqliteUsers(this.#database);
      this.logKey = signer?.publicKey;
      if (doubt === "pages") this.#checkPages();
      if (this.#writeAhead !== undefined && (doubt !== undefined || interrupted)) this.#settle(this.#writeAhead, doubt);
    } catch (thrown) {
      this.#database.close();
      throw thrown;
    }
  }

  /** Before a call: the file is where it was. @param waitedMs How long the call has waited. @throws As `FilePlace.check`. */
  begin(waitedMs: number): void {
    this.#place.check();
    const left = leftOf(this.#settings.busyTimeoutMs, waitedMs);
    if (left !== this.#busyTimeoutMs) this.#database.pragma(`busy_timeout = ${left}`);
    this.#busyTimeoutMs = left;
    this.#changesBefore = this.#changes.get() as number;
  }

  /** Behind a call that has succeeded. */
  end(): void {
    if (this.#changes.get() !== this.#changesBefore) this.#written();
  }

  #written(): void {
    this.#proven = true;
    this.#writeAhead?.shorten();
  }

  /** See `TopicStore.probe`. */
  probe(): void {
    checkRoom(this.#settings.file);
    const database = this.#database;
    if (this.#proven) return void database.exec("BEGIN IMMEDIATE; COMMIT");
    // Page 1 is written as it is, and synced.
    database.pragma(`user_version = ${Number(database.pragma("user_version", { simple: true }))}`);
    this.#written();
  }

  /** @param tidy Moves the write-ahead log into the file, so that the one file is the whole store. */
  close({ tidy }: { readonly tidy: boolean }): void {
    try {
      if (tidy && !this.#settings.readonly) this.#database.pragma("wal_checkpoint(TRUNCATE)");
    } finally {
      this.#database.close();
    }
  }

  /**
   * After a failed write, and when somebody has ended without closing the file, the write-ahead log may hold what is not on
   * the disk. It is written again before anybody relies on it; with a doubt the heads are verified too.
   */
  #settle(writeAhead: WriteAheadLog, doubt: Doubt | undefined): void {
    const settle = this.#database.transaction(() => {
      writeAhead.rewrite();
      if (doubt !== undefined) this.log.confirmHeads();
    });
    settle.immediate();
    // Who reads just now may keep a part of the log from being moved: it was written again all the same.
    this.#database.pragma(`wal_checkpoint(${doubt === undefined ? "PASSIVE" : "TRUNCATE"})`);
  }

  #checkPages(): void {
    const { file } = this.#settings;
    if (statSync(file).size > MAX_CHECKED_BYTES) return;
    const found = this.#database.pragma("quick_check(1)", { simple: true });
    if (found === "ok") return;
    throw new RedRoomError("STORE_UNAVAILABLE", `unable to use the store ${file}; the file is damaged: ${found}`, {
      retryable: true,
      remedy: "stop the server and restore a backup",
    });
  }
}

/** What a call has waited in vain, it does not wait again for a lock; a moment does not count. */
function leftOf(busyTimeoutMs: number, waitedMs: number): number {
  return waitedMs < MOMENT_MS ? busyTimeoutMs : Math.max(0, busyTimeoutMs - waitedMs);
}

const MOMENT_MS = 50;
