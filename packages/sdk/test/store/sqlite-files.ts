import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from "../../src/sqlite.ts";

/** A folder of its own that goes with the scope. */
export async function newFolder() {
  const path = await mkdtemp(join(tmpdir(), "redroom-store-"));
  return {
    path,
    file: join(path, "room.db"),
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** An open store in a folder of its own. */
export async function openStore(options: SqliteStoreOptions = {}) {
  const folder = await newFolder();
  const store = sqliteStore(folder.file, options);
  const stores: SqliteStore[] = [store];
  await store.open();
  return {
    store,
    file: folder.file,
    folder: folder.path,
    /** Another one on the same file, as another process would have it. */
    async another() {
      const other = sqliteStore(folder.file, options);
      stores.push(other);
      await other.open();
      return other;
    },
    async reopen() {
      await stores.at(-1)?.close();
      return this.another();
    },
    async [Symbol.asyncDispose]() {
      for (const open of stores) await open.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
