/** The program of a worker thread: one connection to the file, and the calls that the store sends it, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { Connection } from "./connection.ts";
import { aftermathOf, failureOf } from "./store-failure.ts";
import type { WorkerAnswer, WorkerCall, WorkerSettings } from "./worker-link.ts";

const settings = workerData as WorkerSettings;
const port = parentPort;
if (port === null) throw new Error("this program runs as a worker thread");

let connection: Connection | undefined;
let { doubt } = settings;

/** Every call opens the file when it is not open: so a store recovers by itself when its file can be reached again. */
function connect(waitedMs: number, patienceMs?: number): Connection {
  const made = new Connection(settings, doubt, waitedMs, patienceMs);
  doubt = undefined;
  return made;
}

function disconnect(how: { readonly tidy: boolean }): void {
  const open = connection;
  connection = undefined;
  open?.close(how);
}

function answer({ target, method, args, at }: WorkerCall): unknown {
  if (target === "connection" && method === "close") return disconnect({ tidy: true });
  const patienceMs = target === "connection" && method === "open" ? (args[0] as number | undefined) : undefined;
  // The first opening has started this thread, which takes long on a busy machine: its patience is for other processes alone.
  const waitedMs = patienceMs === undefined ? Date.now() - at : 0;
  connection ??= connect(waitedMs, patienceMs);
  connection.begin(waitedMs);
  if (target === "connection") return method === "probe" ? connection.probe() : connection.logKey;
  const object = connection[target] as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
  const result = object[method]?.(...args);
  connection.end();
  return result;
}

function disconnectAnyhow(): void {
  try {
    disconnect({ tidy: false });
  } catch {
    // It is given up in any case.
  }
}

port.on("message", (call: WorkerCall) => {
  let outcome: Pick<WorkerAnswer, "value" | "failure">;
  try {
    outcome = { value: answer(call) };
  } catch (thrown) {
    const aftermath = aftermathOf(thrown);
    doubt = aftermath.doubt ?? doubt;
    if (aftermath.drop) disconnectAnyhow();
    outcome = { failure: failureOf(thrown, settings.file) };
  }
  const { number } = call;
  port.postMessage({ number, ...outcome, connected: connection !== undefined, doubt } satisfies WorkerAnswer);
});
