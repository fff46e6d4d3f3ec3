import { RedRoomError } from "../../base/errors.ts";
import type { Credentials } from "../../session/credentials.ts";
import type { SessionUser } from "../../session/session-user.ts";
import type { UserStore } from "../../store/user-store.ts";

/** What everybody in a room logs in with. */
export const ROOM_PASSWORD = "correct horse battery";

/** The login of a room that knows its people by itself. */
export const roomLogin =
  (people: readonly SessionUser[]) =>
  async ({ name, password }: Pick<Credentials, "name" | "password">): Promise<SessionUser> => {
    const person = people.find((one) => one.name === name);
    if (person !== undefined && password === ROOM_PASSWORD) return person;
    throw new RedRoomError("LOGIN_FAILED", "unable to log in; the name or the password is wrong");
  };

/** Their hashes take no time: nothing is secret in a room for tests. */
export async function addUsers(users: UserStore | undefined, people: readonly SessionUser[]): Promise<void> {
  if (users === undefined) throw new RedRoomError("OPTIONS_INVALID", "unable to open the room; its store has no users");
  const passwordHash = await (await import("@node-rs/argon2")).hash(ROOM_PASSWORD, {
    memoryCost: 8,
    timeCost: 1,
    parallelism: 1,
  });
  const account = { passwordHash, createdAt: 0, disabled: false, consent: undefined, legalHold: false };
  for (const person of people) await users.createUser({ ...person, ...account });
}

/** People of the store's directory who are no users. */
const RESERVED = ["server", "operator"];

/** @throws {RedRoomError} `OPTIONS_INVALID` for a name that nobody can have in a room. */
export function checkRoomName(name: string): void {
  if (!RESERVED.includes(name)) return;
  throw new RedRoomError("OPTIONS_INVALID", `unable to open the room; "${name}" stands for the ${name} itself`);
}
