import { constants, existsSync } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { RedRoomError } from "@redroom/sdk";
import { type FileLock, lockFile, type SqliteStore, sqliteStore } from "@redroom/sdk/sqlite";
import type { Identity } from "./certificate.ts";
import { type Config, DEFAULT_CONFIG, formatConfig, readConfig } from "./config.ts";
import { readConsentText } from "./consent-text.ts";
import { type Administrator, type Announce, ensureAdministrator } from "./first-administrator.ts";
import { type FolderPaths, folderPaths } from "./folder-paths.ts";
import { loadIdentity } from "./identity.ts";
import { writePrivateFile } from "./write-file.ts";

/** All that a server needs, open and for this process alone until `close()`. */
export interface DataFolder {
  readonly paths: FolderPaths;
  readonly config: Config;
  readonly identity: Identity;
  readonly store: SqliteStore;
  /** What users have to consent to, where there is a `consent.md`. */
  readonly consent: { readonly text: string } | undefined;
  /** Set when there was no administrator, so that one was made. */
  readonly administrator: Administrator | undefined;
  /** Closes the store and lets go of the folder. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface DataFolderOptions {
  /** Shows the password of the first administrator; see `Announce`. */
  readonly announce: (administrator: Administrator, folder: Pick<DataFolder, "config" | "identity">) => Promise<void>;
  /** For a `config.json` that does not exist yet; an existing one stays as it is. */
  readonly config?: Partial<Config>;
}

/**
 * Opens a data folder and makes what it lacks: the folder, database, key, certificate, settings, first administrator, in
 * this order. Each step is whole or not there, so that an interrupted first start is taken up by the next.
 *
 * @example
 * await using folder = await openDataFolder("./room", { announce: async ({ password }) => console.log(password) });
 * const server = new RedRoomServer({ tls: folder.identity, store: folder.store });
 *
 * @throws {RedRoomError} `FOLDER_UNUSABLE`, `FOLDER_IN_USE`, `OPTIONS_INVALID`, `STORE_FOREIGN`, `STORE_TOO_NEW`,
 * `STORE_UNAVAILABLE`, `CERTIFICATE_INVALID`, `CERTIFICATE_EXPIRED`.
 */
export async function openDataFolder(folder: string, options: DataFolderOptions): Promise<DataFolder> {
  const paths = folderPaths(folder);
  await makeFolder(paths);
  const lock = lockFolder(paths);
  const store = sqliteStore(paths.database);
  const close = async (): Promise<void> => {
    await store.close();
    lock.release();
  };
  try {
    const present = await readConfig(paths.config);
    await store.open();
    const identity = await loadIdentity(paths);
    const config = present ?? { ...DEFAULT_CONFIG, ...options.config };
    if (present === undefined) await writePrivateFile(paths.config, formatConfig(config));
    const text = await readConsentText(paths.consent);
    const consent = text === undefined ? undefined : { text };
    const announce: Announce = (administrator) => options.announce(administrator, { config, identity });
    const administrator = await ensureAdministrator(store.users, announce);
    return { paths, config, identity, store, consent, administrator, close, [Symbol.asyncDispose]: close };
  } catch (thrown) {
    await close();
    throw isSystemError(thrown) ? unusable(paths, thrown.message, thrown) : thrown;
  }
}

/** A command can wait for a server that is busy; a server must say soon that it cannot serve. */
const COMMAND_PATIENCE_MS = 5_000;

/** Runs `work` with the store of a folder that is ready, also while a server has it open. */
export async function withStore<T>(folder: string, work: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = sqliteStore(requireInitialised(folder).database, { busyTimeoutMs: COMMAND_PATIENCE_MS });
  await store.open();
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** @throws {RedRoomError} `FOLDER_UNUSABLE`. */
export function requireInitialised(folder: string): FolderPaths {
  const paths = folderPaths(folder);
  if (existsSync(paths.database)) return paths;
  throw new RedRoomError("FOLDER_UNUSABLE", `unable to use the data folder ${paths.folder}; it holds no room.db`, {
    remedy: `check the path, or make it: redroom-server init --data ${paths.folder}`,
  });
}

async function makeFolder(paths: FolderPaths): Promise<void> {
  try {
    await mkdir(paths.folder, { recursive: true, mode: 0o700 });
    await access(paths.folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(paths, (cause as Error).message, cause);
  }
}

function lockFolder(paths: FolderPaths): FileLock {
  let lock: FileLock | undefined;
  try {
    lock = lockFile(paths.lock);
  } catch (cause) {
    throw unusable(paths, `${paths.lock}: ${(cause as Error).message}`, cause);
  }
  if (lock !== undefined) return lock;
  throw new RedRoomError(
    "FOLDER_IN_USE",
    `unable to use the data folder ${paths.folder}; another server is running on it`,
    {
      remedy: "stop that one first, or give this one a folder of its own",
    },
  );
}

const unusable = (paths: FolderPaths, reason: string, cause: unknown): RedRoomError =>
  new RedRoomError("FOLDER_UNUSABLE", `unable to use the data folder ${paths.folder}; ${reason}`, {
    cause,
    remedy: "give a folder that this user may write",
  });

/** What the file system said no to: a full disk, a folder that is not ours. */
const isSystemError = (thrown: unknown): thrown is NodeJS.ErrnoException =>
  thrown instanceof Error && "syscall" in thrown;
