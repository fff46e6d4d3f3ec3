import { closeSync, existsSync, openSync } from "node:fs";
import Database from "better-sqlite3";
import { RedRoomError, toRedRoomError } from "../../base/errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";

/** The WAL-reset bug (sqlite.org/wal.html#walresetbug) is mended from here on. */
const OLDEST_SQLITE = [3, 51, 3] as const;
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the file with all settings that the promises rest on, and checks that they hold.
 *
 * @throws {RedRoomError} `STORE_FOREIGN`, `STORE_TOO_NEW`, `STORE_UNAVAILABLE`; the file is then as it was.
 */
export function openDatabase(file: string, mode: "write" | "read"): Database.Database {
  const doing = `open the store ${file}`;
  let database: Database.Database | undefined;
  try {
    // Made by us and not by SQLite, so that nobody else may ever read it; -wal and -shm take over its mode.
    if (mode === "write" && !existsSync(file)) closeSync(openSync(file, "wx", 0o600));
    database = new Database(file, { readonly: mode === "read", fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    checkOwner(database, file);
    applySettings(database, mode);
    if (mode === "write") migrate(database);
    return database;
  } catch (thrown) {
    database?.close();
    if ((thrown as { code?: unknown }).code === "SQLITE_NOTADB") throw foreign(file, "it is not a database", thrown);
    throw toRedRoomError(thrown, "STORE_UNAVAILABLE", doing);
  }
}

/** Reads only: a database of somebody else must not even be switched to another journal. */
function checkOwner(database: Database.Database, file: string): void {
  const owner = database.pragma("application_id", { simple: true });
  const version = Number(database.pragma("user_version", { simple: true }));
  const tables = Number(database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get());
  const empty = owner === 0 && version === 0 && tables === 0;
  if (owner !== APPLICATION_ID && !empty) throw foreign(file, "it is the database of another program");
  if (version > MIGRATIONS.length) {
    throw new RedRoomError(
      "STORE_TOO_NEW",
      `unable to open the store ${file}; it has version ${version}, this program knows ${MIGRATIONS.length}`,
      { remedy: "use the version of Red Room that wrote it, or a newer one" },
    );
  }
}

function applySettings(database: Database.Database, mode: "write" | "read"): void {
  const sqlite = String(database.prepare("SELECT sqlite_version()").pluck().get());
  if (isOlder(sqlite)) throw new Error(`SQLite ${sqlite} is older than ${OLDEST_SQLITE.join(".")}`);
  if (mode === "write") database.pragma("journal_mode = WAL");
  // The default of better-sqlite3 in WAL is NORMAL, which loses the last commits with the power.
  database.pragma("synchronous = FULL");
  database.pragma("foreign_keys = ON");
  database.pragma("secure_delete = ON");
  database.pragma("trusted_schema = OFF");
  const actual = {
    journal: database.pragma("journal_mode", { simple: true }),
    sync: database.pragma("synchronous", { simple: true }),
  };
  if (actual.sync !== 2 || (mode === "write" && actual.journal !== "wal")) {
    throw new Error(`commits would not be durable (journal_mode ${actual.journal}, synchronous ${actual.sync})`);
  }
}

function isOlder(version: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, oldest] of OLDEST_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part !== oldest) return part < oldest;
  }
  return false;
}

/** Each step in a transaction of its own, which another process may have done meanwhile. */
function migrate(database: Database.Database): void {
  for (const [version, sql] of MIGRATIONS.entries()) {
    database
      .transaction(() => {
        if (Number(database.pragma("user_version", { simple: true })) !== version) return;
        database.exec(sql);
        database.pragma(`application_id = ${APPLICATION_ID}`);
        database.pragma(`user_version = ${version + 1}`);
      })
      .immediate();
  }
}

const foreign = (file: string, reason: string, cause?: unknown): RedRoomError =>
  new RedRoomError("STORE_FOREIGN", `unable to open the store ${file}; ${reason}, and was left as it is`, {
    cause,
    remedy: "name the file of a Red Room server, or one that does not exist yet",
  });
