// Starts the worker from its source: on Node 20 a loader that the main thread has registered does not reach its workers. That
// takes a second each time: `npm test` has just built the worker, and takes what was built.

if (process.env.REDROOM_TESTED === "built") {
  await import(new URL("../../../dist/sqlite-worker.js", import.meta.url).href);
} else {
  // biome-ignore lint/style/noRestrictedImports: only in the workspace, never in the package
  const { register } = await import("tsx/esm/api");
  register();
  await import("./sqlite-worker.ts");
}
