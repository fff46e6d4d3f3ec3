import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { ClientSessionSettings } from "../session/client-phases.ts";
import type { CredentialsSource } from "../session/credentials.ts";
import { DEFAULT_RECONNECT_DELAYS, type ReconnectDelays } from "../session/reconnect.ts";
import type { Transport } from "../transport/transport.ts";
import type { OutboxLimits } from "./outbox.ts";

export interface RedRoomClientOptions {
  /** Name and password, or a function that obtains them whenever a login needs them. */
  readonly auth: CredentialsSource;
  /** PEM of the authority that certified the server, for an address without a pin. */
  readonly ca?: string;
  /** A transport made by yourself, such as the memory transport in a test. */
  readonly transport?: Transport;
  /** How long obtaining credentials, and how long connecting and logging in, may take; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Gives up the first connecting. */
  readonly signal?: AbortSignal;
  /** How a lost connection is made again; `false`: it is not, and ends the client. */
  readonly reconnect?: Partial<ReconnectDelays> | false;
  /** A link is dead when it has been silent for two of these; the server's (10,000 by default) where that is shorter. */
  readonly heartbeatMs?: number;
  /** What may wait to be stored, for each topic. */
  readonly outbox?: Partial<OutboxLimits>;
  readonly clock?: Clock;
  /** From 0 up to, and not including, 1: spreads reconnects. `Math.random` by default. */
  readonly random?: () => number;
  /** What an earlier client has verified (its `trusted`): a server that has changed the record since is found out. */
  readonly trusted?: ReadonlyMap<string, string>;
}

/** @throws {RedRoomError} `OPTIONS_INVALID`. */
export function settingsOf({
  auth,
  timeoutMs = 10_000,
  heartbeatMs,
  reconnect,
}: RedRoomClientOptions): ClientSessionSettings {
  const delays = { ...DEFAULT_RECONNECT_DELAYS, ...reconnect };
  const { minDelayMs, maxDelayMs } = delays;
  for (const [name, value] of Object.entries({ timeoutMs, heartbeatMs, minDelayMs, maxDelayMs })) {
    if (value !== undefined && !(value > 0)) {
      throw new RedRoomError("OPTIONS_INVALID", `unable to use ${name}; ${value} is not a number above 0`);
    }
  }
  return {
    timeoutMs,
    heartbeatMs,
    reconnect: reconnect === false ? undefined : delays,
    asksAgain: typeof auth === "function",
  };
}
