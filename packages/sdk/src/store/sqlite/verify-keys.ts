import { type KeyObject, verify } from "node:crypto";
import { readFile } from "node:fs/promises";
import type Database from "better-sqlite3";
import { readLogKey } from "../../evidence/log-key.ts";
import { equalHashes, isHash } from "../../evidence/merkle.ts";
import { readNote, toPublicKey } from "../../evidence/note.ts";

/** A key that signed here, ready for many signatures. */
interface RegisteredKey {
  readonly publicKey: Uint8Array;
  readonly object: KeyObject;
}

/** The keys that a file names. */
export class RegisteredKeys {
  /** The number of the key that was added last: the only one that may sign now. */
  readonly newest: number | undefined;
  readonly #keys = new Map<number, RegisteredKey>();

  constructor(database: Database.Database) {
    const rows = database.prepare("SELECT log_key, public_key FROM log_keys ORDER BY log_key").raw().all();
    this.newest = (rows.at(-1) as [number, unknown] | undefined)?.[0];
    for (const [number, publicKey] of rows as [number, unknown][]) {
      if (!(publicKey instanceof Uint8Array && isHash(publicKey))) continue; // what it signed will not hold
      this.#keys.set(number, { publicKey, object: toPublicKey(publicKey) });
    }
  }

  /** The number of a key; `undefined` when it is not registered. */
  numberOf(publicKey: Uint8Array): number | undefined {
    for (const [number, key] of this.#keys) if (equalHashes(key.publicKey, publicKey)) return number;
    return undefined;
  }

  /** Whether a key has signed a note under this name. Off the main thread: a signature costs more than all the rest. */
  async signed(note: string, name: string, number: number): Promise<boolean> {
    const key = this.#keys.get(number);
    const read = key && readNote(note, { name, publicKey: key.publicKey });
    if (key === undefined || read === undefined) return false;
    const text = Buffer.from(read.text);
    const checks = read.signatures.map((signature) => verifyOffThread(text, key.object, signature));
    return (await Promise.all(checks)).every(Boolean);
  }

  /** Whether any of the keys has signed it. */
  async signedByAny(note: string, name: string): Promise<boolean> {
    for (const number of this.#keys.keys()) if (await this.signed(note, name, number)) return true;
    return false;
  }
}

const verifyOffThread = (text: Uint8Array, key: KeyObject, signature: Uint8Array): Promise<boolean> =>
  new Promise((resolve) => verify(null, text, key, signature, (error, right) => resolve(error === null && right)));

/**
 * The log key that stands beside a file.
 *
 * @returns `undefined` where there is none, such as beside a copy; a sentence where there is something else.
 */
export async function presentLogKey(file: string): Promise<Uint8Array | string | undefined> {
  try {
    return readLogKey(await readFile(file, "utf8")).publicKey;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return `the log key beside the file cannot be read: ${(thrown as Error).message}`;
  }
}
