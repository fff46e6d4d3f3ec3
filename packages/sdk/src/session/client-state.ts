import type { RedRoomErrorCode } from "../base/errors.ts";
import type { ClientSession } from "./client-phases.ts";

/**
 * Where a client stands:
 * `idle → connecting → authenticating → online ⇄ unavailable → resuming ⇄ offline → … → closed | failed`.
 *
 * - `online`: messages come and go.
 * - `unavailable`: the server is there and cannot use its record: nothing is stored or delivered.
 * - `resuming`: the connection was lost; another one is being made.
 * - `offline`: making one has failed; the next attempt comes in `retryInMs`, for as long as the client lives.
 * - `closed`, `failed`: final. By us; by an error that another attempt would not change.
 */
export type ClientState = ClientSession["phase"];

export interface StateChange {
  readonly state: ClientState;
  readonly previous: ClientState;
  /** What led to it, where something went wrong. */
  readonly code?: RedRoomErrorCode;
  /** The same as a sentence. */
  readonly reason?: string;
  /** `offline` only: when the next attempt comes, unless `connectNow()` brings it forward. */
  readonly retryInMs?: number;
}

/** @returns `undefined` where nothing has changed that people see. */
export function stateChange(before: ClientSession, after: ClientSession, now: number): StateChange | undefined {
  if (before.phase === after.phase) return undefined;
  const cause = "cause" in after ? after.cause : undefined;
  return {
    state: after.phase,
    previous: before.phase,
    ...(cause !== undefined && { code: cause.code, reason: cause.message }),
    ...(after.phase === "offline" && { retryInMs: Math.max(0, after.due - now) }),
  };
}
