export { type FileLock, lockFile } from "./store/sqlite/file-lock.ts";
export { type SqliteStore, type SqliteStoreOptions, sqliteStore } from "./store/sqlite/sqlite-store.ts";
export type { StoreFault, StoreFaultKind, Verification, VerifyStoreOptions } from "./store/sqlite/verification.ts";
export { verifyStore } from "./store/sqlite/verify-store.ts";
