import type { RedRoomError } from "../base/errors.ts";
import type { Limits } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Credentials } from "./credentials.ts";
import type { ReconnectDelays } from "./reconnect.ts";
import type { SessionUser } from "./session-user.ts";

/** A session as the server has confirmed it: it outlives the connection. */
export interface Established {
  readonly sessionId: string;
  /** Continues the session on another connection; absent once the server has said that it is over. */
  readonly token: string | undefined;
  readonly user: SessionUser;
  /** What must be consented to before anything is served. */
  readonly consent: ConsentRequest | undefined;
  readonly limits: Limits;
  /** Ed25519: signs the checkpoints of all topics. */
  readonly logKey: Uint8Array;
  readonly heartbeatMs: number;
}

/** A text that somebody has to consent to, and the SHA-256 by which the server knows it. */
export interface ConsentRequest {
  readonly text: string;
  readonly digest: string;
}

/** What a connection has said of itself before anybody logged in. */
export type Welcome = Pick<Established, "limits" | "logKey" | "heartbeatMs">;

/**
 * On the way to a session. `step`: credentials are being asked for; the connection is dialled; `hello` is sent; `login` or
 * `resume` is sent.
 */
export interface Attempt {
  readonly phase: "connecting" | "authenticating" | "resuming";
  readonly step: "asking" | "dialling" | "greeting" | "proving";
  /** When the step takes too long. */
  readonly due: number;
  /** The session that is to go on; absent the first time. */
  readonly established: Established | undefined;
  /** Attempts since a session last held. */
  readonly attempts: number;
  readonly credentials?: Credentials | undefined;
  /** What the server said to earlier credentials of this attempt. */
  readonly refused?: RedRoomError | undefined;
  readonly welcome?: Welcome | undefined;
  readonly consent?: ConsentRequest | undefined;
  /** What ended the connection before. */
  readonly cause: RedRoomError | undefined;
}

export interface Usable {
  /** `unavailable`: the server cannot use its record now. */
  readonly phase: "online" | "unavailable";
  readonly established: Established;
  /** When the next ping is sent. */
  readonly due: number;
  /** As in `Attempt`; 0 once the session has held for a heartbeat. */
  readonly attempts: number;
  readonly pings: number;
  /** There was a pong since the last ping. */
  readonly answered: boolean;
  readonly cause: RedRoomError | undefined;
}

export interface Waiting {
  readonly phase: "offline";
  readonly established: Established;
  /** When the next attempt begins. */
  readonly due: number;
  readonly attempts: number;
  readonly cause: RedRoomError;
}

/** The client's side of the control stream, as data. `due` says when it wants a `timer`; without it, it wants none. */
export type ClientSession =
  | { readonly phase: "idle" | "closed" }
  | Attempt
  | Usable
  | Waiting
  | { readonly phase: "failed"; readonly cause: RedRoomError };

export type ClientSessionInput =
  | { readonly type: "connect" }
  /** The answer to `ask`. */
  | { readonly type: "credentials"; readonly credentials: Credentials }
  | { readonly type: "noCredentials"; readonly error: RedRoomError }
  | { readonly type: "connected" }
  | { readonly type: "message"; readonly message: Message }
  /** The time that `due` names has come. */
  | { readonly type: "timer" }
  /** The dial, the connection or the control stream ended. */
  | { readonly type: "lost"; readonly error: RedRoomError }
  /** Something else than the control stream found that all must end. */
  | { readonly type: "fail"; readonly error: RedRoomError }
  /** A request was answered with what the control stream tells too. */
  | { readonly type: "learnt"; readonly message: MessageOf<"accountChanged" | "consentGiven"> }
  | { readonly type: "connectNow" }
  | { readonly type: "close" };

export type ClientSessionEffect =
  /** Obtain credentials; one question at a time. */
  | { readonly type: "ask"; readonly refused: RedRoomError | undefined }
  /** The answer to `ask` is no longer wanted. */
  | { readonly type: "withdraw" }
  | { readonly type: "dial" }
  | { readonly type: "send"; readonly message: Message }
  /** End the connection or the dial, where there is one. Nothing of it is wanted any more. */
  | { readonly type: "disconnect"; readonly code: number; readonly reason: string };

export interface ClientSessionSettings {
  /** How long obtaining credentials, and how long connecting and logging in, may take. */
  readonly timeoutMs: number;
  /** Where the server asks for a longer one. */
  readonly heartbeatMs: number | undefined;
  /** `undefined`: a lost connection is final. */
  readonly reconnect: ReconnectDelays | undefined;
  /** Whether other credentials can be had than those that were refused. */
  readonly asksAgain: boolean;
}

/** The outside world at the moment of a step. */
export interface Moment {
  readonly now: number;
  /** From 0 up to, and not including, 1. */
  readonly random: number;
}

export function isAttempt(state: ClientSession): state is Attempt {
  return "step" in state;
}

export function isUsable(state: ClientSession): state is Usable {
  return state.phase === "online" || state.phase === "unavailable";
}
