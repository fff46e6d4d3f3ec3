import { RedRoomError } from "../base/errors.ts";
import type { UserRecord, UserStore } from "../store/user-store.ts";
import { hashPassword } from "./password.ts";
import { checkPassword } from "./password-rules.ts";

/**
 * Gives somebody a new password; the old one is no longer taken.
 *
 * @throws {RedRoomError} `USER_UNKNOWN`, `PASSWORD_INVALID`, `STORE_UNAVAILABLE`.
 */
export async function setPassword(users: UserStore, name: string, password: string): Promise<void> {
  checkPassword(password, name);
  const user = await requireUser(users, name);
  await users.updateUser(user.id, { passwordHash: await hashPassword(password) });
}

/** @throws {RedRoomError} `USER_UNKNOWN`. */
export async function requireUser(users: UserStore, name: string): Promise<UserRecord> {
  const user = await users.findUser(name);
  if (user !== undefined) return user;
  throw new RedRoomError("USER_UNKNOWN", `unable to find the user; nobody is called "${name}"`);
}
