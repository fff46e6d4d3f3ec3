import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Credentials } from "../session/credentials.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { UserRecord, UserStore } from "../store/user-store.ts";
import type { LoginQueue } from "./login-queue.ts";
import { verifyPassword } from "./password.ts";

/**
 * Says who somebody is: the hook for applications with a login of their own. `id` must be stable and never reused; call
 * `server.revoke(id)` when a password or the rights have changed.
 *
 * Takes at most 10 seconds; the client is then told to try again. One that takes long holds up no other.
 *
 * @throws {RedRoomError} `LOGIN_FAILED` for wrong credentials, without telling which part is wrong.
 */
export type Authenticate = (credentials: Credentials) => Promise<SessionUser>;

/** Somebody who has logged in. */
export interface Account {
  readonly user: SessionUser;
  /**
   * What a session rests on: it ends when that of the stored user has become another. `undefined` where the login is the
   * application's own.
   */
  readonly basis: string | undefined;
}

/** Whose login it is. */
export interface LoginOrigin {
  readonly address: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

export type Login = (credentials: Credentials, origin: LoginOrigin) => Promise<Account>;

/** How long an application may take to say who somebody is. */
const ANSWER_MS = 10_000;

/** People of the store's directory who are no users. */
const RESERVED_IDS = ["server", "operator"];

/** The login of an application: whatever it waits for, nobody waits for it. */
export function loginWith(authenticate: Authenticate, clock: Clock): Login {
  return async (credentials, { signal }) => {
    const { id, name, admin } = await inTime(authenticate(credentials), signal, clock);
    if (RESERVED_IDS.includes(id)) {
      throw new RedRoomError(
        "INTERNAL",
        `unable to log anybody in with the id "${id}"; it stands for the ${id} itself`,
      );
    }
    return { user: { id, name, admin }, basis: undefined };
  };
}

function inTime<T>(answer: Promise<T>, signal: AbortSignal, clock: Clock): Promise<T> {
  let end = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const timer = clock.setTimer(() => reject(unanswered()), ANSWER_MS);
    const leave = (): void => reject(new RedRoomError("ABORTED", "unable to log in; the client has gone"));
    signal.addEventListener("abort", leave, { once: true });
    end = () => {
      timer.cancel();
      signal.removeEventListener("abort", leave);
    };
  });
  return Promise.race([answer, late]).finally(end);
}

const unanswered = (): RedRoomError =>
  new RedRoomError("TIMEOUT", `unable to log in now; the login was not checked within ${ANSWER_MS} ms`, {
    retryable: true,
  });

/** The login with the users of the store. Unknown names take as long as wrong passwords. */
export function loginOf(users: UserStore, queue: LoginQueue): Login {
  return async ({ name, password }, { address, signal }) => {
    const user = await users.findUser(name);
    const right = await queue.run(address, signal, () => verifyPassword(user?.passwordHash, password));
    if (user === undefined || !right) {
      throw new RedRoomError("LOGIN_FAILED", "unable to log in; the name or the password is wrong", {
        remedy: "check both; an administrator can set a new password",
      });
    }
    return { user: { id: user.id, name: user.name, admin: user.admin }, basis: basisOf(user) };
  };
}

export const basisOf = ({ passwordHash, admin }: UserRecord): string => JSON.stringify([passwordHash, admin]);
