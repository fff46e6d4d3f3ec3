import { join, resolve } from "node:path";

/** The files of a data folder; docs/server.md says what each is. */
export interface FolderPaths {
  readonly folder: string;
  readonly config: string;
  readonly certificate: string;
  readonly privateKey: string;
  readonly database: string;
  readonly lock: string;
  /** Made by nobody but the operator. */
  readonly consent: string;
}

export function folderPaths(folder: string): FolderPaths {
  const absolute = resolve(folder);
  return {
    folder: absolute,
    config: join(absolute, "config.json"),
    certificate: join(absolute, "certificate.pem"),
    privateKey: join(absolute, "private-key.pem"),
    database: join(absolute, "room.db"),
    lock: join(absolute, "server.lock"),
    consent: join(absolute, "consent.md"),
  };
}
