export { type FileLock, lockFile } from "./store/sqlite/file-lock.ts";
export { type SqliteStore, sqliteStore } from "./store/sqlite/sqlite-store.ts";
