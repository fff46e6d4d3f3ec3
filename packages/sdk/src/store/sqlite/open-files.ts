import { stat } from "node:fs/promises";
import { fileReplaced } from "./file-place.ts";
import { inodeOf, inspectFile, unusable } from "./inspect-file.ts";

/** How many stores of this process have a file open, by device and inode. */
const openings = new Map<string, number>();

/** One after the other: what is being inspected must not be opened meanwhile. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Inspects a file before a store opens it, unless this process has it open already: then it is known to be ours, and
 * must not be touched (see `inspectFile`).
 *
 * @param known The file that it must be, because this store has had it open before: neither is another one made in the
 * place of one that is gone, nor does another one take its place.
 * @returns Which file it is: what `forgetFile` wants once the store has closed it.
 * @throws {RedRoomError} `STORE_FOREIGN`, `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
 */
export function meetFile(file: string, known: string | undefined): Promise<string> {
  const met = turn.then(async () => {
    const present = await presentInode(file);
    if (known !== undefined && present === undefined) throw unusable(file, { code: "ENOENT" });
    if (known !== undefined && present !== known) throw fileReplaced(file);
    if (present === undefined || !openings.has(present)) await inspectFile(file);
    const inode = (await presentInode(file)) ?? file;
    openings.set(inode, (openings.get(inode) ?? 0) + 1);
    return inode;
  });
  turn = met.catch(() => {});
  return met;
}

export function forgetFile(inode: string): void {
  const left = (openings.get(inode) ?? 0) - 1;
  if (left > 0) openings.set(inode, left);
  else openings.delete(inode);
}

async function presentInode(file: string): Promise<string | undefined> {
  try {
    return inodeOf(await stat(file, { bigint: true }));
  } catch {
    return undefined; // none, or out of reach: `inspectFile` says why
  }
}
