import { RedRoomError } from "@redroom/sdk";
import type { UserRecord, UserStore } from "@redroom/sdk/store";

/** @throws {RedRoomError} `USER_UNKNOWN`. */
export async function knownUser(users: UserStore, name: string): Promise<UserRecord> {
  const user = await users.findUser(name);
  if (user !== undefined) return user;
  throw new RedRoomError("USER_UNKNOWN", `unable to find the user; nobody is called "${name}"`, {
    remedy: "see redroom-server user list",
  });
}
