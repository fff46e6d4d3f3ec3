import { RedRoomError } from "../base/errors.ts";
import type { Credentials } from "../session/credentials.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { UserStore } from "../store/user-store.ts";
import { verifyPassword } from "./password.ts";

/**
 * Says who somebody is: the hook for applications with a login of their own. `id` must be stable and never reused.
 *
 * @throws {RedRoomError} `LOGIN_FAILED` for wrong credentials, without telling which part is wrong.
 */
export type Authenticate = (credentials: Credentials) => Promise<SessionUser>;

/** The login with the users of the store. Unknown names take as long as wrong passwords. */
export function authenticateWith(users: UserStore): Authenticate {
  return async ({ name, password }) => {
    const user = await users.findUser(name);
    const right = await verifyPassword(user?.passwordHash, password);
    if (user === undefined || !right) {
      throw new RedRoomError("LOGIN_FAILED", "unable to log in; the name or the password is wrong", {
        remedy: "check both; an administrator can set a new password",
      });
    }
    return { id: user.id, name: user.name, admin: user.admin };
  };
}
