import { chmodSync, closeSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Room } from "../harness/room.ts";

/** Something that goes wrong with the file of a running server. */
export interface StoreFault {
  readonly name: string;
  readonly needsSmallDisk?: true;
  /** Makes it so. @returns What takes the cause away. */
  begin(room: Room): Promise<() => Promise<void>> | (() => Promise<void>);
}

export const STORE_FAULTS: readonly StoreFault[] = [
  {
    name: "disk full",
    needsSmallDisk: true,
    begin({ folder }) {
      const ballast = join(folder, "ballast");
      const file = openSync(ballast, "w");
      fillUp(file);
      return async () => {
        closeSync(file);
        rmSync(ballast);
      };
    },
  },
  {
    name: "file read-only",
    begin({ database }) {
      chmodSync(database, 0o400);
      return async () => chmodSync(database, 0o600);
    },
  },
  {
    name: "folder moved away",
    begin({ folder }) {
      renameSync(folder, `${folder}-away`);
      return async () => renameSync(`${folder}-away`, folder);
    },
  },
  {
    name: "file locked by another process",
    begin({ database }) {
      const other = new Database(database);
      other.exec("BEGIN IMMEDIATE");
      return async () => void other.close();
    },
  },
  {
    name: "pages corrupted",
    begin({ database }) {
      // The first page: whatever SQLite does, it looks there.
      const file = openSync(database, "r+");
      const whole = Buffer.alloc(4096);
      readSync(file, whole, 0, whole.length, 0);
      writeSync(file, Buffer.alloc(whole.length, 0xa5), 0, whole.length, 0);
      return async () => {
        writeSync(file, whole, 0, whole.length, 0);
        closeSync(file);
      };
    },
  },
];

/** Also takes what becomes free meanwhile, down to the last block. */
function fillUp(file: number): void {
  for (let bytes = 2 ** 20; bytes >= 4096; ) {
    try {
      writeSync(file, Buffer.alloc(bytes));
    } catch {
      bytes /= 2;
    }
  }
}
