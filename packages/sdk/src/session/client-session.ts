import { fromBase64Url } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { fromFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Limits } from "../protocol/limits.ts";
import { type Message, type MessageOf, PROTOCOL_VERSION } from "../protocol/messages.ts";

export interface SessionUser {
  readonly id: string;
  readonly name: string;
  readonly admin: boolean;
}

/** The client's side of the control stream, as data: `idle → connecting → authenticating → online → closed | failed`. */
export type ClientSession =
  | { readonly phase: "idle" | "connecting" | "closed" }
  | { readonly phase: "authenticating"; readonly welcome?: MessageOf<"welcome">; readonly logKey?: Uint8Array }
  | {
      readonly phase: "online";
      readonly sessionId: string;
      readonly user: SessionUser;
      readonly limits: Limits;
      /** Ed25519: signs the checkpoints of all topics. */
      readonly logKey: Uint8Array;
      readonly heartbeatMs: number;
      readonly heardAt: number;
      readonly pings: number;
    }
  | { readonly phase: "failed"; readonly error: RedRoomError };

export type ClientSessionInput =
  | { readonly type: "connect" }
  | { readonly type: "connected" }
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "timer" }
  /** The connection, the dial or the control stream ended. */
  | { readonly type: "lost"; readonly error: RedRoomError }
  | { readonly type: "close" };

export type ClientSessionEffect =
  | { readonly type: "dial" }
  | { readonly type: "send"; readonly message: Message }
  /** Send name and password, if the log's key is certified. */
  | { readonly type: "login"; readonly logKey: Uint8Array; readonly logKeyCertificate: Uint8Array | undefined }
  | { readonly type: "setTimer"; readonly at: number }
  | { readonly type: "disconnect"; readonly code: number; readonly reason: string };

type Step = readonly [ClientSession, readonly ClientSessionEffect[]];

export const initialClientSession: ClientSession = { phase: "idle" };

/** Pure: what the session becomes, and what its driver has to do. A finished session answers every input with itself. */
export function stepClientSession(state: ClientSession, input: ClientSessionInput, now: number): Step {
  if (state.phase === "closed" || state.phase === "failed") return [state, []];
  switch (input.type) {
    case "connect":
      return state.phase === "idle" ? [{ phase: "connecting" }, [{ type: "dial" }]] : [state, []];
    case "connected":
      if (state.phase !== "connecting") return [state, []];
      return [
        { phase: "authenticating" },
        [{ type: "send", message: { type: "hello", versions: [PROTOCOL_VERSION] } }],
      ];
    case "message":
      return receive(state, input.message, now);
    case "timer":
      return beat(state, now);
    case "lost":
      return [{ phase: "failed", error: input.error }, []];
    case "close":
      return [{ phase: "closed" }, [disconnect(CLOSE_CODES.normal, "")]];
  }
}

function receive(state: ClientSession, message: Message, now: number): Step {
  if (message.type === "error" || message.type === "goodbye") {
    return fail(fromFailure(message), CLOSE_CODES.normal);
  }
  if (state.phase === "authenticating" && state.welcome === undefined && message.type === "welcome") {
    if (message.version !== PROTOCOL_VERSION) {
      return violate(`the server chose version ${message.version}, which was not offered`);
    }
    const logKey = fromBase64Url(message.logKey);
    const certificate = message.logKeyCertificate;
    if (logKey === undefined) return violate("the log's key is not base64url");
    return [
      { phase: "authenticating", welcome: message, logKey },
      [
        {
          type: "login",
          logKey,
          logKeyCertificate: certificate === undefined ? undefined : fromBase64Url(certificate),
        },
      ],
    ];
  }
  if (state.phase === "authenticating" && state.welcome && state.logKey && message.type === "session") {
    const { logKey, welcome } = state;
    const { limits, heartbeatMs } = welcome;
    return [
      {
        phase: "online",
        sessionId: message.session,
        user: message.user,
        limits,
        logKey,
        heartbeatMs,
        heardAt: now,
        pings: 0,
      },
      [{ type: "setTimer", at: now + heartbeatMs }],
    ];
  }
  if (state.phase === "online" && message.type === "pong") return [{ ...state, heardAt: now }, []];
  return violate(`${message.type} has no place while ${state.phase}`);
}

/** Sends a ping each interval; two intervals without an answer mean that the link is dead, whatever QUIC believes. */
function beat(state: ClientSession, now: number): Step {
  if (state.phase !== "online") return [state, []];
  const silentMs = now - state.heardAt;
  if (silentMs > 2 * state.heartbeatMs) {
    return fail(
      new RedRoomError("CONNECTION_LOST", `unable to reach the server; no answer for ${silentMs} ms`, {
        retryable: true,
      }),
      CLOSE_CODES.normal,
    );
  }
  return [
    { ...state, pings: state.pings + 1 },
    [
      { type: "send", message: { type: "ping", nonce: state.pings } },
      { type: "setTimer", at: now + state.heartbeatMs },
    ],
  ];
}

function violate(reason: string): Step {
  return fail(protocolError(reason), CLOSE_CODES.protocolError);
}

function fail(error: RedRoomError, code: number): Step {
  return [{ phase: "failed", error }, [disconnect(code, error.message)]];
}

function disconnect(code: number, reason: string): ClientSessionEffect {
  return { type: "disconnect", code, reason };
}
