import { statSync } from "node:fs";
import { inspectFile } from "./inspect-file.ts";

/** How many stores of this process have a file open, by device and inode: one file can have several names. */
const openings = new Map<string, number>();

/**
 * Inspects a file before a store opens it, unless this process has it open already: then it is known to be ours, and
 * must not be touched (see `inspectFile`).
 *
 * @returns What `forgetFile` wants once the store has closed the file.
 * @throws {RedRoomError} `STORE_FOREIGN`, `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
 */
export function meetFile(file: string): string {
  const present = inodeOf(file);
  if (present === undefined || !openings.has(present)) inspectFile(file);
  const inode = inodeOf(file) ?? file;
  openings.set(inode, (openings.get(inode) ?? 0) + 1);
  return inode;
}

export function forgetFile(inode: string): void {
  const left = (openings.get(inode) ?? 0) - 1;
  if (left > 0) openings.set(inode, left);
  else openings.delete(inode);
}

function inodeOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // none, or out of reach: `inspectFile` says why
  }
}
