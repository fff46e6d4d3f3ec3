import { RedRoomError } from "../base/errors.ts";

/** What a server accepts; told to every client in `welcome`. */
export interface Limits {
  /** UTF-8 bytes of one message's text. */
  readonly maxTextBytes: number;
  /** UTF-8 bytes of a topic's title. */
  readonly maxTitleBytes: number;
  /** Entries that one `history` request may ask for. */
  readonly maxPageEntries: number;
  /** Messages of one topic stream that the server holds before their ack; beyond it stops reading that stream. */
  readonly maxUnacknowledged: number;
  /** Questions of one person that may be open in one topic. */
  readonly maxOpenQuestions: number;
  /** UTF-8 bytes of one message's metadata, as JSON; and of its annotations. */
  readonly maxMetadataBytes: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxTextBytes: 64 * 1024,
  maxTitleBytes: 512,
  maxPageEntries: 500,
  maxUnacknowledged: 256,
  maxOpenQuestions: 100,
  maxMetadataBytes: 4 * 1024,
};

/** A frame before the login: a hello, or a name and a password. */
export const MAX_FRAME_BYTES_BEFORE_LOGIN = 4 * 1024;

/**
 * The longest frame after it: an entry, a page of 64 topics, or a cursor. A text in JSON takes up to six bytes for one (a control
 * character becomes `\u0000`), a title up to two (`\"`); metadata and annotations are JSON already; the names and numbers
 * beside them less than 32 KiB.
 */
export function maxFrameBytes({ maxTextBytes, maxTitleBytes, maxMetadataBytes }: Limits): number {
  const entryBytes = 6 * maxTextBytes + 128 * maxTitleBytes + 2 * maxMetadataBytes;
  return Math.max(entryBytes, MAX_CURSOR_BYTES) + 32 * 1024;
}

/** UTF-8 bytes of what a cursor says, and characters of its name. */
export const MAX_CURSOR_BYTES = 64 * 1024;
export const CURSOR_NAME_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;

/** UTF-8 bytes of a text in a head: a name, a title, what an error says. */
export const MAX_LINE_BYTES = 4 * 1024;

/** Whom a message may name, and who may have to answer one question. */
export const MAX_RECIPIENTS = 256;

/** Roles that one person may have in one topic, and characters of a role's name. */
export const MAX_ROLES = 16;
export const ROLE_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;

export const MAX_NAME_BYTES = 128;
export const MAX_PASSWORD_BYTES = 1024;

/** The highest that each may be: longer ones would not fit where they are used. */
const HIGHEST: Limits = {
  maxTextBytes: 16 * 1024 * 1024,
  maxTitleBytes: MAX_LINE_BYTES,
  maxPageEntries: 10_000,
  maxUnacknowledged: 100_000,
  maxOpenQuestions: 10_000,
  maxMetadataBytes: 64 * 1024,
};

/** @throws {RedRoomError} `OPTIONS_INVALID`, naming the limit. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  for (const [name, highest] of Object.entries(HIGHEST)) {
    const value = limits[name as keyof Limits];
    if (!Number.isSafeInteger(value) || value < 1 || value > highest) {
      throw new RedRoomError(
        "OPTIONS_INVALID",
        `unable to use limits.${name}; ${value} is not a number from 1 to ${highest}`,
      );
    }
  }
  return limits;
}
