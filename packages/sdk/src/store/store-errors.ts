import { RedRoomError } from "../base/errors.ts";
import { MESSAGE_KINDS } from "../base/message-kind.ts";
import { MAX_CURSORS } from "./cursor-store.ts";
import type { StoredEntry } from "./topic-store.ts";

/** The sentences that every store says alike. */
export const topicExists = (title: string): RedRoomError =>
  new RedRoomError("TOPIC_EXISTS", `unable to create the topic; there is one with the title "${title}"`);

export const topicUnknown = (id: string): RedRoomError =>
  new RedRoomError("TOPIC_UNKNOWN", `unable to find the topic; there is none with the id ${id}`);

export const recordDamaged = (id: string, size: number): RedRoomError =>
  new RedRoomError(
    "RECORD_DAMAGED",
    `unable to use the topic ${id}; its ${size} entries are not those that were signed`,
    {
      remedy: "stop the server, keep the database as it is, and verify it",
    },
  );

export const keyUnknown = (file: string): RedRoomError =>
  new RedRoomError(
    "RECORD_DAMAGED",
    `unable to use the store ${file}; neither the log key beside it nor one before it has signed all that is in it`,
    {
      remedy:
        "put the database or the key back that belongs to the other; or remove the key's file: a new key then takes over what the one before has signed",
    },
  );

export const nameTaken = (name: string): RedRoomError =>
  new RedRoomError("NAME_TAKEN", `unable to use the name; "${name}" is taken`);

export const userUnknown = (id: string): RedRoomError =>
  new RedRoomError("USER_UNKNOWN", `unable to find the user; there is none with the id ${id}`);

export const lastAdministrator = (name: string): RedRoomError =>
  new RedRoomError("LAST_ADMINISTRATOR", `unable to go on without "${name}"; nobody else can administer the server`, {
    remedy: "make somebody else an administrator first",
  });

export const underLegalHold = (name: string): RedRoomError =>
  new RedRoomError("LEGAL_HOLD", `unable to erase "${name}"; what is stored of this person is under a legal hold`, {
    remedy: "the operator can end the hold: redroom-server user hold NAME --off",
  });

export const cursorTaken = (name: string): RedRoomError =>
  new RedRoomError("CURSOR_TAKEN", `unable to save the cursor "${name}"; it was claimed again, or dropped, since`, {
    remedy: "let one program at a time use the name, and give every other one a name of its own",
  });

export const tooManyCursors = (name: string): RedRoomError =>
  new RedRoomError(
    "TOO_MANY_CURSORS",
    `unable to claim the cursor "${name}"; there are ${MAX_CURSORS} of this user in the topic, as many as there may be`,
    { remedy: "drop one that nobody uses any more" },
  );

export const notErasable = (seq: number, reason: string): RedRoomError =>
  new RedRoomError("REFERENCE_INVALID", `unable to erase entry ${seq}; ${reason}`);

/** Why an entry cannot be erased, from what a store has of it; `undefined` when it can be, or was. */
export function whyNotErasable(entry: {
  /** `undefined` where there is no such entry. */
  readonly kind: string | undefined;
  readonly content: boolean;
  readonly erasure: boolean;
}): string | undefined {
  if (entry.kind === undefined) return "there is no such entry";
  if (!(MESSAGE_KINDS as readonly string[]).includes(entry.kind)) {
    return `it is of the kind ${entry.kind}, which stays on record`;
  }
  return entry.content || entry.erasure ? undefined : "its content is missing, and no erasure is on record";
}

export const storeClosed = (): RedRoomError =>
  new RedRoomError("STORE_CLOSED", "unable to use the store; it is not open");

export const DEFAULT_PAGE_BYTES = 1024 * 1024;

/** The beginning of some entries whose content stays within `maxBytes`: at least one; hardly more rows are read than needed. */
export function withinBytes<Row>(
  rows: Iterable<Row>,
  toEntry: (row: Row) => StoredEntry,
  maxBytes = DEFAULT_PAGE_BYTES,
): StoredEntry[] {
  const entries: StoredEntry[] = [];
  let bytes = 0;
  for (const row of rows) {
    const entry = toEntry(row);
    bytes += Buffer.byteLength(entry.content ?? "");
    if (entries.length > 0 && bytes > maxBytes) break;
    entries.push(entry);
  }
  return entries;
}
