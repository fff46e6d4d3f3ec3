// Opens a store, closes it, and prints what came of it as a line of JSON.
import { sqliteStore } from "../../../src/sqlite.ts";

const store = sqliteStore(process.argv[2] ?? "");
await store.open().then(
  () => console.log(JSON.stringify({ opened: true })),
  ({ code, message }) => console.log(JSON.stringify({ code, message })),
);
await store.close();
