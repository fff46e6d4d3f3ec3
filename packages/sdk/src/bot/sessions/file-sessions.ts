import { resolve } from "node:path";
import { RedRoomError } from "../../base/errors.ts";
import { readSessions, unusable, writeSessions } from "./session-file.ts";
import type { SessionStorage } from "./session-storage.ts";
import { SharedWrites } from "./shared-writes.ts";

/**
 * Sessions in one JSON file, which people can read: for a bot on one machine, with some thousand sessions. It is made at the first
 * write, and replaced as a whole with each, so that a crash leaves the one before or the one after; what is written while another
 * write is under way goes together. What is written is on the disk when `write` resolves.
 *
 * The file belongs to one process at a time: `FILE.lock` beside it says so, and stays there. It is locked from the first use until
 * `close()`, or until the process ends, however it ends.
 *
 * @param file A path; its folder must exist. At most 64 MiB in all.
 * @example
 * const bot = new Bot(address, { auth, name: "answers", session: { initial: () => ({ asked: 0 }), storage: fileSessions("bot.json") } });
 *
 * @throws {RedRoomError} From `read` and `write`: `FOLDER_IN_USE` while another process has it, `FOLDER_UNUSABLE`, `STORE_FOREIGN` for
 * a damaged file, which is left as it is, `STORE_TOO_NEW`, `STORE_CLOSED`; from `write` also `TEXT_TOO_LARGE`, and
 * `STORE_UNAVAILABLE`, retryable.
 */
export function fileSessions(file: string): SessionStorage & { close(): Promise<void> } {
  return new FileSessions(resolve(file));
}

/** Every write writes all of it, so it is no place for more. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

interface Opened {
  readonly values: Map<string, string>;
  /** What they take in the file. */
  bytes: number;
  readonly release: () => void;
}

class FileSessions implements SessionStorage {
  readonly #file: string;
  readonly #writes = new SharedWrites(async () => writeSessions(this.#file, (await this.#open()).values));
  #opened: Promise<Opened> | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async read(key: string): Promise<string | undefined> {
    return (await this.#use()).values.get(key);
  }

  async write(key: string, value: string | undefined): Promise<void> {
    const opened = await this.#use();
    const { values } = opened;
    const added = bytesOf(key, value) - bytesOf(key, values.get(key));
    if (added > 0 && opened.bytes + added > MAX_FILE_BYTES) throw tooLarge(this.#file, opened.bytes + added);
    opened.bytes += added;
    if (value === undefined) values.delete(key);
    else values.set(key, value);
    await this.#writes.request();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await this.#writes.idle();
    opened?.release();
  }

  #use(): Promise<Opened> {
    if (this.#closing === undefined) return this.#open();
    return Promise.reject(
      new RedRoomError("STORE_CLOSED", `unable to use the sessions in ${this.#file}; they are closed`),
    );
  }

  /** Once; again after it has failed. */
  #open(): Promise<Opened> {
    this.#opened ??= openFile(this.#file).catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}

async function openFile(file: string): Promise<Opened> {
  const { release } = await lock(file);
  try {
    const values = await readSessions(file);
    const bytes = [...values].reduce((sum, [key, value]) => sum + bytesOf(key, value), 0);
    return { values, bytes, release };
  } catch (error) {
    release();
    throw error;
  }
}

async function lock(file: string): Promise<{ release(): void }> {
  // The operating system's locks come with SQLite, which a bot that needs none never loads.
  const { lockFile } = await import("../../store/sqlite/file-lock.ts");
  let held: ReturnType<typeof lockFile>;
  try {
    held = lockFile(`${file}.lock`);
  } catch (cause) {
    throw unusable(file, cause);
  }
  if (held !== undefined) return held;
  throw new RedRoomError("FOLDER_IN_USE", `unable to use the sessions in ${file}; another bot does`, {
    remedy: "stop the other one first, or give this one a file of its own",
  });
}

/** What a session takes in the file, with its line. */
function bytesOf(key: string, value: string | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(`    ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
}

const tooLarge = (file: string, bytes: number): RedRoomError =>
  new RedRoomError(
    "TEXT_TOO_LARGE",
    `unable to write a session to ${file}; all of them would have ${bytes} bytes, the limit is ${MAX_FILE_BYTES}`,
    { remedy: "remember less, or give the bot a storage of its own" },
  );
