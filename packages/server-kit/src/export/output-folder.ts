import { mkdir, mkdtemp, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { RedRoomError } from "@redroom/sdk";

/**
 * Lets `write` fill a folder (0700) that takes the wanted name when it is complete; when `write` fails, nothing stays.
 *
 * @param wanted Does not exist yet, or is empty.
 * @throws {RedRoomError} `FOLDER_UNUSABLE`, before `write` is called where possible.
 */
export async function writeFolder<T>(wanted: string, write: (draft: string) => Promise<T>): Promise<T> {
  const folder = resolve(wanted);
  const refuse = (cause: unknown) =>
    new RedRoomError("FOLDER_UNUSABLE", `unable to write the folder ${folder}; ${(cause as Error).message}`, {
      cause,
      remedy: "name a folder that is new or empty, in one that this user may write",
    });
  let draft: string;
  try {
    if ((await readdir(folder).catch(noneThere)).length > 0) throw new Error("it is not empty");
    await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
    draft = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`));
  } catch (cause) {
    throw refuse(cause);
  }
  try {
    const result = await write(draft);
    await rmdir(folder).catch(noneThere);
    await rename(draft, folder);
    return result;
  } catch (thrown) {
    await rm(draft, { recursive: true, force: true });
    throw thrown instanceof Error && "syscall" in thrown ? refuse(thrown) : thrown;
  }
}

function noneThere(thrown: unknown): string[] {
  if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw thrown;
}
