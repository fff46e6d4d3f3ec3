import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { BURST_MS, RateLimit } from "./rate-limit.ts";

/** What somebody may ask of a server, on average over a few seconds. */
export interface Rates {
  /** Requests and topics opened. Further ones are refused with `TOO_MANY_REQUESTS` and the time to wait. */
  readonly requestsPerSecond: number;
  /** Frames of any kind. Further ones are not read before their time: nothing is lost, the sender has to wait. */
  readonly framesPerSecond: number;
  /** Bytes of frames without padding; as for frames. */
  readonly bytesPerSecond: number;
}

export interface Quota extends Rates {
  /** Connections at a time. Further ones are refused with `TOO_MANY_CONNECTIONS` and the time to wait. */
  readonly connections: number;
}

/** What one connection, all connections from one IP address, and all of one user may ask for. */
export interface Quotas {
  readonly connection: Rates;
  readonly address: Quota;
  readonly user: Quota;
}

const MIB = 1024 * 1024;

export const DEFAULT_QUOTAS: Quotas = {
  connection: { requestsPerSecond: 500, framesPerSecond: 20_000, bytesPerSecond: 64 * MIB },
  address: {
    connections: 2_000,
    requestsPerSecond: 5_000,
    framesPerSecond: 100_000,
    bytesPerSecond: 256 * MIB,
  },
  user: { connections: 2_000, requestsPerSecond: 5_000, framesPerSecond: 50_000, bytesPerSecond: 128 * MIB },
};

/** Options for quotas: what is left out is as in `DEFAULT_QUOTAS`. */
export type QuotaOptions = { readonly [Scope in keyof Quotas]?: Partial<Quotas[Scope]> };

/** @throws {RedRoomError} `OPTIONS_INVALID`, naming the quota. */
export function resolveQuotas(given: QuotaOptions = {}): Quotas {
  const quotas = {
    connection: { ...DEFAULT_QUOTAS.connection, ...given.connection },
    address: { ...DEFAULT_QUOTAS.address, ...given.address },
    user: { ...DEFAULT_QUOTAS.user, ...given.user },
  };
  for (const [scope, rates] of Object.entries(quotas)) {
    for (const [name, value] of Object.entries(rates)) {
      if (value >= 1 && Number.isFinite(value)) continue;
      throw new RedRoomError("OPTIONS_INVALID", `unable to use quotas.${scope}.${name}; ${value} is not 1 or more`);
    }
  }
  return quotas;
}

/** How soon a connection that was one too many may be tried again. */
const RETRY_CONNECTION_MS = 5_000;

/** What is left of one quota. */
class Allowance {
  readonly quota: Quota;
  readonly requests: RateLimit;
  readonly frames: RateLimit;
  readonly bytes: RateLimit;
  connections = 0;
  /** When its last connection ended. */
  idleAt = 0;

  constructor(quota: Quota, clock: Clock) {
    this.quota = quota;
    this.requests = new RateLimit(quota.requestsPerSecond, clock);
    this.frames = new RateLimit(quota.framesPerSecond, clock);
    this.bytes = new RateLimit(quota.bytesPerSecond, clock);
  }
}

/** What is left to each address, or to each user. Somebody who comes back soon is still known. */
class Allowances {
  readonly #quota: Quota;
  readonly #clock: Clock;
  readonly #used = new Map<string, Allowance>();
  readonly #idle = new Map<string, Allowance>();

  constructor(quota: Quota, clock: Clock) {
    this.#quota = quota;
    this.#clock = clock;
  }

  /** @returns `undefined` when there are as many connections as there may be. */
  enter(key: string): Allowance | undefined {
    this.#tidy();
    const allowance = this.#used.get(key) ?? this.#idle.get(key) ?? new Allowance(this.#quota, this.#clock);
    if (allowance.connections >= this.#quota.connections) return undefined;
    allowance.connections += 1;
    this.#idle.delete(key);
    this.#used.set(key, allowance);
    return allowance;
  }

  leave(key: string, allowance: Allowance): void {
    allowance.connections -= 1;
    if (allowance.connections > 0) return;
    this.#used.delete(key);
    allowance.idleAt = this.#clock.monotonic();
    this.#idle.set(key, allowance);
  }

  /** Forgets those who have their full allowance again. */
  #tidy(): void {
    const before = this.#clock.monotonic() - BURST_MS;
    for (const [key, { idleAt }] of this.#idle) {
      if (idleAt > before) return;
      this.#idle.delete(key);
    }
  }
}

/** All quotas of a server, in use. */
export class QuotaBook {
  readonly #quotas: Quotas;
  readonly #clock: Clock;
  readonly #addresses: Allowances;
  readonly #users: Allowances;

  constructor(quotas: Quotas, clock: Clock) {
    this.#quotas = quotas;
    this.#clock = clock;
    this.#addresses = new Allowances(quotas.address, clock);
    this.#users = new Allowances(quotas.user, clock);
  }

  /** Opens the account of a new connection. */
  open(address: string): Spending {
    const own = new Allowance({ connections: 1, ...this.#quotas.connection }, this.#clock);
    return new Spending(own, this.#addresses, address, this.#users);
  }
}

/** What one connection takes from its own quota, its address's and its user's. */
export class Spending {
  /** Why the connection is one too many. */
  readonly refusal: RedRoomError | undefined;
  readonly #allowances: Allowance[];
  readonly #users: Allowances;
  readonly #leaves: (() => void)[] = [];
  #closed = false;

  constructor(own: Allowance, addresses: Allowances, address: string, users: Allowances) {
    this.#allowances = [own];
    this.#users = users;
    if (!this.#enter(addresses, address)) this.refusal = tooManyConnections("address");
  }

  /** @throws {RedRoomError} `TOO_MANY_CONNECTIONS` when the user has as many as there may be. */
  identify(userId: string): void {
    if (!this.#enter(this.#users, userId)) throw tooManyConnections("user");
  }

  /** @throws {RedRoomError} `TOO_MANY_REQUESTS`, with the time to wait. */
  request(): void {
    const waitMs = Math.max(...this.#allowances.map(({ requests }) => requests.waitMs(1)));
    if (waitMs > 0) {
      throw new RedRoomError(
        "TOO_MANY_REQUESTS",
        "unable to serve now; more was asked for than is allowed in a second",
        {
          retryable: true,
          retryAfterMs: waitMs,
        },
      );
    }
    for (const { requests } of this.#allowances) requests.take(1);
  }

  /** A frame was read. @returns How long to read no further one. */
  frame(bytes: number): number {
    let waitMs = 0;
    for (const allowance of this.#allowances) {
      allowance.frames.take(1);
      allowance.bytes.take(bytes);
      waitMs = Math.max(waitMs, allowance.frames.waitMs(0), allowance.bytes.waitMs(0));
    }
    return waitMs;
  }

  close(): void {
    this.#closed = true;
    for (const leave of this.#leaves.splice(0)) leave();
  }

  #enter(allowances: Allowances, key: string): boolean {
    const allowance = allowances.enter(key);
    if (allowance === undefined) return false;
    this.#allowances.push(allowance);
    this.#leaves.push(() => allowances.leave(key, allowance));
    if (this.#closed) this.close();
    return true;
  }
}

const tooManyConnections = (whose: "address" | "user"): RedRoomError =>
  new RedRoomError("TOO_MANY_CONNECTIONS", `unable to connect; this ${whose} has as many connections as it may have`, {
    retryable: true,
    retryAfterMs: RETRY_CONNECTION_MS,
  });
