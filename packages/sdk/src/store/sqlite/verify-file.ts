import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { RedRoomError } from "../../base/errors.ts";
import { type Checkpoint, originOf, readCheckpoint } from "../../evidence/checkpoint.ts";
import { topicUnknown } from "../store-errors.ts";
import type { StoreFault, StoreFaultKind, Verification, VerifyStoreOptions } from "./verification.ts";
import { presentLogKey, RegisteredKeys } from "./verify-keys.ts";
import { verifySchema } from "./verify-schema.ts";
import { verifySearch } from "./verify-search.ts";
import { type TopicToVerify, verifyTopic } from "./verify-topic.ts";

interface HeldCheckpoint extends Checkpoint {
  readonly note: string;
}

/** See `verifyStore`. The topics come first, because what is found there has a place; SQLite's own check comes last. */
export async function verifyFile(file: string, options: VerifyStoreOptions): Promise<Verification> {
  const held = (options.checkpoints ?? []).map(readHeld);
  const logKey = await presentLogKey(`${file}.log-key`);
  const database = openSnapshot(file);
  const found: StoreFault[] = [];
  const add = (kind: StoreFaultKind, message: string): void => {
    found.push({ topic: undefined, seq: undefined, kind, message });
  };
  /** Whatever SQLite cannot read is a fault. */
  const attempt = async (work: () => Promise<void> | void, topic?: string): Promise<void> => {
    try {
      await work();
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown instanceof Database.SqliteError ? unreadable(thrown) : thrown;
      found.push({ topic, seq: undefined, kind: "database", message: (thrown as Error).message });
    }
  };
  const done = { topics: 0, entries: 0 };
  let readable = false;
  try {
    await attempt(async () => {
      database.exec("BEGIN"); // one view of everything, whatever others write meanwhile
      const schema = verifySchema(database);
      for (const message of schema.messages) add("schema", message);
      readable = schema.readable;
      if (!readable) return;
      const keys = new RegisteredKeys(database);
      const signer = logKey instanceof Uint8Array ? keys.numberOf(logKey) : undefined;
      if (typeof logKey === "string") add("key", logKey);
      if (logKey instanceof Uint8Array && signer === undefined) {
        add("key", "the log key beside the file is not one of the keys in it");
      }
      const all = topicsOf(database);
      const chosen = choose(all, options.topic);
      found.push(...(await strangers(held, all, chosen, keys)));
      const total = chosen.reduce((sum, { size }) => sum + size, 0);
      for (const topic of chosen) {
        await attempt(async () => {
          const fault = await verifyTopic(database, topic, {
            keys,
            signer,
            held: held.filter(({ origin }) => origin === originOf(topic.id)),
            onEntries: (count) => {
              done.entries += count;
              options.onProgress?.({ done: done.entries, total });
            },
          });
          if (fault !== undefined) found.push(fault);
        }, topic.title);
        done.topics += 1;
      }
      if (signer !== undefined && signer !== keys.newest) {
        add("key", "the file names a key that is newer than the log key beside it, which therefore signs nothing");
      }
    });
    await attempt(() => {
      if (readable && options.topic === undefined) found.push(...verifySearch(database));
    });
    await attempt(() => {
      for (const message of sayings(database)) add("database", message);
    });
  } finally {
    database.close();
  }
  return { faults: found, ...done };
}

/**
 * Opened so that nothing changes. Without a write-ahead log the connection could write, but does not: so SQLite takes
 * away the auxiliary files that it makes. With one it must not, because it would move the log into the file.
 */
function openSnapshot(file: string): Database.Database {
  const readonly = existsSync(`${file}-wal`) || existsSync(`${file}-journal`);
  let database: Database.Database;
  try {
    database = new Database(file, { readonly, fileMustExist: true });
  } catch (cause) {
    throw unreadable(cause);
  }
  database.pragma("query_only = ON");
  database.pragma("trusted_schema = OFF");
  database.pragma("cell_size_check = ON");
  return database;
}

/** Pages, order, every row against the indexes (which are made from the leaves), uniqueness, types, rules and references. */
function sayings(database: Database.Database): string[] {
  const integrity = database.pragma("integrity_check") as { readonly integrity_check: string }[];
  const references = database.pragma("foreign_key_check") as { readonly table: string; readonly parent: string }[];
  return [
    ...integrity.map((row) => row.integrity_check).filter((message) => message !== "ok"),
    ...references.map(({ table, parent }) => `a row of ${table} refers to one of ${parent} that is not there`),
  ];
}

interface TopicRow extends TopicToVerify {
  readonly size: number;
}

function topicsOf(database: Database.Database): TopicRow[] {
  const size = "(SELECT coalesce(max(seq), 0) FROM entries WHERE entries.topic = topics.topic)";
  return database
    .prepare(`SELECT topic, id, title, regulated, ${size} AS size FROM topics ORDER BY topic`)
    .all() as TopicRow[];
}

function choose(all: readonly TopicRow[], wanted: string | undefined): readonly TopicRow[] {
  if (wanted === undefined) return all;
  const chosen = all.filter(({ id, title }) => title === wanted || id === wanted);
  if (chosen.length === 0) throw topicUnknown(wanted);
  return chosen;
}

function readHeld(note: string): HeldCheckpoint {
  const checkpoint = readCheckpoint(note);
  if (checkpoint === undefined) throw invalid("one is not a signed checkpoint");
  return { ...checkpoint, note };
}

/** What is wrong with given checkpoints before any entry is looked at. */
async function strangers(
  held: readonly HeldCheckpoint[],
  all: readonly TopicRow[],
  chosen: readonly TopicRow[],
  keys: RegisteredKeys,
): Promise<StoreFault[]> {
  const found: StoreFault[] = [];
  for (const { origin, note } of held) {
    const topic = all.find(({ id }) => originOf(id) === origin);
    if (topic === undefined) {
      const message = `there is no topic for the checkpoint given of ${origin}`;
      found.push({ topic: undefined, seq: undefined, kind: "rewritten", message });
    } else if (!chosen.includes(topic)) {
      throw invalid(`one is of the topic "${topic.title}", which is not to be verified`);
    } else if (!(await keys.signedByAny(note, origin))) {
      const message = "none of the keys in the file has signed the checkpoint given";
      found.push({ topic: topic.title, seq: undefined, kind: "rewritten", message });
    }
  }
  return found;
}

/** SQLite met bytes that cannot be, or a number that JavaScript has no room for. A file out of reach is not damaged. */
function isDamage(thrown: unknown): boolean {
  if (thrown instanceof Database.SqliteError) return !/^SQLITE_(BUSY|CANTOPEN|FULL|NOMEM|READONLY)/.test(thrown.code);
  return thrown instanceof RangeError;
}

const unreadable = (cause: unknown): RedRoomError =>
  new RedRoomError("STORE_UNAVAILABLE", `unable to read the store; ${(cause as Error).message}`, {
    cause,
    remedy: "name the file of a Red Room server that this user may read, in a folder that it may write",
  });

const invalid = (reason: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to use the checkpoints given; ${reason}`);
