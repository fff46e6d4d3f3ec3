// Starts the worker from its source: on Node 20 a loader that the main thread has registered does not reach its workers.
// biome-ignore lint/style/noRestrictedImports: only in the workspace, never in the package
import { register } from "tsx/esm/api";

register();
await import("./sqlite-worker.ts");
