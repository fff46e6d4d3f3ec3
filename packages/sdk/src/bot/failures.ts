import { RedRoomError } from "../base/errors.ts";
import { isInterruption } from "../client/link.ts";

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

/**
 * What a failure says of the next attempt: `hopeless`: it would fail again; `innocent`: the way to the server or its record was cut
 * off, which is no fault of the handler.
 */
export function judge(error: unknown): "hopeless" | "innocent" | "failed" {
  if (!(error instanceof RedRoomError)) return "failed";
  if (isInterruption(error) || error.code === "STORE_UNAVAILABLE") return "innocent";
  return error.retryable || error.code === "INTERNAL" ? "failed" : "hopeless";
}

/** @param attempt The one that has failed, from 1. */
export function delayBehind(attempt: number, error: unknown): number {
  const least = error instanceof RedRoomError ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(least, Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)));
}

/** Whatever was thrown: it need be no error, and not even be text. */
export function reasonOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "what was thrown has no text";
  }
}
