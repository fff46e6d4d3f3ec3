import { accessSync, constants, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { RedRoomError } from "../../base/errors.ts";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/**
 * Makes the file where there is none, readable by its owner only, or makes sure that it is ours, from its first bytes and
 * without SQLite: to open somebody else's database, and to close it, can already change it.
 *
 * MUST NOT be called for a file that this process has open in SQLite. POSIX drops all locks of a process on a file when it
 * closes any descriptor of that file; the next process to close the database would then take the write-ahead log away,
 * with all that we write to it afterwards. `meetFile` sees to it.
 *
 * @throws {RedRoomError} `STORE_FOREIGN`, `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
 */
export async function inspectFile(file: string): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES);
  let size: number;
  try {
    await createFile(file);
    const handle = await open(file, "r");
    try {
      size = (await handle.read(header, 0, HEADER_BYTES, 0)).bytesRead;
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    throw unusable(file, thrown);
  }
  if (size > 0) checkHeader(file, header);
}

/**
 * Says why SQLite will not be able to use the file, without opening it.
 *
 * @returns Which file it is, by device and inode: one file can have several names.
 * @throws {RedRoomError} `STORE_UNAVAILABLE`.
 */
export function checkAccess(file: string): string {
  try {
    const stat = statSync(file, { bigint: true });
    if (!stat.isFile()) throw new Error("it is not a file");
    accessSync(file, constants.R_OK | constants.W_OK);
    accessSync(dirname(file), constants.W_OK); // for the write-ahead log beside it
    // Root may write what nobody may, and is what many servers run as.
    if ((Number(stat.mode) & ANYBODY_WRITES) === 0) throw Object.assign(new Error(), { code: "READ_ONLY" });
    return inodeOf(stat);
  } catch (thrown) {
    throw unusable(file, thrown);
  }
}

const ANYBODY_WRITES = 0o222;

export const inodeOf = ({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string => `${dev}:${ino}`;

async function createFile(file: string): Promise<void> {
  try {
    await (await open(file, "wx", 0o600)).close();
  } catch (thrown) {
    if (codeOf(thrown) !== "EEXIST") throw thrown;
  }
}

function checkHeader(file: string, header: Buffer): void {
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC) throw foreign(file, "it is not an SQLite database");
  checkOwner(file, { applicationId: header.readUInt32BE(68), version: header.readUInt32BE(60) });
}

/** @throws {RedRoomError} `STORE_FOREIGN`, `STORE_TOO_NEW`. */
export function checkOwner(file: string, { applicationId, version }: { applicationId: number; version: number }): void {
  if (applicationId !== APPLICATION_ID) throw foreign(file, "it is the database of another program");
  if (version > MIGRATIONS.length) {
    throw new RedRoomError(
      "STORE_TOO_NEW",
      `unable to open the store ${file}; it has version ${version}, this program knows up to ${MIGRATIONS.length}`,
      { remedy: "use the version of Red Room that wrote it, or a newer one" },
    );
  }
}

const foreign = (file: string, reason: string): RedRoomError =>
  new RedRoomError("STORE_FOREIGN", `unable to open the store ${file}; ${reason}`, {
    remedy: "name the file of a Red Room server, or one that does not exist yet; this one was left as it is",
  });

const REASONS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOENT: ["the file or its folder does not exist", "create the folder, or put back what was moved"],
  ENOTDIR: ["a part of the path is not a folder", "name a file in a folder that exists"],
  EISDIR: ["it is a folder", "name a file in this folder"],
  EACCES: ["access is denied", "let the user that runs this program read and write the file and its folder"],
  EPERM: ["access is denied", "let the user that runs this program read and write the file and its folder"],
  READ_ONLY: ["the file is read-only", "make it writable again; the store goes on by itself"],
  EROFS: ["the file system is read-only", "name a file on a disk that can be written"],
};

export function unusable(file: string, cause: unknown): RedRoomError {
  const [reason, remedy] = REASONS[codeOf(cause)] ?? [String((cause as Error).message), undefined];
  return new RedRoomError("STORE_UNAVAILABLE", `unable to open the store ${file}; ${reason}`, {
    cause,
    retryable: true,
    ...(remedy !== undefined && { remedy }),
  });
}

const codeOf = (thrown: unknown): string => String((thrown as { code?: unknown }).code);
