import { readFile } from "node:fs/promises";
import { parseAddress, RedRoomClient } from "@redroom/sdk";
import type { Context } from "./context.ts";
import { usageFailure } from "./failure.ts";
import { obtainPassword } from "./password.ts";

/** The options that all commands have. */
export interface ConnectionOptions {
  readonly user: string;
  readonly passwordFd?: number;
  readonly ca?: string;
  /** Where it was obtained before. */
  readonly password?: string;
}

/**
 * Obtains the password and logs in. What can be found wrong without either is found first.
 *
 * @throws {CommandFailure} When there is no password, or no CA where one was named.
 * @throws {RedRoomError} What `RedRoomClient.connect` throws.
 */
export async function connect(address: string, options: ConnectionOptions, context: Context): Promise<RedRoomClient> {
  parseAddress(address);
  const ca = options.ca === undefined ? undefined : await readCa(options.ca);
  const password = options.password ?? (await obtainPassword(options, context.texts));
  return RedRoomClient.connect(address, {
    auth: { name: options.user, password },
    ...(ca !== undefined && { ca }),
  });
}

async function readCa(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw usageFailure("failure.caUnreadable", { file, code });
  }
}
