import type { RedRoomError } from "../base/errors.ts";

export interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** Why credentials are asked for, and until when they are wanted. */
export interface CredentialsRequest {
  /** Aborted when the answer is no longer wanted: it took too long, or the client closes. */
  readonly signal: AbortSignal;
  /** What the server said to those given last: `LOGIN_FAILED`. */
  readonly refused?: RedRoomError;
}

/**
 * Name and password, or a function that obtains them, called before each login. One call at a time: the one before has
 * settled, or was given up by its signal after `timeoutMs`, so that a call that hangs wedges nothing. What it throws, and
 * what is no name and password, is treated like a lost network and tried again, except an `ABORTED`: that ends the client.
 */
export type CredentialsSource = Credentials | ((request: CredentialsRequest) => Credentials | Promise<Credentials>);
