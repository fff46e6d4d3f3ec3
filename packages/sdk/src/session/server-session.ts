import { RedRoomError } from "../base/errors.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { toFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import type { Limits } from "../protocol/limits.ts";
import { type Message, type MessageOf, PROTOCOL_VERSION } from "../protocol/messages.ts";
import type { SessionUser } from "./session-user.ts";

/** What every session of a server shares. */
export interface ServerSessionSettings {
  readonly limits: Limits;
  /** Clients ping this often; two silent intervals end the connection. */
  readonly heartbeatMs: number;
  /** How long a connection may take to log in. */
  readonly loginTimeoutMs: number;
  /** The key that signs the logs, and its certificate by the server's key, both in base64url. */
  readonly logKey: string;
  readonly logKeyCertificate: string | undefined;
}

/** How long it may take to check a login, with the time that it waits for its turn and for the application. */
const CHECK_MS = 30_000;

/**
 * The server's side of one control stream, as data: `hello → entry → checking | resuming → online → over`. At the
 * entry a client logs in or resumes a session; one whose session is gone may still log in, and no more than that.
 */
export type ServerSession =
  | {
      readonly phase: "hello";
      readonly deadline: number;
      /** Why nobody is let in; told to whoever says hello. */
      readonly refusal: RedRoomError | undefined;
    }
  | { readonly phase: "entry" | "checking" | "resuming"; readonly deadline: number; readonly resumable: boolean }
  | {
      readonly phase: "online";
      readonly user: SessionUser;
      readonly heardAt: number;
      /** When the client is due to have been heard. */
      readonly dueAt: number;
      /** The client has shown that it has its token. */
      readonly confirmed: boolean;
      readonly available: boolean;
    }
  | { readonly phase: "over" };

/** Who has come in, and the token with which that session goes on elsewhere. */
export interface Admission {
  readonly user: SessionUser;
  readonly sessionId: string;
  /** 32 bytes in base64url. */
  readonly token: string;
  readonly resumed: boolean;
  /** What the user has not consented to yet: nothing is served before. */
  readonly consent: MessageOf<"consentNeeded"> | undefined;
}

export type ServerSessionInput =
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "admitted"; readonly admission: Admission }
  /** There is no session with this token (any more); the client may log in instead. */
  | { readonly type: "resumeRefused"; readonly error: RedRoomError }
  | { readonly type: "refused"; readonly error: RedRoomError }
  /** The store can be used, or not, and what clients are told about it. */
  | { readonly type: "availability"; readonly available: boolean; readonly message?: string }
  /** What a session learns of its own account. */
  | { readonly type: "told"; readonly message: MessageOf<"accountChanged" | "consentGiven"> }
  | { readonly type: "timer" }
  /** The client ended the control stream: it is leaving. */
  | { readonly type: "end" }
  /** The server ends it, and says why. */
  | { readonly type: "dismissed"; readonly error: RedRoomError; readonly code: number }
  /** The server ends it without a word, which the client could not or need not read. */
  | { readonly type: "dropped"; readonly reason: string; readonly code: number };

export type ServerSessionEffect =
  | { readonly type: "send"; readonly message: Message }
  | { readonly type: "authenticate"; readonly name: string; readonly password: string }
  | { readonly type: "resume"; readonly token: string }
  | { readonly type: "online"; readonly admission: Admission }
  /** The client has its token: the one before is worth nothing from now on. */
  | { readonly type: "confirm" }
  | { readonly type: "setTimer"; readonly at: number }
  /** `lingering`: the client is to read the last message before the connection is closed. */
  | { readonly type: "disconnect"; readonly code: number; readonly reason: string; readonly lingering: boolean };

type Step = readonly [ServerSession, readonly ServerSessionEffect[]];

/** @param refusal Why this connection is not let in, where a limit is reached. */
export function startServerSession(settings: ServerSessionSettings, now: number, refusal?: RedRoomError): Step {
  const deadline = now + settings.loginTimeoutMs;
  return [{ phase: "hello", deadline, refusal }, [{ type: "setTimer", at: deadline }]];
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
    case "admitted":
      return isLookedUp(state) ? admit(input.admission, settings, now) : [state, []];
    case "resumeRefused":
      if (state.phase !== "resuming") return [state, []];
      // How long looking it up took is not the client's doing.
      return [
        { phase: "entry", resumable: false, deadline: now + settings.loginTimeoutMs },
        [
          { type: "send", message: { type: "resumeRefused", ...toFailure(input.error) } },
          { type: "setTimer", at: now + settings.loginTimeoutMs },
        ],
      ];
    case "refused":
      return isLookedUp(state) ? refuse(input.error, CLOSE_CODES.refused) : [state, []];
    case "availability": {
      const { available, message } = input;
      if (state.phase !== "online" || state.available === available) return [state, []];
      const told = { type: "availability", available, ...(message !== undefined && { message }) } as const;
      return [{ ...state, available }, [{ type: "send", message: told }]];
    }
    case "told":
      return [state, state.phase === "online" ? [{ type: "send", message: input.message }] : []];
    case "timer":
      return tick(state, settings, now);
    case "end":
      return [{ phase: "over" }, [disconnect(CLOSE_CODES.normal, "", false)]];
    case "dismissed":
      return dismiss(input.error, input.code);
    case "dropped":
      return [{ phase: "over" }, [disconnect(input.code, input.reason, false)]];
  }
}

const isLookedUp = ({ phase }: ServerSession): boolean => phase === "checking" || phase === "resuming";

function receive(state: ServerSession, message: Message, settings: ServerSessionSettings, now: number): Step {
  if (state.phase === "hello" && message.type === "hello") return greet(state, message.versions, settings);
  if (state.phase === "entry" && message.type === "login") {
    const { name, password } = message;
    // How long its check takes is not the client's doing.
    const checking = { ...state, phase: "checking", deadline: now + CHECK_MS } as const;
    return [checking, [{ type: "authenticate", name, password }]];
  }
  if (state.phase === "entry" && state.resumable && message.type === "resume") {
    return [{ ...state, phase: "resuming", deadline: now + CHECK_MS }, [{ type: "resume", token: message.token }]];
  }
  if (state.phase === "online" && message.type === "ping") {
    const pong = { type: "send", message: { type: "pong", nonce: message.nonce } } as const;
    const heard = { ...state, heardAt: now, confirmed: true };
    return [heard, state.confirmed ? [pong] : [{ type: "confirm" }, pong]];
  }
  return refuse(protocolError(`${message.type} has no place in the phase ${state.phase}`), CLOSE_CODES.protocolError);
}

function greet(
  { deadline, refusal }: Extract<ServerSession, { phase: "hello" }>,
  versions: readonly number[],
  { limits, heartbeatMs, logKey, logKeyCertificate }: ServerSessionSettings,
): Step {
  if (!versions.includes(PROTOCOL_VERSION)) {
    return refuse(
      new RedRoomError(
        "VERSION_UNSUPPORTED",
        `unable to talk; the client offers version ${versions.join(", ")}, the server speaks ${PROTOCOL_VERSION}`,
      ),
      CLOSE_CODES.refused,
    );
  }
  if (refusal !== undefined) return refuse(refusal, CLOSE_CODES.refused);
  const welcome = { type: "welcome", version: PROTOCOL_VERSION, limits, heartbeatMs, logKey } as const;
  return [
    { phase: "entry", deadline, resumable: true },
    [{ type: "send", message: logKeyCertificate === undefined ? welcome : { ...welcome, logKeyCertificate } }],
  ];
}

function admit(admission: Admission, { heartbeatMs }: ServerSessionSettings, now: number): Step {
  const { user, sessionId, token, resumed, consent } = admission;
  const dueAt = now + 2 * heartbeatMs;
  return [
    { phase: "online", user, heardAt: now, dueAt, confirmed: false, available: true },
    [
      // In front: who is online knows at once that nothing will be served.
      ...(consent === undefined ? [] : [{ type: "send", message: consent } as const]),
      { type: "send", message: { type: "session", session: sessionId, token, resumed, user } },
      { type: "online", admission },
      { type: "setTimer", at: dueAt },
    ],
  ];
}

function tick(state: ServerSession, { heartbeatMs, loginTimeoutMs }: ServerSessionSettings, now: number): Step {
  if (state.phase === "over") return [state, []];
  if (state.phase === "online") {
    const dueAt = state.heardAt + 2 * heartbeatMs;
    if (now < dueAt) return [{ ...state, dueAt }, [{ type: "setTimer", at: dueAt }]];
    // It was we who stood still: what the client has sent meanwhile waits to be read.
    if (now - state.dueAt > heartbeatMs / 2) {
      return [{ ...state, dueAt: now + heartbeatMs }, [{ type: "setTimer", at: now + heartbeatMs }]];
    }
    return dismiss(
      new RedRoomError("TIMEOUT", `unable to hear the client; silent for ${now - state.heardAt} ms`, {
        retryable: true,
      }),
      CLOSE_CODES.unanswered,
    );
  }
  if (now < state.deadline) return [state, [{ type: "setTimer", at: state.deadline }]];
  const late = isLookedUp(state)
    ? `unable to log in now; the login was not checked within ${CHECK_MS} ms`
    : `unable to wait longer for a login; the limit is ${loginTimeoutMs} ms`;
  return refuse(new RedRoomError("TIMEOUT", late, { retryable: true }), CLOSE_CODES.refused);
}

function refuse(error: RedRoomError, code: number): Step {
  return leave({ type: "error", ...toFailure(error) }, code, error.code);
}

function dismiss(error: RedRoomError, code: number): Step {
  return leave({ type: "goodbye", ...toFailure(error) }, code, error.code);
}

function leave(lastWord: Message, code: number, reason: string): Step {
  // Who breaks the protocol cannot be trusted to read and leave.
  const lingering = code !== CLOSE_CODES.protocolError;
  return [{ phase: "over" }, [{ type: "send", message: lastWord }, disconnect(code, reason, lingering)]];
}

function disconnect(code: number, reason: string, lingering: boolean): ServerSessionEffect {
  return { type: "disconnect", code, reason, lingering };
}
