import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteStore } from "../../src/sqlite.ts";

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
export async function openStore() {
  const folder = await newFolder();
  const stores = [sqliteStore(folder.file)];
  const store = stores[0] as ReturnType<typeof sqliteStore>;
  await store.open();
  return {
    store,
    file: folder.file,
    folder: folder.path,
    /** Another one on the same file, as another process would have it. */
    async another() {
      const other = sqliteStore(folder.file);
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
