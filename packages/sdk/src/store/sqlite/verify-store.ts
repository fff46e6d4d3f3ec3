import { resolve } from "node:path";
import type { Verification, VerifyStoreOptions } from "./verification.ts";

/**
 * Recomputes everything that a store's file claims, from the bytes of its rows, and changes nothing. Also while a server
 * uses the file: it is verified as it stood at the start.
 *
 * @param file A copy must include the `-wal` that stands beside the file, if there is one. Where the log key's file stands
 * beside it, that key must have signed the head of every topic.
 * @example
 * const { faults } = await verifyStore("room/room.db");
 * for (const { topic, seq, kind, message } of faults) console.log(topic, seq, kind, message);
 *
 * @throws {RedRoomError} `TOPIC_UNKNOWN`, `OPTIONS_INVALID` (a checkpoint is none, or of a topic that is not verified),
 * `STORE_UNAVAILABLE` (no such file, not readable). Never for a file that is damaged: that is a fault.
 */
export async function verifyStore(file: string, options: VerifyStoreOptions = {}): Promise<Verification> {
  // SQLite is loaded where it is used.
  const { verifyFile } = await import("./verify-file.ts");
  return verifyFile(resolve(file), options);
}
