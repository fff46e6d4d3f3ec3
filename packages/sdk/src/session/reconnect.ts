import type { RedRoomError, RedRoomErrorCode } from "../base/errors.ts";

/** How a client spreads its attempts to come back. */
export interface ReconnectDelays {
  /** The first wait lies between 0 and this; each further failure doubles it. 200 by default. */
  readonly minDelayMs: number;
  /** No wait is drawn from more than this. 15,000 by default. */
  readonly maxDelayMs: number;
}

/** However long a server asks for: it may have meant something else. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

export const DEFAULT_RECONNECT_DELAYS: ReconnectDelays = { minDelayMs: 200, maxDelayMs: 15_000 };

/**
 * How long to wait after so many failures: anything up to the limit ("full jitter"), so that many who were lost at the
 * same moment do not return at the same moment. What the server asked for comes on top, and is spread as wide again.
 *
 * @param random From 0 up to, and not including, 1.
 */
export function reconnectDelay(
  failures: number,
  retryAfterMs: number | undefined,
  { minDelayMs, maxDelayMs }: ReconnectDelays,
  random: number,
): number {
  const limit = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failures, 52));
  const floor = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  return Math.round(floor + random * Math.max(limit, floor));
}

/** After these it would be wrong to try again: a person, or other options, must come first. */
const FINAL: ReadonlySet<RedRoomErrorCode> = new Set([
  "LOGIN_FAILED",
  "VERSION_UNSUPPORTED",
  "PIN_MISMATCH",
  "CERTIFICATE_INVALID",
  "CERTIFICATE_EXPIRED",
  "LOG_FORK",
  "PROTOCOL_ERROR",
  "FRAME_TOO_LARGE",
  "ADDRESS_INVALID",
  "OPTIONS_INVALID",
  "PLATFORM_UNSUPPORTED",
  "ABORTED",
] satisfies RedRoomErrorCode[]);

export function isFinal({ code }: RedRoomError): boolean {
  return FINAL.has(code);
}
