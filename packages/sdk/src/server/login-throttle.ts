import { createHash } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { loginKey } from "../store/user-store.ts";

/** How failures of one kind add up. */
interface ThrottleRule {
  /** So many cost nothing; each further one doubles the wait, from a second on. */
  readonly free: number;
  readonly maxWaitMs: number;
  /** One failure is forgotten after each of these. */
  readonly forgetMs: number;
}

export interface ThrottleLimits {
  /** One name from one address. */
  readonly pair: ThrottleRule;
  /** All names from one address. */
  readonly address: ThrottleRule;
  /** One name from all addresses from which nobody has logged in under it. */
  readonly name: ThrottleRule;
  /** Names and addresses that are remembered; who has been quiet longest is forgotten first. */
  readonly maxRemembered: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

export const THROTTLE_LIMITS: ThrottleLimits = {
  pair: { free: 5, maxWaitMs: 15 * MINUTE, forgetMs: 5 * MINUTE },
  address: { free: 50, maxWaitMs: 5 * MINUTE, forgetMs: 30 * SECOND },
  name: { free: 20, maxWaitMs: MINUTE, forgetMs: 30 * SECOND },
  maxRemembered: 50_000,
};

/**
 * Makes guessing passwords slow, and locks nobody out: who has logged in from an address before is held up there by failures
 * under that name from that address alone, whatever others do. A login that comes too early is not checked and counts for
 * nothing. Names that nobody has are treated like all others.
 */
export class LoginThrottle {
  readonly #pairs: Failures;
  readonly #addresses: Failures;
  readonly #names: Failures;
  /** Names and addresses that have come together in a login that was right. */
  readonly #known: Recent<true>;

  constructor(clock: Clock, { pair, address, name, maxRemembered }: ThrottleLimits = THROTTLE_LIMITS) {
    this.#pairs = new Failures(clock, pair, maxRemembered);
    this.#addresses = new Failures(clock, address, maxRemembered);
    this.#names = new Failures(clock, name, maxRemembered);
    this.#known = new Recent(maxRemembered);
  }

  /** @throws {RedRoomError} `TOO_MANY_REQUESTS`, with the time to wait. */
  check(name: string, address: string): void {
    const keys = keysOf(name, address);
    const strange = this.#known.get(keys.pair) === undefined;
    const waitMs = Math.max(
      this.#pairs.waitMs(keys.pair),
      strange ? this.#addresses.waitMs(keys.address) : 0,
      strange ? this.#names.waitMs(keys.name) : 0,
    );
    if (waitMs > 0) throw tooManyFailures(waitMs);
  }

  failed(name: string, address: string): void {
    const keys = keysOf(name, address);
    this.#pairs.add(keys.pair);
    this.#addresses.add(keys.address);
    if (this.#known.get(keys.pair) === undefined) this.#names.add(keys.name);
  }

  /** Forgives nothing but the failures of this name from this address: whoever guesses may have an account too. */
  succeeded(name: string, address: string): void {
    const { pair } = keysOf(name, address);
    this.#pairs.forget(pair);
    this.#known.set(pair, true);
  }

  /** How much is remembered. */
  get size(): number {
    return this.#pairs.size + this.#addresses.size + this.#names.size + this.#known.size;
  }
}

/** How often something has failed lately. */
class Failures {
  readonly #clock: Clock;
  readonly #rule: ThrottleRule;
  readonly #recent: Recent<{ readonly level: number; readonly at: number }>;

  constructor(clock: Clock, rule: ThrottleRule, maxRemembered: number) {
    this.#clock = clock;
    this.#rule = rule;
    this.#recent = new Recent(maxRemembered);
  }

  get size(): number {
    return this.#recent.size;
  }

  add(key: string): void {
    this.#recent.set(key, { level: this.#levelOf(key) + 1, at: this.#clock.monotonic() });
  }

  forget(key: string): void {
    this.#recent.delete(key);
  }

  /** How long the next attempt has to wait, from now on. */
  waitMs(key: string): number {
    const last = this.#recent.get(key);
    if (last === undefined || last.level <= this.#rule.free) return 0;
    const waitMs = Math.min(
      this.#rule.maxWaitMs,
      SECOND * 2 ** Math.min(30, Math.ceil(last.level - this.#rule.free) - 1),
    );
    return Math.max(0, last.at + waitMs - this.#clock.monotonic());
  }

  #levelOf(key: string): number {
    const last = this.#recent.get(key);
    if (last === undefined) return 0;
    return Math.max(0, last.level - (this.#clock.monotonic() - last.at) / this.#rule.forgetMs);
  }
}

/** A map that holds so many, and drops what was set longest ago. */
class Recent<T> {
  readonly #max: number;
  readonly #entries = new Map<string, T>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) return;
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}

/** Digests: a name may be long, or a password that was typed into the wrong field. */
function keysOf(name: string, address: string) {
  const [who, where] = [createHash("sha256").update(loginKey(name)).digest("base64url"), networkOf(address)];
  return { name: who, address: where, pair: `${who} ${where}` };
}

/** Who has one IPv6 address has a whole /64 of them. */
function networkOf(address: string): string {
  const plain = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  if (!plain.includes(":") || plain.includes(".")) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - behind.length;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill("0"), ...behind];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, "").toLowerCase())
    .join(":")}::/64`;
}

const tooManyFailures = (waitMs: number): RedRoomError =>
  new RedRoomError(
    "TOO_MANY_REQUESTS",
    `unable to log in now; too many logins have failed, the next one is checked in ${Math.ceil(waitMs / SECOND)} s`,
    { retryable: true, retryAfterMs: Math.ceil(waitMs) },
  );
