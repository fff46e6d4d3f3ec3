import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { UserChange, UserRecord, UserStore } from "../store/user-store.ts";
import { basisOf } from "./authenticate.ts";
import { checkName } from "./create-user.ts";
import type { LoginOrigin, PasswordCheck } from "./password-check.ts";
import { checkPassword } from "./password-rules.ts";
import type { Sessions } from "./sessions.ts";
import type { TopicRooms } from "./topic-rooms.ts";

/** The session in which somebody asks for something. */
export interface OwnSession extends LoginOrigin {
  readonly user: SessionUser;
  readonly sessionId: string;
}

/** What the people of a server's store rest on. */
export interface AccountsContext {
  readonly users: UserStore;
  readonly sessions: Sessions;
  readonly passwords: PasswordCheck;
  readonly rooms: TopicRooms;
  readonly consent: MessageOf<"consentNeeded"> | undefined;
  readonly clock: Clock;
}

/** What users do with their own account: their session goes on. */
export class OwnAccount {
  readonly #context: AccountsContext;

  constructor(context: AccountsContext) {
    this.#context = context;
  }

  /** @throws {RedRoomError} `NAME_INVALID`, `NAME_TAKEN`, `STORE_UNAVAILABLE`. */
  async changeName({ user }: OwnSession, wanted: string): Promise<SessionUser> {
    const { users, sessions, rooms } = this.#context;
    checkName(wanted);
    const { id, name, admin } = await users.updateUser(user.id, { name: wanted.normalize("NFC") });
    sessions.rename(id, name);
    await rooms.reloadPeople();
    return { id, name, admin };
  }

  /**
   * Ends all other sessions of this user at once.
   *
   * @throws {RedRoomError} `PASSWORD_INVALID`, `LOGIN_FAILED` when the current one is wrong, `TOO_MANY_REQUESTS` after too
   * many wrong ones, `STORE_UNAVAILABLE`.
   */
  async changePassword(own: OwnSession, current: string, password: string): Promise<SessionUser> {
    const { passwords, sessions } = this.#context;
    const { id, name, admin } = own.user;
    checkPassword(password, name);
    passwords.checkTime(name, own.address);
    const user = await this.#recordOf(own);
    if (!(await passwords.verify(user, { name, password: current }, own))) {
      throw new RedRoomError("LOGIN_FAILED", "unable to change the password; the current one is wrong");
    }
    const passwordHash = await passwords.hash(password, own);
    // An administrator may have ended this very session meanwhile.
    if (!sessions.has(id, own.sessionId)) throw sessionOver();
    await this.#change(user, { passwordHash }, own.sessionId);
    sessions.revokeUser(id, "the password has changed", own.sessionId);
    return { id, name, admin };
  }

  /**
   * Goes on in all sessions of this user.
   *
   * @throws {RedRoomError} `CONSENT_NEEDED` when the text is another one, `STORE_UNAVAILABLE`.
   */
  async giveConsent(own: OwnSession, digest: string): Promise<number> {
    const { consent, clock, sessions } = this.#context;
    if (consent?.digest !== digest) throw consentNeeded("the text is another one now");
    const at = clock.now();
    await this.#change(await this.#recordOf(own), { consent: { at, digest } });
    sessions.consent(own.user.id, digest, at);
    return at;
  }

  /**
   * Both what is and what is to be may hold while the store works; where it fails, nobody knows which of them does.
   *
   * @param sessionId The only session that goes on; all by default.
   */
  async #change(user: UserRecord, change: UserChange, sessionId?: string): Promise<void> {
    const { users, sessions } = this.#context;
    const wanted = basisOf({ ...user, ...change });
    sessions.rest(user.id, [basisOf(user), wanted], sessionId);
    const changed = basisOf(await users.updateUser(user.id, change));
    sessions.rest(user.id, [wanted], sessionId);
    if (changed === wanted) return;
    // Somebody else has changed the account at the same time: that counts.
    sessions.revokeUser(user.id, "the password or the rights have changed");
    throw sessionOver();
  }

  /** The record on which the session rests. */
  async #recordOf({ user: { id, name }, sessionId }: OwnSession): Promise<UserRecord> {
    const { users, sessions } = this.#context;
    const user = await users.findUser(name);
    // Erased, about to get another name, or changed by somebody else: the watch ends such a session in a moment.
    if (user?.id !== id || !sessions.restsOn(id, sessionId, basisOf(user))) throw sessionOver();
    return user;
  }
}

export const consentNeeded = (reason: string): RedRoomError =>
  new RedRoomError("CONSENT_NEEDED", `unable to serve; ${reason}`, {
    remedy: "read the text that the server has sent, and consent to it",
  });

const sessionOver = (): RedRoomError =>
  new RedRoomError("SESSION_REVOKED", "unable to go on; the account has changed meanwhile", { remedy: "log in again" });
