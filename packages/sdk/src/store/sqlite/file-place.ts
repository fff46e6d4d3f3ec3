import { RedRoomError } from "../../base/errors.ts";
import { checkAccess } from "./inspect-file.ts";

/**
 * Where the file of a store is. SQLite would go on writing to a file that was moved, replaced or made read-only: it
 * holds it open, and what it syncs there is lost for everybody who looks at the path.
 */
export class FilePlace {
  readonly #file: string;
  readonly #inode: string;

  /** @param inode Of the file that it must be; by default the one that is there. @throws As `check`. */
  constructor(file: string, inode?: string) {
    this.#file = file;
    this.#inode = inode ?? checkAccess(file);
  }

  /**
   * A few microseconds: before every call.
   *
   * @throws {RedRoomError} `STORE_UNAVAILABLE` unless the file is the one that was opened, and may be written.
   */
  check(): void {
    if (checkAccess(this.#file) !== this.#inode) throw fileReplaced(this.#file);
  }
}

export const fileReplaced = (file: string): RedRoomError =>
  new RedRoomError("STORE_UNAVAILABLE", `unable to use the store ${file}; another file has taken its place`, {
    retryable: true,
    remedy: "put the file back that was there, or restart the server to use this one",
  });
