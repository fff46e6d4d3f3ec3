import { chmodSync, closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Room } from "../harness/room.ts";
import { TOPICS } from "./crowd.ts";

/** Something that goes wrong with the file of a running server. */
export interface StoreFault {
  readonly name: string;
  readonly needsSmallDisk?: true;
  /** The store may still keep its promise for a while, in space that it has already: acks are true until they end. */
  readonly mayGoOn?: true;
  /** Makes it so. @returns What takes the cause away. */
  begin(room: Room): Promise<() => Promise<void>> | (() => Promise<void>);
}

export const STORE_FAULTS: readonly StoreFault[] = [
  {
    name: "disk full",
    needsSmallDisk: true,
    mayGoOn: true,
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
    begin({ database, clients }) {
      const restore = corruptPages(database);
      // Nobody knows before a page is read: somebody looks into the past, and is not answered.
      for (const client of clients.values()) client.ask("lookBack", { title: TOPICS[0] }).catch(() => {});
      return async () => restore();
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

const PAGE_BYTES = 4096;

/** Turns all pages of the file but the first into garbage. @returns What puts back those that still are. */
function corruptPages(database: string): () => void {
  const other = new Database(database);
  other.pragma("wal_checkpoint(TRUNCATE)");
  other.close();
  const whole = readFileSync(database);
  const garbage = Buffer.alloc(PAGE_BYTES, 0xa5);
  const file = openSync(database, "r+");
  for (let at = PAGE_BYTES; at < whole.length; at += PAGE_BYTES) writeSync(file, garbage, 0, PAGE_BYTES, at);
  return () => {
    const now = readFileSync(database);
    for (let at = PAGE_BYTES; at < whole.length; at += PAGE_BYTES) {
      // The server may have written some anew: those are newer.
      if (now.compare(garbage, 0, PAGE_BYTES, at, at + PAGE_BYTES) === 0) writeSync(file, whole, at, PAGE_BYTES, at);
    }
    closeSync(file);
  };
}
