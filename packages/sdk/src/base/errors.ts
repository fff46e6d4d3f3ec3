/** Every way in which Red Room fails, as a closed list: programs branch on the code, people read the message. */
export const ERROR_CODES = [
  // reaching a server
  "ADDRESS_INVALID",
  "UNREACHABLE",
  "TIMEOUT",
  "PIN_MISMATCH",
  "CERTIFICATE_INVALID",
  "CERTIFICATE_EXPIRED",
  "PLATFORM_UNSUPPORTED",
  // running a server
  "PORT_TAKEN",
  "ADDRESS_UNAVAILABLE",
  "OPTIONS_INVALID",
  "FOLDER_UNUSABLE",
  "FOLDER_IN_USE",
  // lifetimes
  "CONNECTION_LOST",
  "CONNECTION_CLOSED",
  "STREAM_RESET",
  "STREAM_CLOSED",
  "SHUTTING_DOWN",
  "ABORTED",
  // limits
  "TOO_MANY_CONNECTIONS",
  "TOO_MANY_STREAMS",
  "TOO_MANY_REQUESTS",
  "SLOW_CONSUMER",
  // protocol
  "PROTOCOL_ERROR",
  "FRAME_TOO_LARGE",
  "VERSION_UNSUPPORTED",
  // people
  "LOGIN_FAILED",
  "CREDENTIALS_UNAVAILABLE",
  "SESSION_UNKNOWN",
  "SESSION_REVOKED",
  "NOT_ALLOWED",
  "NAME_INVALID",
  "NAME_TAKEN",
  "PASSWORD_INVALID",
  "USER_UNKNOWN",
  "ROLE_INVALID",
  "CONSENT_NEEDED",
  "LAST_ADMINISTRATOR",
  "LEGAL_HOLD",
  // topics and messages
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
  "OUTBOX_FULL",
  "CURSOR_TAKEN",
  "TOO_MANY_CURSORS",
  // evidence
  "LOG_FORK",
  "PROOF_UNAVAILABLE",
  "RECORD_DAMAGED",
  // store
  "STORE_UNAVAILABLE",
  "STORE_FOREIGN",
  "STORE_TOO_NEW",
  "STORE_CLOSED",
  // everything that should not happen
  "INTERNAL",
] as const;

export type RedRoomErrorCode = (typeof ERROR_CODES)[number];

export interface RedRoomErrorOptions extends ErrorOptions {
  /** The same call may succeed later without a change by the caller. */
  readonly retryable?: boolean;
  /** Wait at least this long before trying again. */
  readonly retryAfterMs?: number;
  /** What the person at the keyboard can do about it. */
  readonly remedy?: string;
  /** What proves it, such as the two checkpoints of a `LOG_FORK`: keep it. */
  readonly evidence?: Readonly<Record<string, string>>;
}

/** The one error class: a stable `code`, a sentence with numbers, and, where there is one, a `remedy` and a `cause`. */
export class RedRoomError extends Error {
  override readonly name = "RedRoomError";
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly remedy: string | undefined;
  readonly evidence: Readonly<Record<string, string>> | undefined;

  /** @param message "unable to <do what>; <reason with numbers>" */
  constructor(
    readonly code: RedRoomErrorCode,
    message: string,
    options: RedRoomErrorOptions = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.remedy = options.remedy;
    this.evidence = options.evidence;
  }
}

/** Turns whatever was thrown into a RedRoomError: our own pass through, anything else becomes the cause of `fallback`. */
export function toRedRoomError(thrown: unknown, fallback: RedRoomErrorCode, doing: string): RedRoomError {
  if (thrown instanceof RedRoomError) return thrown;
  return new RedRoomError(fallback, `unable to ${doing}; ${reasonOf(thrown)}`, { cause: thrown });
}

/** Anything can be thrown, also what cannot be made a text of. */
function reasonOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return "what was thrown has no text";
  }
}
