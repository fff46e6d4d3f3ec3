import type { RedRoomErrorCode } from "../base/errors.ts";

/**
 * The error codes that travel: a closed list, and part of the protocol's version. The others tell of the machine they
 * happen on, and stay there.
 */
export const WIRE_CODES = [
  "LOGIN_FAILED",
  "SESSION_UNKNOWN",
  "SESSION_REVOKED",
  "SLOW_CONSUMER",
  "VERSION_UNSUPPORTED",
  "TIMEOUT",
  "SHUTTING_DOWN",
  "PROTOCOL_ERROR",
  "FRAME_TOO_LARGE",
  "TOO_MANY_CONNECTIONS",
  "TOO_MANY_STREAMS",
  "TOO_MANY_REQUESTS",
  "NOT_ALLOWED",
  "NAME_INVALID",
  "NAME_TAKEN",
  "PASSWORD_INVALID",
  "USER_UNKNOWN",
  "ROLE_INVALID",
  "CONSENT_NEEDED",
  "LAST_ADMINISTRATOR",
  "LEGAL_HOLD",
  "TOPIC_UNKNOWN",
  "TOPIC_EXISTS",
  "TITLE_INVALID",
  "TEXT_INVALID",
  "TEXT_TOO_LARGE",
  "METADATA_INVALID",
  "REFERENCE_INVALID",
  "RECIPIENT_INVALID",
  "DEADLINE_INVALID",
  "TOO_MANY_QUESTIONS",
  "ID_REUSED",
  "CURSOR_TAKEN",
  "TOO_MANY_CURSORS",
  "STORE_UNAVAILABLE",
  "STORE_CLOSED",
  "PROOF_UNAVAILABLE",
  "INTERNAL",
] as const satisfies readonly RedRoomErrorCode[];

export type WireCode = (typeof WIRE_CODES)[number];
