import { RedRoomError, type RedRoomErrorCode } from "../base/errors.ts";
import type { LogTrust } from "../evidence/log-follower.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Connection } from "../transport/transport.ts";

/** What the topics and requests of a client need of its session: one connection, for as long as it lasts, and its limits. */
export interface Link {
  readonly connection: Connection;
  readonly limits: Limits;
  /** What has been verified of a topic's log, for as long as the client lives. */
  trust(topicId: string): LogTrust;
  /** The server broke the protocol, or showed two logs: the session ends with this error. */
  violated(error: RedRoomError): void;
}

/** What no honest server does: the session must not go on. */
export function isBreach(error: unknown): error is RedRoomError {
  return error instanceof RedRoomError && (error.code === "LOG_FORK" || error.code === "PROTOCOL_ERROR");
}

const INTERRUPTIONS: ReadonlySet<RedRoomErrorCode> = new Set([
  "CONNECTION_LOST",
  "CONNECTION_CLOSED",
  "STREAM_RESET",
  "STREAM_CLOSED",
  "SHUTTING_DOWN",
  "SLOW_CONSUMER",
  "SESSION_REVOKED",
] satisfies RedRoomErrorCode[]);

/** It says nothing about what was asked, only that the way there was cut off. */
export function isInterruption({ code }: RedRoomError): boolean {
  return INTERRUPTIONS.has(code);
}
