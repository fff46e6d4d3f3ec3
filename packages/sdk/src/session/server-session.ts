import { RedRoomError } from "../base/errors.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { toFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Limits } from "../protocol/limits.ts";
import { type Message, PROTOCOL_VERSION } from "../protocol/messages.ts";
import type { SessionUser } from "./session-user.ts";

/** What every session of a server shares. */
export interface ServerSessionSettings {
  readonly limits: Limits;
  /** Clients ping this often; three silent intervals end the session. */
  readonly heartbeatMs: number;
  /** How long a connection may take to log in. */
  readonly loginTimeoutMs: number;
  /** The key that signs the logs, and its certificate by the server's key, both in base64url. */
  readonly logKey: string;
  readonly logKeyCertificate: string | undefined;
}

/** The server's side of the control stream, as data: `hello → login → checking → online → over`. */
export type ServerSession =
  | { readonly phase: "hello" | "login" | "checking"; readonly deadline: number }
  | { readonly phase: "online"; readonly user: SessionUser; readonly heardAt: number }
  | { readonly phase: "over" };

export type ServerSessionInput =
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "accepted"; readonly user: SessionUser; readonly sessionId: string }
  | { readonly type: "refused"; readonly error: RedRoomError }
  | { readonly type: "timer" }
  /** The client ended the control stream: it is leaving. */
  | { readonly type: "end" }
  | { readonly type: "shutdown" };

export type ServerSessionEffect =
  | { readonly type: "send"; readonly message: Message }
  | { readonly type: "authenticate"; readonly name: string; readonly password: string }
  | { readonly type: "online"; readonly user: SessionUser }
  | { readonly type: "setTimer"; readonly at: number }
  | { readonly type: "disconnect"; readonly code: number; readonly reason: string };

type Step = readonly [ServerSession, readonly ServerSessionEffect[]];

export function startServerSession(settings: ServerSessionSettings, now: number): Step {
  const deadline = now + settings.loginTimeoutMs;
  return [{ phase: "hello", deadline }, [{ type: "setTimer", at: deadline }]];
}

/** Pure: what the session becomes, and what its driver has to do. A session that is over answers every input with itself. */
export function stepServerSession(
  state: ServerSession,
  input: ServerSessionInput,
  settings: ServerSessionSettings,
  now: number,
): Step {
  if (state.phase === "over") return [state, []];
  switch (input.type) {
    case "message":
      return receive(state, input.message, settings, now);
    case "accepted": {
      if (state.phase !== "checking") return [state, []];
      const { user, sessionId } = input;
      return [
        { phase: "online", user, heardAt: now },
        [
          { type: "send", message: { type: "session", session: sessionId, user } },
          { type: "online", user },
          { type: "setTimer", at: now + 3 * settings.heartbeatMs },
        ],
      ];
    }
    case "refused":
      return state.phase === "checking" ? refuse(input.error, CLOSE_CODES.refused) : [state, []];
    case "timer":
      return tick(state, settings, now);
    case "end":
      return [{ phase: "over" }, [{ type: "disconnect", code: CLOSE_CODES.normal, reason: "" }]];
    case "shutdown":
      return goodbye(
        new RedRoomError("SHUTTING_DOWN", "unable to go on; the server is shutting down", { retryable: true }),
      );
  }
}

function receive(state: ServerSession, message: Message, settings: ServerSessionSettings, now: number): Step {
  if (state.phase === "hello" && message.type === "hello") {
    if (!message.versions.includes(PROTOCOL_VERSION)) {
      const offered = message.versions.join(", ");
      return refuse(
        new RedRoomError(
          "VERSION_UNSUPPORTED",
          `unable to talk; the client offers version ${offered}, the server speaks ${PROTOCOL_VERSION}`,
        ),
        CLOSE_CODES.refused,
      );
    }
    const { limits, heartbeatMs, logKey, logKeyCertificate } = settings;
    const welcome = { type: "welcome", version: PROTOCOL_VERSION, limits, heartbeatMs, logKey } as const;
    return [
      { ...state, phase: "login" },
      [{ type: "send", message: logKeyCertificate === undefined ? welcome : { ...welcome, logKeyCertificate } }],
    ];
  }
  if (state.phase === "login" && message.type === "login") {
    const { name, password } = message;
    return [{ ...state, phase: "checking" }, [{ type: "authenticate", name, password }]];
  }
  if (state.phase === "online" && message.type === "ping") {
    return [{ ...state, heardAt: now }, [{ type: "send", message: { type: "pong", nonce: message.nonce } }]];
  }
  return refuse(protocolError(`${message.type} has no place in the phase ${state.phase}`), CLOSE_CODES.protocolError);
}

function tick(state: ServerSession, settings: ServerSessionSettings, now: number): Step {
  if (state.phase === "over") return [state, []];
  if (state.phase === "online") {
    const deadline = state.heardAt + 3 * settings.heartbeatMs;
    if (now < deadline) return [state, [{ type: "setTimer", at: deadline }]];
    return goodbye(new RedRoomError("TIMEOUT", `unable to hear the client; silent for ${now - state.heardAt} ms`));
  }
  // The login has come; that its check takes time is not the client's doing.
  if (state.phase === "checking") return [state, []];
  if (now < state.deadline) return [state, [{ type: "setTimer", at: state.deadline }]];
  return refuse(
    new RedRoomError("TIMEOUT", `unable to wait longer for a login; the limit is ${settings.loginTimeoutMs} ms`, {
      retryable: true,
    }),
    CLOSE_CODES.refused,
  );
}

function refuse(error: RedRoomError, code: number): Step {
  return [
    { phase: "over" },
    [
      { type: "send", message: { type: "error", ...toFailure(error) } },
      { type: "disconnect", code, reason: error.code },
    ],
  ];
}

function goodbye(error: RedRoomError): Step {
  return [
    { phase: "over" },
    [
      { type: "send", message: { type: "goodbye", ...toFailure(error) } },
      { type: "disconnect", code: CLOSE_CODES.shuttingDown, reason: error.code },
    ],
  ];
}
