import { RedRoomError } from "../base/errors.ts";
import type { Credentials } from "../session/credentials.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { UserRecord, UserStore } from "../store/user-store.ts";
import { verifyPassword } from "./password.ts";

/**
 * Says who somebody is: the hook for applications with a login of their own. `id` must be stable and never reused; call
 * `server.revoke(id)` when a password or the rights have changed.
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

export type Login = (credentials: Credentials) => Promise<Account>;

/** People of the store's directory who are no users. */
const RESERVED_IDS = ["server", "operator"];

/** The login of an application. */
export function loginWith(authenticate: Authenticate): Login {
  return async (credentials) => {
    const { id, name, admin } = await authenticate(credentials);
    if (RESERVED_IDS.includes(id)) {
      throw new RedRoomError(
        "INTERNAL",
        `unable to log anybody in with the id "${id}"; it stands for the ${id} itself`,
      );
    }
    return { user: { id, name, admin }, basis: undefined };
  };
}

/** The login with the users of the store. Unknown names take as long as wrong passwords. */
export function loginOf(users: UserStore): Login {
  return async ({ name, password }) => {
    const user = await users.findUser(name);
    const right = await verifyPassword(user?.passwordHash, password);
    if (user === undefined || !right) {
      throw new RedRoomError("LOGIN_FAILED", "unable to log in; the name or the password is wrong", {
        remedy: "check both; an administrator can set a new password",
      });
    }
    return { user: { id: user.id, name: user.name, admin: user.admin }, basis: basisOf(user) };
  };
}

export const basisOf = ({ passwordHash, admin }: UserRecord): string => JSON.stringify([passwordHash, admin]);
