import { RedRoomError } from "../base/errors.ts";
import type { ConnectionEnd } from "./transport.ts";

/** How streams and connections end, in the words every transport uses. */
export const streamReset = (id: number, code: number): RedRoomError =>
  new RedRoomError("STREAM_RESET", `stream ${id} ended before its time; the peer reset it with code ${code}`);

export const streamClosed = (id: number): RedRoomError =>
  new RedRoomError("STREAM_CLOSED", `unable to write to stream ${id}; its end was already written`);

export const tooManyStreams = (open: number): RedRoomError =>
  new RedRoomError("TOO_MANY_STREAMS", `unable to open a stream; the peer allows no further one beside ${open} open`, {
    retryable: true,
  });

export const connectionClosed = (why: string): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", `the connection is closed; ${why}`);

export const connectionLost = (why: string, cause?: unknown): RedRoomError =>
  new RedRoomError("CONNECTION_LOST", `the connection is lost; ${why}`, { retryable: true, cause });

/** An end that somebody wanted. Only code 0 is an orderly one, without an error. */
export function closedBy(by: "local" | "peer", code: number, reason: string): ConnectionEnd {
  return { by, code, reason, error: code === 0 ? undefined : connectionClosed(describe(by, code, reason)) };
}

export const lost = (error: RedRoomError): ConnectionEnd => ({ by: "lost", code: 0, reason: "", error });

/** What streams are told that were open when their connection ended. */
export const streamErrorOf = ({ by, code, reason, error }: ConnectionEnd): RedRoomError =>
  error ?? connectionClosed(describe(by, code, reason));

const describe = (by: ConnectionEnd["by"], code: number, reason: string): string =>
  `${by === "local" ? "we" : "the peer"} ended it with code ${code}${reason === "" ? "" : ` (${reason})`}`;

export const aborted = (doing: string, cause: unknown): RedRoomError =>
  new RedRoomError("ABORTED", `unable to ${doing}; the caller gave up`, { cause });
