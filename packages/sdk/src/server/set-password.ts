import { RedRoomError } from "../base/errors.ts";
import type { UserStore } from "../store/user-store.ts";
import { checkPassword } from "./create-user.ts";
import { hashPassword } from "./password.ts";

/**
 * Gives somebody a new password; the old one is no longer taken.
 *
 * @throws {RedRoomError} `USER_UNKNOWN`, `PASSWORD_INVALID`, `STORE_UNAVAILABLE`.
 */
export async function setPassword(users: UserStore, name: string, password: string): Promise<void> {
  checkPassword(password);
  const user = await users.findUser(name);
  if (user === undefined)
    throw new RedRoomError("USER_UNKNOWN", `unable to set the password; nobody is called "${name}"`);
  await users.setPasswordHash(user.id, await hashPassword(password));
}
