import { type Clock, LONGEST_DELAY_MS } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { ClientSessionSettings } from "../session/client-phases.ts";
import type { StateChange } from "../session/client-state.ts";
import type { CredentialsSource } from "../session/credentials.ts";
import { DEFAULT_RECONNECT_DELAYS, type ReconnectDelays } from "../session/reconnect.ts";
import type { Transport } from "../transport/transport.ts";
import { DEFAULT_OUTBOX_LIMITS, type OutboxLimits } from "./outbox.ts";

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
  /** As the event `state`, from the very beginning: also the changes before `connect` has resolved. */
  readonly onState?: (change: StateChange) => void;
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
  const { minDelayMs, maxDelayMs } = withDefaults(DEFAULT_RECONNECT_DELAYS, reconnect || {});
  const durations = { timeoutMs, minDelayMs, maxDelayMs, ...(heartbeatMs !== undefined && { heartbeatMs }) };
  checkNumbers(durations, LONGEST_DELAY_MS);
  return {
    timeoutMs,
    heartbeatMs,
    reconnect: reconnect === false ? undefined : { minDelayMs, maxDelayMs },
    asksAgain: typeof auth === "function",
  };
}

/** @throws {RedRoomError} `OPTIONS_INVALID`. */
export function outboxLimitsOf({ outbox = {} }: RedRoomClientOptions): OutboxLimits {
  const limits = withDefaults(DEFAULT_OUTBOX_LIMITS, outbox);
  checkNumbers({ ...limits }, Number.MAX_SAFE_INTEGER);
  return limits;
}

/** What is `undefined` counts as not given. */
function withDefaults<T extends object>(defaults: T, given: Partial<T>): T {
  return { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

function checkNumbers(numbers: Readonly<Record<string, number>>, highest: number): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (value > 0 && value <= highest) continue;
    const why = `${value} is not a number above 0 and up to ${highest}`;
    throw new RedRoomError("OPTIONS_INVALID", `unable to use ${name}; ${why}`);
  }
}
