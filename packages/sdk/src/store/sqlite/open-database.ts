import Database from "better-sqlite3";
import { checkAccess, checkOwner } from "./inspect-file.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { addSearchWords } from "./search-index.ts";

/** Older ones can corrupt a database in WAL mode (sqlite.org/wal.html#walresetbug). */
const OLDEST_SQLITE = [3, 51, 3] as const;

export interface OpenSettings {
  readonly file: string;
  readonly readonly: boolean;
  /** How long to wait for another process that is writing. */
  readonly busyTimeoutMs: number;
}

/**
 * Opens a connection to a file that `meetFile` knows, with everything the promises of the store rest on, and checks that
 * it holds.
 *
 * @throws {RedRoomError} `STORE_FOREIGN`, `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
 */
export function openDatabase({ file, readonly, busyTimeoutMs }: OpenSettings): Database.Database {
  checkAccess(file);
  const database = new Database(file, { readonly, fileMustExist: true, timeout: busyTimeoutMs });
  try {
    refuseOldSqlite(database);
    database.pragma("trusted_schema = OFF");
    database.pragma("foreign_keys = ON");
    database.pragma("secure_delete = ON");
    // VACUUM, which erasing needs, copies the room's texts: never to a folder of the system.
    database.pragma("temp_store = MEMORY");
    // In WAL mode better-sqlite3 defaults to NORMAL, which may lose the last commits with the power.
    database.pragma("synchronous = FULL");
    database.pragma("fullfsync = ON"); // macOS: through the cache of the disk too
    database.pragma("checkpoint_fullfsync = ON");
    if (!readonly) {
      migrate(database, file);
      database.pragma("journal_mode = WAL");
      database.pragma("wal_autocheckpoint = 0"); // see WriteAheadLog
    }
    checkDurability(database);
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/**
 * Before WAL is switched on, so that from its first byte the file itself says whose it is. Each step is a transaction that
 * another process may have done meanwhile.
 */
function migrate(database: Database.Database, file: string): void {
  addSearchWords(database);
  const numberOf = (pragma: string) => Number(database.pragma(pragma, { simple: true }));
  for (const [version, sql] of MIGRATIONS.entries()) {
    if (numberOf("user_version") > version) continue;
    database
      .transaction(() => {
        if (numberOf("user_version") > version) return;
        if (version === 0 && database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get() === 0) {
          database.pragma(`application_id = ${APPLICATION_ID}`);
        }
        checkOwner(file, { applicationId: numberOf("application_id"), version });
        database.exec(sql);
        database.pragma(`user_version = ${version + 1}`);
      })
      .immediate();
  }
  checkOwner(file, { applicationId: numberOf("application_id"), version: numberOf("user_version") });
}

function checkDurability(database: Database.Database): void {
  const journal = database.pragma("journal_mode", { simple: true });
  const synchronous = database.pragma("synchronous", { simple: true });
  if (journal !== "wal" || synchronous !== 2) {
    throw new Error(`commits would not be durable (journal_mode ${journal}, synchronous ${synchronous})`);
  }
}

function refuseOldSqlite(database: Database.Database): void {
  const version = String(database.prepare("SELECT sqlite_version()").pluck().get());
  const parts = version.split(".").map(Number);
  const difference = OLDEST_SQLITE.map((oldest, index) => (parts[index] ?? 0) - oldest).find((number) => number !== 0);
  if ((difference ?? 0) < 0) throw new Error(`SQLite ${version} is in use, ${OLDEST_SQLITE.join(".")} is needed`);
}
