import { type Clock, systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { type Limits, resolveLimits } from "../protocol/limits.ts";
import type { TopicStore } from "../store/topic-store.ts";
import type { UserStore } from "../store/user-store.ts";
import { quicTransport, type TlsIdentity } from "../transport/quic/quic-transport.ts";
import type { Transport } from "../transport/transport.ts";
import type { Authenticate } from "./authenticate.ts";
import { type QuotaOptions, type Quotas, resolveQuotas } from "./quotas.ts";

export interface RedRoomServerOptions {
  /** The server's certificate and key (PEM), for QUIC. Either this or `transport` is needed. */
  readonly tls?: TlsIdentity;
  /** A transport made by yourself, such as the memory transport in a test. */
  readonly transport?: Transport;
  /** Where the topics live. The server opens it in `listen` and closes it in `close`. */
  readonly store: TopicStore & { readonly users?: UserStore };
  /** Who may log in; by default the users of the store. */
  readonly authenticate?: Authenticate;
  /** How large things may be; told to every client. */
  readonly limits?: Partial<Limits>;
  /** How much a connection, an address and a user may ask for; generous by default, see `DEFAULT_QUOTAS`. */
  readonly quotas?: QuotaOptions;
  /** Clients show at least this often that they are there; 10,000 by default. Two silent intervals end a connection. */
  readonly heartbeatMs?: number;
  /** How long a connection may take to log in; 5,000 by default. */
  readonly loginTimeoutMs?: number;
  /** How long a session waits for its client to come back; 600,000 by default. */
  readonly sessionTtlMs?: number;
  /** How long a reader may take nothing of what it is sent, before it is cut off; 30,000 by default. */
  readonly slowConsumerMs?: number;
  /** Bytes of entries read from the store that one connection may have waiting to be sent; 4 MiB by default. */
  readonly maxPeerBytes?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** The options with their defaults, checked. */
export interface ServerSettings {
  readonly transport: Transport;
  readonly store: TopicStore & { readonly users?: UserStore };
  readonly authenticate: Authenticate | undefined;
  readonly limits: Limits;
  readonly quotas: Quotas;
  readonly heartbeatMs: number;
  readonly loginTimeoutMs: number;
  readonly sessionTtlMs: number;
  readonly slowConsumerMs: number;
  readonly maxPeerBytes: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

const NUMBERS = {
  heartbeatMs: 10_000,
  loginTimeoutMs: 5_000,
  sessionTtlMs: 600_000,
  slowConsumerMs: 30_000,
  maxPeerBytes: 4 * 1024 * 1024,
};

/** @throws {RedRoomError} `OPTIONS_INVALID`, naming the option. */
export function resolveServerOptions(options: RedRoomServerOptions): ServerSettings {
  const { store, tls, authenticate, logger = silentLogger, clock = systemClock } = options;
  if (authenticate === undefined && store.users === undefined) {
    throw optionsInvalid("the store has no users, so `authenticate` is needed");
  }
  const transport = options.transport ?? (tls && quicTransport({ tls }));
  if (transport === undefined) throw optionsInvalid("either `tls` or `transport` is needed");
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, usual]) => [name, options[name as keyof typeof NUMBERS] ?? usual]),
  ) as typeof NUMBERS;
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw optionsInvalid(`${name} must be a whole number above 0, not ${String(value)}`);
    }
  }
  const [limits, quotas] = [resolveLimits(options.limits), resolveQuotas(options.quotas)];
  return { transport, store, authenticate, limits, quotas, ...numbers, logger, clock };
}

export const optionsInvalid = (reason: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to serve; ${reason}`);
