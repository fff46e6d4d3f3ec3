/** The program of a worker thread: one connection to the file, and the calls that the store sends it, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { RedRoomError } from "../../base/errors.ts";
import { openDatabase } from "./open-database.ts";
import { SqliteLog } from "./sqlite-log.ts";
import { SqliteUsers } from "./sqlite-users.ts";
import type { WorkerAnswer, WorkerCall, WorkerSettings } from "./worker-link.ts";

const { file, mode } = workerData as WorkerSettings;
const port = parentPort;
if (port === null) throw new Error("this program runs as a worker thread");

function start() {
  const database = openDatabase(file, mode);
  return {
    log: new SqliteLog(database),
    users: new SqliteUsers(database),
    close() {
      // Back to one file, when nobody else has it open: it can then be copied as it is.
      if (mode === "write") database.pragma("wal_checkpoint(TRUNCATE)");
      database.close();
    },
  };
}

let service: ReturnType<typeof start> | undefined;

function answer({ target, method, args }: WorkerCall): unknown {
  if (target === "store") {
    if (method === "open") service ??= start();
    else service?.close();
    return undefined;
  }
  const object = service?.[target] as Record<string, (...args: unknown[]) => unknown> | undefined;
  return object?.[method]?.(...args);
}

port.on("message", (call: WorkerCall) => {
  let result: WorkerAnswer;
  try {
    result = { number: call.number, value: answer(call) };
  } catch (thrown) {
    const ours = thrown instanceof RedRoomError;
    result = {
      number: call.number,
      failure: ours
        ? { code: thrown.code, message: thrown.message, remedy: thrown.remedy }
        : {
            code: "STORE_UNAVAILABLE",
            message: `unable to use the store ${file}; ${String(thrown)}`,
            remedy: undefined,
          },
    };
  }
  port.postMessage(result);
});
