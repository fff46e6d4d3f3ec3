import type { RedRoomErrorCode } from "@redroom/sdk";

/** What scripts branch on. Numbers are for ever; docs/cli.md and `--help` show them. */
export const EXIT_CODES = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  noServer: 3,
  wrongPin: 4,
  wrongCertificate: 5,
  loginFailed: 6,
  topicUnknown: 7,
  textRefused: 8,
  connectionLost: 9,
  notAllowed: 10,
  serverUnavailable: 11,
  incompatible: 12,
  notVerified: 13,
  logFork: 14,
  unanswered: 15,
  /** 128 + the signal's number, as a shell reports it. */
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

const BY_ERROR: Partial<Record<RedRoomErrorCode, ExitCode>> = {
  ADDRESS_INVALID: EXIT_CODES.usage,
  OPTIONS_INVALID: EXIT_CODES.usage,
  UNREACHABLE: EXIT_CODES.noServer,
  TIMEOUT: EXIT_CODES.noServer,
  PIN_MISMATCH: EXIT_CODES.wrongPin,
  CERTIFICATE_INVALID: EXIT_CODES.wrongCertificate,
  CERTIFICATE_EXPIRED: EXIT_CODES.wrongCertificate,
  LOGIN_FAILED: EXIT_CODES.loginFailed,
  TOPIC_UNKNOWN: EXIT_CODES.topicUnknown,
  TEXT_INVALID: EXIT_CODES.textRefused,
  TEXT_TOO_LARGE: EXIT_CODES.textRefused,
  METADATA_INVALID: EXIT_CODES.textRefused,
  REFERENCE_INVALID: EXIT_CODES.textRefused,
  RECIPIENT_INVALID: EXIT_CODES.textRefused,
  DEADLINE_INVALID: EXIT_CODES.textRefused,
  TOO_MANY_QUESTIONS: EXIT_CODES.textRefused,
  ID_REUSED: EXIT_CODES.textRefused,
  CONNECTION_LOST: EXIT_CODES.connectionLost,
  CONNECTION_CLOSED: EXIT_CODES.connectionLost,
  STREAM_RESET: EXIT_CODES.connectionLost,
  STREAM_CLOSED: EXIT_CODES.connectionLost,
  SHUTTING_DOWN: EXIT_CODES.connectionLost,
  SLOW_CONSUMER: EXIT_CODES.connectionLost,
  SESSION_REVOKED: EXIT_CODES.connectionLost,
  NOT_ALLOWED: EXIT_CODES.notAllowed,
  CONSENT_NEEDED: EXIT_CODES.notAllowed,
  PASSWORD_INVALID: EXIT_CODES.usage,
  STORE_UNAVAILABLE: EXIT_CODES.serverUnavailable,
  STORE_CLOSED: EXIT_CODES.serverUnavailable,
  TOO_MANY_CONNECTIONS: EXIT_CODES.serverUnavailable,
  TOO_MANY_STREAMS: EXIT_CODES.serverUnavailable,
  TOO_MANY_REQUESTS: EXIT_CODES.serverUnavailable,
  PROTOCOL_ERROR: EXIT_CODES.incompatible,
  FRAME_TOO_LARGE: EXIT_CODES.incompatible,
  VERSION_UNSUPPORTED: EXIT_CODES.incompatible,
  PLATFORM_UNSUPPORTED: EXIT_CODES.incompatible,
  PROOF_UNAVAILABLE: EXIT_CODES.notVerified,
  RECORD_DAMAGED: EXIT_CODES.notVerified,
  LOG_FORK: EXIT_CODES.logFork,
};

export function exitCodeOf(code: RedRoomErrorCode): ExitCode {
  return BY_ERROR[code] ?? EXIT_CODES.unexpected;
}
