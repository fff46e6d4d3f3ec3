import { RedRoomError, type RedRoomErrorCode } from "../../base/errors.ts";
import { roomFor } from "./disk-room.ts";

/** A `RedRoomError` on its way between threads, where classes do not survive. */
export interface Failure {
  readonly code: RedRoomErrorCode;
  readonly message: string;
  readonly remedy: string | undefined;
  readonly retryable: boolean;
  readonly cause: unknown;
}

/** What a failure means for the connection it happened on. */
export interface Aftermath {
  /** The connection is of no more use; the next call gets another. */
  readonly drop: boolean;
  readonly doubt: Doubt | undefined;
}

/**
 * What must be looked at before anything is acknowledged again.
 *
 * - `writes`: what was written last may not be on the disk
 * - `pages`: that, and what was there before may not be what it was
 */
export type Doubt = "writes" | "pages";

interface Reason {
  readonly code?: RedRoomErrorCode;
  readonly reason: string;
  readonly remedy?: string;
  readonly doubt?: Doubt;
}

const FULL: Reason = { reason: "the disk is full", remedy: "free space on the disk", doubt: "writes" };
const BROKEN: Reason = {
  reason: "the disk reports an error",
  remedy: "check the disk and the log of the system",
  doubt: "pages",
};

/** By the beginning of the code of SQLite or of the system. */
const REASONS: Readonly<Record<string, Reason>> = {
  SQLITE_BUSY: {
    reason: "another program keeps it locked",
    remedy: "end the other program that is writing to the file",
  },
  SQLITE_FULL: FULL,
  SQLITE_IOERR: BROKEN,
  SQLITE_CORRUPT: { reason: "the file is damaged", remedy: "stop the server and restore a backup", doubt: "pages" },
  SQLITE_NOTADB: {
    code: "STORE_FOREIGN",
    reason: "the file is not a database",
    remedy: "name the file of a Red Room server",
    doubt: "pages",
  },
  SQLITE_READONLY: { reason: "it cannot be written", remedy: "let this user write the file and its folder" },
  SQLITE_CANTOPEN: { reason: "it cannot be opened", remedy: "make sure that the disk is there, and free space on it" },
  SQLITE_CONSTRAINT: { code: "INTERNAL", reason: "a rule of its tables stands against it" },
  ENOSPC: FULL,
  EDQUOT: FULL,
  EIO: BROKEN,
};

/** What a thread has thrown, as its caller gets it. */
export function failureOf(thrown: unknown, file: string): Failure {
  if (thrown instanceof RedRoomError) {
    const { code, message, remedy, retryable, cause } = thrown;
    return { code, message, remedy, retryable, cause };
  }
  const sqliteCode = codeOf(thrown);
  const known = reasonOf(sqliteCode);
  // A full disk shows as an I/O error where SQLite does not expect it.
  const { reason, remedy, code = "STORE_UNAVAILABLE" } = known === BROKEN && roomFor(file) === 0 ? FULL : known;
  const details = [sqliteCode, (thrown as Error).message].filter(Boolean).join(": ");
  const message = `unable to use the store ${file}; ${reason} (${details})`;
  return { code, message, remedy, retryable: code === "STORE_UNAVAILABLE", cause: thrown };
}

/** After what was thrown, also where one of our errors has it as its cause. */
export function aftermathOf(thrown: unknown): Aftermath {
  const code = codeOf(thrown) ?? codeOf((thrown as { readonly cause?: unknown }).cause);
  if (code === undefined) return { drop: !(thrown instanceof RedRoomError), doubt: undefined };
  return { drop: !code.startsWith("SQLITE_BUSY"), doubt: reasonOf(code).doubt };
}

function reasonOf(code = ""): Reason {
  return Object.entries(REASONS).find(([beginning]) => code.startsWith(beginning))?.[1] ?? { reason: "it fails" };
}

function codeOf(thrown: unknown): string | undefined {
  const { code } = (thrown ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && /^(SQLITE_|E[A-Z]+$)/.test(code) ? code : undefined;
}
