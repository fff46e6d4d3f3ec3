/** The program of a worker thread: one connection to the file, and the calls that the store sends it, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { RedRoomError } from "../../base/errors.ts";
import { openLogKey } from "./log-key-file.ts";
import { openDatabase } from "./open-database.ts";
import { SqliteLog } from "./sqlite-log.ts";
import { CheckpointSigner } from "./sqlite-trees.ts";
import { SqliteUsers } from "./sqlite-users.ts";
import type { Failure, WorkerAnswer, WorkerCall, WorkerSettings } from "./worker-link.ts";

const settings = workerData as WorkerSettings;
const port = parentPort;
if (port === null) throw new Error("this program runs as a worker thread");

let connection: ReturnType<typeof connect> | undefined;

/** Every call opens the file when it is not open: so a store recovers by itself when its file can be reached again. */
function connect() {
  const database = openDatabase(settings);
  try {
    const key = settings.readonly ? undefined : openLogKey(`${settings.file}.log-key`, database);
    const log = new SqliteLog(database, key && new CheckpointSigner(database, key));
    return { database, log, users: new SqliteUsers(database), logKey: key?.publicKey };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

/** @param tidy Moves the write-ahead log into the file, so that the one file is the whole store. */
function disconnect({ tidy }: { readonly tidy: boolean }): void {
  const database = connection?.database;
  connection = undefined;
  try {
    if (tidy && !settings.readonly) database?.pragma("wal_checkpoint(TRUNCATE)");
  } finally {
    database?.close();
  }
}

function answer({ target, method, args }: WorkerCall): unknown {
  if (target === "connection") {
    if (method === "close") return disconnect({ tidy: true });
    connection ??= connect();
    if (method === "probe") return void connection.database.exec("BEGIN IMMEDIATE; COMMIT");
    return connection.logKey;
  }
  connection ??= connect();
  const object = connection[target] as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  return object[method]?.(...args);
}

function failureOf(thrown: unknown): Failure {
  if (thrown instanceof RedRoomError) {
    const { code, message, remedy, retryable, cause } = thrown;
    return { code, message, remedy, retryable, cause };
  }
  const sqliteCode = String((thrown as { code?: unknown }).code ?? "");
  // After anything but a lock the connection may be of no more use; the next call gets a new one.
  if (!sqliteCode.startsWith("SQLITE_BUSY")) disconnectAnyhow();
  const [code, remedy] = reasonOf(sqliteCode);
  const message = `unable to use the store ${settings.file}; ${(thrown as Error).message} (${sqliteCode || "no code"})`;
  return { code, message, remedy, retryable: code === "STORE_UNAVAILABLE", cause: thrown };
}

function reasonOf(code: string): [Failure["code"], remedy: string | undefined] {
  if (code.startsWith("SQLITE_BUSY")) return ["STORE_UNAVAILABLE", "end the other program that is writing to the file"];
  if (code.startsWith("SQLITE_FULL")) return ["STORE_UNAVAILABLE", "free space on the disk"];
  if (code.startsWith("SQLITE_IOERR")) return ["STORE_UNAVAILABLE", "check the disk and its free space"];
  if (code.startsWith("SQLITE_CORRUPT")) return ["STORE_UNAVAILABLE", "stop the server and restore a backup"];
  if (code.startsWith("SQLITE_NOTADB")) return ["STORE_FOREIGN", "name the file of a Red Room server"];
  if (code.startsWith("SQLITE_CONSTRAINT")) return ["INTERNAL", undefined];
  return ["STORE_UNAVAILABLE", undefined];
}

function disconnectAnyhow(): void {
  try {
    disconnect({ tidy: false });
  } catch {
    // It is given up in any case.
  }
}

port.on("message", (call: WorkerCall) => {
  let result: WorkerAnswer;
  try {
    result = { number: call.number, value: answer(call) };
  } catch (thrown) {
    result = { number: call.number, failure: failureOf(thrown) };
  }
  port.postMessage(result);
});
