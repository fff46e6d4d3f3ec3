import { utf8 } from "../base/bytes.ts";
import { systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import { MAX_NAME_BYTES } from "../protocol/limits.ts";
import type { SessionUser } from "../session/session-user.ts";
import { ERASED_NAME, loginKey, type UserStore } from "../store/user-store.ts";
import { hashPassword } from "./password.ts";
import { checkPassword } from "./password-rules.ts";

export interface NewUser {
  readonly name: string;
  readonly password: string;
  /** Administrators create users and topics; `false` by default. */
  readonly admin?: boolean;
}

/**
 * Adds somebody who may log in. The password is kept as an argon2id hash only.
 *
 * @param hash Where a server hashes by turns.
 * @throws {RedRoomError} `NAME_INVALID`, `PASSWORD_INVALID`, `NAME_TAKEN`, `STORE_UNAVAILABLE`.
 */
export async function createUser(
  users: UserStore,
  { name, password, admin = false }: NewUser,
  hash: (password: string) => Promise<string> = hashPassword,
): Promise<SessionUser> {
  checkName(name);
  checkPassword(password, name);
  const user = { id: randomId(), name: name.normalize("NFC"), admin };
  await users.createUser({
    ...user,
    passwordHash: await hash(password),
    createdAt: systemClock.now(),
    disabled: false,
    consent: undefined,
    legalHold: false,
  });
  return user;
}

/** @throws {RedRoomError} `NAME_INVALID`. */
export function checkName(name: string): void {
  const refuse = (reason: string): never => {
    throw new RedRoomError("NAME_INVALID", `unable to use the name; ${reason}`);
  };
  if (!name.isWellFormed() || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) refuse("it contains control characters");
  if (name.trim() === "" || name.trim() !== name) refuse("it is empty, or has spaces at its ends");
  if (loginKey(name) === ERASED_NAME) refuse("it stands for people who were erased");
  const bytes = utf8(name.normalize("NFC")).byteLength;
  if (bytes > MAX_NAME_BYTES) refuse(`${bytes} bytes, the limit is ${MAX_NAME_BYTES}`);
}
