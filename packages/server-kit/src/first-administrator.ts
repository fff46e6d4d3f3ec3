import { createUser, RedRoomError } from "@redroom/sdk";
import type { UserStore } from "@redroom/sdk/store";
import { generatePassword } from "./generate-password.ts";

export interface Administrator {
  readonly name: string;
  readonly password: string;
}

/** Shows somebody the password, which is kept nowhere. When it rejects, the administrator is not made. */
export type Announce = (administrator: Administrator) => Promise<void>;

const NAME = "admin";

/**
 * Makes an administrator where there is none. The password is announced first and stored then: a process that dies in
 * between has shown a password that is worth nothing, and the next start shows another; never is there an administrator
 * whose password nobody has seen.
 *
 * @returns The administrator that was made, if any.
 */
export async function ensureAdministrator(users: UserStore, announce: Announce): Promise<Administrator | undefined> {
  const present = await users.listUsers();
  if (present.some(({ admin }) => admin)) return undefined;
  if ((await users.findUser(NAME)) !== undefined) {
    throw new RedRoomError(
      "NAME_TAKEN",
      `unable to make the first administrator; "${NAME}" is a user without that right`,
      {
        remedy: "make one under another name: redroom-server user add NAME --admin",
      },
    );
  }
  const administrator = { name: NAME, password: generatePassword() };
  await announce(administrator);
  await createUser(users, { ...administrator, admin: true });
  return administrator;
}
