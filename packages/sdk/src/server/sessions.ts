import { createHash, randomBytes } from "node:crypto";
import { toBase64Url } from "../base/bytes.ts";
import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { Admission } from "../session/server-session.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Account } from "./authenticate.ts";

/** The connection over which a session goes on now. */
export interface SessionCarrier {
  /** The session goes on over another connection. */
  replaced(): void;
  /** The session has ended; nothing may follow, in neither direction. */
  revoked(error: RedRoomError): void;
  /** Its user has another name. */
  renamed(user: SessionUser): void;
  /** Its user has consented to what was needed. */
  consented(at: number): void;
}

export interface SessionLimits {
  /** How long a session lives without a connection. */
  readonly ttlMs: number;
  /** Sessions without a connection that are kept; the oldest goes first. */
  readonly maxSuspended: number;
  /** Of these, of one user. */
  readonly maxSuspendedPerUser: number;
}

export const SESSION_LIMITS: SessionLimits = { ttlMs: 600_000, maxSuspended: 10_000, maxSuspendedPerUser: 64 };

interface Session {
  readonly id: string;
  account: Account;
  /** The same object wherever this session is served, so that it has the present name everywhere. */
  readonly user: { readonly id: string; readonly admin: boolean; name: string };
  /** Digest of the token that was handed out last. */
  token: string;
  /** Digest of the one before, until the client has shown that it has the last one. */
  previous: string | undefined;
  carrier: SessionCarrier | undefined;
  /** When it ends, while it has no connection. */
  endsAt: number;
}

/**
 * Who is logged in, whether connected or not: sessions survive their connections. Tokens are 32 random bytes, known here
 * only by their SHA-256, new at each use, and never written anywhere.
 */
export class Sessions {
  readonly #clock: Clock;
  readonly #limits: SessionLimits;
  readonly #consent: MessageOf<"consentNeeded"> | undefined;
  readonly #byToken = new Map<string, Session>();
  readonly #byUser = new Map<string, Set<Session>>();
  /** In the order in which they end. */
  readonly #suspended = new Set<Session>();
  /** From user to the number of the last revocation. */
  readonly #revoked = new Map<string, number>();
  #revocations = 0;
  #timer: Timer | undefined;

  /** @param consent What users have to consent to, where there is such a thing. */
  constructor(clock: Clock, limits: SessionLimits = SESSION_LIMITS, consent?: MessageOf<"consentNeeded">) {
    this.#clock = clock;
    this.#limits = limits;
    this.#consent = consent;
  }

  get size(): number {
    let size = 0;
    for (const sessions of this.#byUser.values()) size += sessions.size;
    return size;
  }

  /** Users with a session, and what was true of each when that session began. */
  accounts(): Account[] {
    return [...this.#byUser.values()].flatMap((sessions) => [...sessions].map(({ account }) => account));
  }

  /**
   * @param since `revocations` when the login began to be checked.
   * @throws {RedRoomError} `SESSION_REVOKED` when the user was revoked meanwhile: what was checked counts no more.
   */
  begin(account: Account, carrier: SessionCarrier, since: number): Admission {
    if ((this.#revoked.get(account.user.id) ?? 0) > since) throw sessionRevoked("the user was revoked meanwhile");
    const user = { ...account.user };
    const session: Session = { id: randomId(), account, user, token: "", previous: undefined, carrier, endsAt: 0 };
    this.#byUser.set(user.id, (this.#byUser.get(user.id) ?? new Set()).add(session));
    return this.#admission(session, false);
  }

  /** Whose session `resume` would continue. */
  userOf(token: string): SessionUser | undefined {
    return this.#byToken.get(digest(token))?.user;
  }

  /**
   * Continues a session on another connection, which takes it over from the one it had.
   *
   * @throws {RedRoomError} `SESSION_UNKNOWN`.
   */
  resume(token: string, carrier: SessionCarrier): Admission {
    const used = digest(token);
    const session = this.#byToken.get(used);
    if (session === undefined) throw sessionUnknown();
    // Who still uses the previous token never got the last one; who uses the last one needs no other.
    this.#byToken.delete(session.token);
    if (session.previous !== undefined) this.#byToken.delete(session.previous);
    session.previous = used;
    this.#byToken.set(used, session);
    const replaced = session.carrier;
    session.carrier = carrier;
    this.#suspended.delete(session);
    this.#setTimer();
    const admission = this.#admission(session, true);
    replaced?.replaced();
    return admission;
  }

  /** The client has shown that it has its newest token. */
  confirm(carrier: SessionCarrier, { sessionId, user }: Admission): void {
    const session = this.#find(user.id, sessionId);
    if (session?.carrier !== carrier || session.previous === undefined) return;
    this.#byToken.delete(session.previous);
    session.previous = undefined;
  }

  /** The connection is gone. Its session waits to be resumed, unless the client has left for good. */
  release(carrier: SessionCarrier, { sessionId, user }: Admission, left: boolean): void {
    const session = this.#find(user.id, sessionId);
    if (session?.carrier !== carrier) return;
    if (left) {
      this.#forget(session);
      return;
    }
    session.carrier = undefined;
    session.endsAt = this.#clock.monotonic() + this.#limits.ttlMs;
    this.#suspended.add(session);
    this.#bound(session);
    this.#setTimer();
  }

  /** How often a user was revoked. */
  get revocations(): number {
    return this.#revocations;
  }

  /**
   * Ends all sessions of a user at once, and logins under way too.
   *
   * @param except The session that goes on.
   * @returns How many sessions there were.
   */
  revokeUser(userId: string, reason: string, except?: string): number {
    this.#revoked.set(userId, ++this.#revocations);
    return this.#end(
      [...(this.#byUser.get(userId) ?? [])].filter(({ id }) => id !== except),
      reason,
    );
  }

  /** Ends the sessions of these accounts at once. @returns How many there were. */
  revoke(concerns: (account: Account) => boolean, reason: string): number {
    return this.#end(
      [...this.#byUser.values()].flatMap((own) => [...own].filter(({ account }) => concerns(account))),
      reason,
    );
  }

  #end(sessions: readonly Session[], reason: string): number {
    for (const session of sessions) {
      this.#forget(session);
      session.carrier?.revoked(sessionRevoked(reason));
    }
    return sessions.length;
  }

  has(userId: string, sessionId: string): boolean {
    return this.#find(userId, sessionId) !== undefined;
  }

  /** Whether a session rests on this, among others. */
  restsOn(userId: string, sessionId: string, basis: string): boolean {
    return this.#find(userId, sessionId)?.account.basis?.includes(basis) === true;
  }

  /**
   * Says what a user's sessions rest on from now on: our own change of the user must not end those that it is to leave.
   *
   * @param sessionId The only one concerned; all by default.
   */
  rest(userId: string, basis: readonly string[], sessionId?: string): void {
    for (const session of this.#byUser.get(userId) ?? []) {
      if (session.id === (sessionId ?? session.id)) session.account = { ...session.account, basis };
    }
  }

  /** A user has another name: sessions go on, and tell it. */
  rename(userId: string, name: string): void {
    for (const session of this.#byUser.get(userId) ?? []) {
      if (session.user.name === name) continue;
      session.user.name = name;
      session.account = { ...session.account, user: { ...session.user } };
      session.carrier?.renamed(session.user);
    }
  }

  /** A user has consented to what was needed. */
  consent(userId: string, digest: string, at: number): void {
    for (const session of this.#byUser.get(userId) ?? []) {
      session.account = { ...session.account, consent: digest };
      session.carrier?.consented(at);
    }
  }

  /** Forgets all sessions. */
  close(): void {
    this.#byToken.clear();
    this.#byUser.clear();
    this.#suspended.clear();
    this.#setTimer();
  }

  #admission(session: Session, resumed: boolean): Admission {
    const { id: sessionId, user, account } = session;
    const consent = account.consent === this.#consent?.digest ? undefined : this.#consent;
    return { user, sessionId, token: this.#rotate(session), resumed, consent };
  }

  #find(userId: string, sessionId: string): Session | undefined {
    return [...(this.#byUser.get(userId) ?? [])].find(({ id }) => id === sessionId);
  }

  #rotate(session: Session): string {
    const token = toBase64Url(randomBytes(32));
    session.token = digest(token);
    this.#byToken.set(session.token, session);
    return token;
  }

  #bound({ account }: Session): void {
    const { maxSuspended, maxSuspendedPerUser } = this.#limits;
    const own = [...(this.#byUser.get(account.user.id) ?? [])].filter((session) => this.#suspended.has(session));
    if (own.length > maxSuspendedPerUser) this.#forget(own.reduce((a, b) => (b.endsAt < a.endsAt ? b : a)));
    const [oldest] = this.#suspended;
    if (oldest !== undefined && this.#suspended.size > maxSuspended) this.#forget(oldest);
  }

  #forget(session: Session): void {
    this.#byToken.delete(session.token);
    if (session.previous !== undefined) this.#byToken.delete(session.previous);
    const { id } = session.account.user;
    const sessions = this.#byUser.get(id);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byUser.delete(id);
    if (this.#suspended.delete(session)) this.#setTimer();
  }

  /** One timer, for the session that ends next. */
  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { endsAt } of this.#suspended) {
      this.#timer = this.#clock.setTimer(() => this.#expire(), Math.max(0, endsAt - this.#clock.monotonic()));
      return;
    }
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    for (const session of [...this.#suspended]) {
      if (session.endsAt > now) break;
      this.#forget(session);
    }
    this.#setTimer();
  }
}

const digest = (token: string): string => createHash("sha256").update(token).digest("base64url");

const sessionRevoked = (reason: string): RedRoomError =>
  new RedRoomError("SESSION_REVOKED", `unable to go on; ${reason}`, { remedy: "log in again" });

const sessionUnknown = (): RedRoomError =>
  new RedRoomError("SESSION_UNKNOWN", "unable to resume; the session has ended, or the server was started anew", {
    remedy: "log in again",
  });
