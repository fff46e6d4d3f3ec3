export { type FileLock, lockFile } from "./store/sqlite/file-lock.ts";
export { type SqliteStore, type SqliteStoreOptions, sqliteStore } from "./store/sqlite/sqlite-store.ts";
