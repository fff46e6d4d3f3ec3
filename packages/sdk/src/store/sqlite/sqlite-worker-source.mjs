// Starts the worker from its source: on Node 20 a loader that the main thread has registered does not reach its workers.
import { register } from "tsx/esm/api";

register();
await import("./sqlite-worker.ts");
