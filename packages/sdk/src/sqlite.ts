export { type SqliteStore, sqliteStore } from "./store/sqlite/sqlite-store.ts";
