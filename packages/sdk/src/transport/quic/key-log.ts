import { join } from "node:path";
import { RedRoomError } from "../../base/errors.ts";
import type { NativeConnection } from "./quiche.ts";

/** quiche truncates the file, so each connection has its own. */
export function logKeys(native: NativeConnection, folder: string | undefined, connectionId: Buffer): void {
  if (folder === undefined) return;
  const path = join(folder, `${connectionId.toString("hex")}.keys`);
  try {
    native.setKeylog(path);
  } catch (cause) {
    throw new RedRoomError("OPTIONS_INVALID", `unable to write the key log ${path}`, { cause });
  }
}
