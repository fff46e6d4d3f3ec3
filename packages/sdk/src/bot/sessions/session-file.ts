import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { RedRoomError } from "../../base/errors.ts";

const VERSION = 1;

/**
 * What the file has; nothing where there is none.
 *
 * @throws {RedRoomError} `STORE_FOREIGN` for a file that is damaged or none of ours, `STORE_TOO_NEW`, `FOLDER_UNUSABLE`.
 */
export async function readSessions(file: string): Promise<Map<string, string>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw unusable(file, thrown);
  }
  const content = parse(file, text);
  const { v, sessions } = content;
  if (typeof v === "number" && v > VERSION) {
    throw new RedRoomError(
      "STORE_TOO_NEW",
      `unable to use the sessions in ${file}; they have version ${v}, this program knows up to ${VERSION}`,
      { remedy: "use the version of Red Room that wrote them, or a newer one" },
    );
  }
  if (v !== VERSION || typeof sessions !== "object" || sessions === null || Array.isArray(sessions)) {
    throw foreign(file, "it is not a file of sessions");
  }
  const entries = Object.entries(sessions);
  const strange = entries.find(([, value]) => typeof value !== "string");
  if (strange !== undefined) throw foreign(file, `what stands under ${JSON.stringify(strange[0])} is no text`);
  return new Map(entries as [string, string][]);
}

function parse(file: string, text: string): { readonly v?: unknown; readonly sessions?: unknown } {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === "object" && content !== null ? content : {};
  } catch (cause) {
    throw foreign(file, (cause as Error).message, cause);
  }
}

/**
 * Puts a file in the place of the one before, whole or not at all; it is on the disk when it resolves. Only its owner may read it.
 *
 * @throws {RedRoomError} `STORE_UNAVAILABLE`, retryable: the file is as it was, or as it should be.
 */
export async function writeSessions(file: string, sessions: ReadonlyMap<string, string>): Promise<void> {
  const bytes = Buffer.from(
    `${JSON.stringify({ v: VERSION, sessions: Object.fromEntries(sessions) }, undefined, 2)}\n`,
  );
  try {
    await replace(file, bytes);
  } catch (cause) {
    throw new RedRoomError(
      "STORE_UNAVAILABLE",
      `unable to write the sessions to ${file}; ${(cause as Error).message}`,
      {
        cause,
        retryable: true,
        remedy: "make sure that the folder is there, that this user may write it, and that the disk has space",
      },
    );
  }
}

async function replace(file: string, bytes: Uint8Array): Promise<void> {
  const draft = `${file}.new`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
  // A rename is durable only with its folder; Windows has no such call, and needs none.
  if (process.platform !== "win32") await syncFolder(dirname(file));
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export const unusable = (file: string, cause: unknown): RedRoomError =>
  new RedRoomError("FOLDER_UNUSABLE", `unable to use the sessions in ${file}; ${(cause as Error).message}`, {
    cause,
    remedy: "name a file in a folder that is there and that this user may read and write",
  });

const foreign = (file: string, reason: string, cause?: unknown): RedRoomError =>
  new RedRoomError(
    "STORE_FOREIGN",
    `unable to use the sessions in ${file}; it is damaged or another program's: ${reason}`,
    {
      cause,
      remedy: "put the file back from a backup, or move it away to begin without; it was left as it is",
    },
  );
