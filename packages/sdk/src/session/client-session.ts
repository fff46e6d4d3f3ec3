import { fromBase64Url, fromUtf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { fromFailure } from "../protocol/failure.ts";
import { protocolError } from "../protocol/frame.ts";
import { type Message, type MessageOf, PROTOCOL_VERSION } from "../protocol/messages.ts";
import {
  type Attempt,
  type ClientSession,
  type ClientSessionEffect,
  type ClientSessionInput,
  type ClientSessionSettings,
  type Established,
  isAttempt,
  isUsable,
  type Moment,
  type Usable,
  type Waiting,
  type Welcome,
} from "./client-phases.ts";
import type { Credentials } from "./credentials.ts";
import { isFinal, reconnectDelay } from "./reconnect.ts";

type Step = readonly [ClientSession, readonly ClientSessionEffect[]];

export const initialClientSession: ClientSession = { phase: "idle" };

/** However often a server or an application asks for it. */
const MIN_HEARTBEAT_MS = 10;

/** Pure: what the session becomes, and what its driver has to do. A finished session answers every input with itself. */
export function stepClientSession(
  state: ClientSession,
  input: ClientSessionInput,
  settings: ClientSessionSettings,
  moment: Moment,
): Step {
  if (state.phase === "closed" || state.phase === "failed") return [state, []];
  switch (input.type) {
    case "connect":
      return state.phase === "idle" ? attempt(undefined, 0, undefined, settings, moment) : [state, []];
    case "credentials":
      return isAttempt(state) && state.step === "asking"
        ? answer(state, input.credentials, settings, moment)
        : [state, []];
    case "noCredentials":
      return isAttempt(state) && state.step === "asking" ? end(state, input.error, settings, moment) : [state, []];
    case "connected":
      if (!isAttempt(state) || state.step !== "dialling") return [state, []];
      return [enter({ ...state, step: "greeting" }), [send({ type: "hello", versions: [PROTOCOL_VERSION] })]];
    case "message":
      return receive(state, input.message, settings, moment);
    case "timer":
      return wake(state, settings, moment);
    case "lost":
      return lose(state, input.error, settings, moment);
    case "fail":
      return fail(state, input.error);
    case "learnt":
      return isUsable(state) ? [learn(state, input.message), []] : [state, []];
    case "connectNow":
      return state.phase === "offline" ? retry(state, settings, moment) : [state, []];
    case "close":
      return [{ phase: "closed" }, [...withdrawal(state), disconnect(CLOSE_CODES.normal, "")]];
  }
}

/** Without a token there must be credentials before anything is dialled: a login that waits for them would run out. */
function attempt(
  established: Established | undefined,
  attempts: number,
  cause: RedRoomError | undefined,
  { timeoutMs }: ClientSessionSettings,
  { now }: Moment,
  refused?: RedRoomError,
): Step {
  const base = { established, attempts, cause, due: now + timeoutMs, refused } as const;
  if (established?.token !== undefined) return [enter({ ...base, step: "dialling" }), [{ type: "dial" }]];
  return [enter({ ...base, step: "asking" }), [{ type: "ask", refused }]];
}

function answer(state: Attempt, credentials: Credentials, { timeoutMs }: ClientSessionSettings, { now }: Moment): Step {
  const answered = { ...state, credentials, due: now + timeoutMs };
  if (state.welcome !== undefined) return prove(answered, state.welcome);
  return [enter({ ...answered, step: "dialling" }), [{ type: "dial" }]];
}

function prove(state: Attempt, welcome: Welcome): Step {
  const token = state.established?.token;
  const proving = enter({ ...state, step: "proving", welcome });
  if (token !== undefined) return [proving, [send({ type: "resume", token })]];
  return [proving, state.credentials === undefined ? [] : [send({ type: "login", ...state.credentials })]];
}

function receive(
  state: Exclude<ClientSession, { phase: "closed" | "failed" }>,
  message: Message,
  settings: ClientSessionSettings,
  moment: Moment,
): Step {
  if (message.type === "error" || message.type === "goodbye") {
    const [next, effects] = lose(state, fromFailure(message), settings, moment);
    return [next, [disconnect(CLOSE_CODES.normal, ""), ...effects]];
  }
  if (isAttempt(state)) {
    if (state.step === "greeting" && message.type === "welcome") return welcomed(state, message, settings);
    if (state.step === "proving" && state.welcome !== undefined) {
      if (message.type === "consentNeeded" && state.consent === undefined) return asked(state, message);
      if (message.type === "session") return confirmed(state, state.welcome, message, moment);
      if (message.type === "resumeRefused" && state.established?.token !== undefined) {
        const established = { ...state.established, token: undefined };
        const due = moment.now + settings.timeoutMs;
        return [enter({ ...state, step: "asking", established, due }), [{ type: "ask", refused: undefined }]];
      }
    }
  } else if (isUsable(state)) {
    if (message.type === "pong" && message.nonce < state.pings) return [{ ...state, answered: true }, []];
    if (message.type === "availability") return [available(state, message), []];
    if (message.type === "accountChanged" || message.type === "consentGiven") return [learn(state, message), []];
  }
  return fail(state, protocolError(`${message.type} has no place while ${state.phase}`));
}

function welcomed(state: Attempt, message: MessageOf<"welcome">, settings: ClientSessionSettings): Step {
  const { version, limits } = message;
  if (version !== PROTOCOL_VERSION) {
    return fail(state, protocolError(`the server chose version ${version}, which was not offered`));
  }
  const logKey = fromBase64Url(message.logKey);
  if (logKey === undefined) return fail(state, protocolError("the log's key is not base64url"));
  const wanted = Math.min(message.heartbeatMs, settings.heartbeatMs ?? Number.POSITIVE_INFINITY);
  return prove(state, { limits, logKey, heartbeatMs: Math.max(MIN_HEARTBEAT_MS, wanted) });
}

function asked(state: Attempt, { digest, body }: MessageOf<"consentNeeded">): Step {
  try {
    return [{ ...state, consent: { text: fromUtf8(body), digest } }, []];
  } catch {
    return fail(state, protocolError("the text to consent to is not UTF-8"));
  }
}

function learn(state: Usable, message: MessageOf<"accountChanged" | "consentGiven">): Usable {
  const { user, consent } = state.established;
  // Answer and control stream tell the same; the second of them is no news.
  const known = message.type === "consentGiven" ? consent === undefined : message.user.name === user.name;
  if (known) return state;
  const news = message.type === "consentGiven" ? { consent: undefined } : { user: message.user };
  return { ...state, established: { ...state.established, ...news } };
}

function confirmed(state: Attempt, welcome: Welcome, message: MessageOf<"session">, { now }: Moment): Step {
  const { session: sessionId, token, resumed, user } = message;
  const { established, attempts } = state;
  if (resumed !== (established?.token !== undefined)) {
    return fail(state, protocolError(`the server says resumed: ${resumed}, which it was not asked for`));
  }
  // What waits to be sent, and what was read, is somebody else's.
  if (established !== undefined && established.user.id !== user.id) {
    const why = `these credentials are those of ${user.name}, the session is that of ${established.user.name}`;
    return fail(state, new RedRoomError("LOGIN_FAILED", `unable to go on; ${why}`));
  }
  return ping(
    {
      phase: "online",
      established: { ...welcome, sessionId, token, user, consent: state.consent },
      due: 0,
      attempts,
      pings: 0,
      answered: true,
      cause: undefined,
    },
    now,
  );
}

/** The first one, sent at once, also tells the server that we have the new token. */
function ping(state: Usable, now: number): Step {
  const due = now + state.established.heartbeatMs;
  const next: Usable = { ...state, due, pings: state.pings + 1, answered: false };
  return [next, [send({ type: "ping", nonce: state.pings })]];
}

function available(state: Usable, message: MessageOf<"availability">): Usable {
  if (message.available) return { ...state, phase: "online", cause: undefined };
  const reason = message.message ?? "unable to store or read anything now; the server cannot use its store";
  return { ...state, phase: "unavailable", cause: new RedRoomError("STORE_UNAVAILABLE", reason, { retryable: true }) };
}

function wake(state: ClientSession, settings: ClientSessionSettings, moment: Moment): Step {
  if (state.phase === "offline") return retry(state, settings, moment);
  if (isUsable(state)) return beat(state, settings, moment);
  if (!isAttempt(state)) return [state, []];
  const what = state.step === "asking" ? "obtain credentials" : "connect";
  const error = new RedRoomError("TIMEOUT", `unable to ${what} within ${settings.timeoutMs} ms`, { retryable: true });
  return end(state, error, settings, moment);
}

/**
 * No pong since the last ping means that the link is dead, whatever QUIC believes. Except when the timer itself comes
 * late: then it was we who stood still, and the pong may be among what is not read yet.
 */
function beat(state: Usable, settings: ClientSessionSettings, moment: Moment): Step {
  const { heartbeatMs } = state.established;
  if (state.answered) return ping({ ...state, attempts: 0 }, moment.now);
  if (moment.now - state.due > heartbeatMs / 2) return ping(state, moment.now);
  const error = new RedRoomError("CONNECTION_LOST", `unable to reach the server; no answer for ${heartbeatMs} ms`, {
    retryable: true,
  });
  return end(state, error, settings, moment);
}

function retry(state: Waiting, settings: ClientSessionSettings, moment: Moment): Step {
  return attempt(state.established, state.attempts + 1, state.cause, settings, moment);
}

/** The connection is gone. A question to the application outlives it: its answer is used for the next one. */
function lose(state: ClientSession, error: RedRoomError, settings: ClientSessionSettings, moment: Moment): Step {
  if (isUsable(state)) return end(state, error, settings, moment);
  if (!isAttempt(state)) return [state, []];
  if (state.step === "asking") {
    if (state.welcome === undefined) return [state, []];
    return isFinal(error) ? fail(state, error) : [enter({ ...state, welcome: undefined }), []];
  }
  return end(state, error, settings, moment);
}

/** The attempt, or the session's connection, has come to its end: ask once more, try again, wait, or give up. */
function end(state: Attempt | Usable, error: RedRoomError, settings: ClientSessionSettings, moment: Moment): Step {
  const { established, attempts } = state;
  const leaving = [...withdrawal(state), disconnect(CLOSE_CODES.unanswered, error.code)];
  const refused = isAttempt(state) && state.step === "proving" && error.code === "LOGIN_FAILED";
  if (refused && settings.asksAgain && state.refused === undefined) {
    const unproven = established && { ...established, token: undefined };
    const [next, effects] = attempt(unproven, attempts, error, settings, moment, error);
    return [next, [...leaving, ...effects]];
  }
  if (isFinal(error) || established === undefined || settings.reconnect === undefined) return fail(state, error);
  const kept = error.code === "SESSION_REVOKED" ? { ...established, token: undefined } : established;
  if (attempts === 0 && error.retryAfterMs === undefined) {
    const [next, effects] = attempt(kept, 1, error, settings, moment);
    return [next, [...leaving, ...effects]];
  }
  const delayMs = reconnectDelay(Math.max(0, attempts - 1), error.retryAfterMs, settings.reconnect, moment.random);
  return [{ phase: "offline", established: kept, attempts, due: moment.now + delayMs, cause: error }, leaving];
}

function fail(state: ClientSession, cause: RedRoomError): Step {
  const breach = cause.code === "LOG_FORK" || cause.code === "PROTOCOL_ERROR" || cause.code === "FRAME_TOO_LARGE";
  const code = breach || cause.code === "CERTIFICATE_INVALID" ? CLOSE_CODES.protocolError : CLOSE_CODES.normal;
  return [{ phase: "failed", cause }, [...withdrawal(state), disconnect(code, cause.message)]];
}

/** The first time people see how far it is; later that it is being resumed. */
function enter(state: Omit<Attempt, "phase">): Attempt {
  const { established, step, welcome } = state;
  const connected = step === "greeting" || step === "proving" || welcome !== undefined;
  return { ...state, phase: established !== undefined ? "resuming" : connected ? "authenticating" : "connecting" };
}

function withdrawal(state: ClientSession): ClientSessionEffect[] {
  return isAttempt(state) && state.step === "asking" ? [{ type: "withdraw" }] : [];
}

const send = (message: Message): ClientSessionEffect => ({ type: "send", message });

function disconnect(code: number, reason: string): ClientSessionEffect {
  return { type: "disconnect", code, reason };
}
