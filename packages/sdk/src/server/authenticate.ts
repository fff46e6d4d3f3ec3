import { utf8 } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Credentials } from "../session/credentials.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { UserRecord, UserStore } from "../store/user-store.ts";
import type { Hooks } from "./hooks.ts";
import type { LoginOrigin, PasswordCheck } from "./password-check.ts";

/** Somebody who has logged in. */
export interface Account {
  readonly user: SessionUser;
  /**
   * What a session rests on: it ends when that of the stored user has become none of these. `undefined` where the login is
   * the application's own.
   */
  readonly basis: readonly string[] | undefined;
  /** Digest of the text that the user has consented to. */
  readonly consent: string | undefined;
}

interface ConnectionOrigin extends LoginOrigin {
  /** IP address and port. */
  readonly remoteAddress: string;
}

export type Login = (credentials: Credentials, origin: ConnectionOrigin) => Promise<Account>;

/** UTF-8 bytes of an id or a name: as much as fits the frames that hold it. */
const MAX_TEXT_BYTES = 1_024;

/** People of the store's directory who are no users. */
const RESERVED_IDS = ["server", "operator"];

/** The login of an application: whatever it waits for, nobody waits for it. */
export function loginWith(authenticate: NonNullable<Hooks["authenticate"]>): Login {
  return async ({ name, password }, { remoteAddress, signal }) => {
    const answer = await authenticate({ name, password, remoteAddress }, signal);
    return { user: checkUser(answer), basis: undefined, consent: undefined };
  };
}

/** @throws {RedRoomError} `INTERNAL`, with what is wrong for the log, and no name in it. */
function checkUser(answer: unknown): SessionUser {
  if (typeof answer !== "object" || answer === null) throw noUser(`it is ${answer === null ? null : typeof answer}`);
  const { id, name, admin } = answer as Readonly<Record<string, unknown>>;
  if (typeof admin !== "boolean") throw noUser(`admin is ${typeof admin}, not boolean`);
  const user = { id: checkText("id", id), name: checkText("name", name), admin };
  if (RESERVED_IDS.includes(user.id)) throw noUser(`the id "${user.id}" stands for the ${user.id} itself`);
  return user;
}

function checkText(what: string, text: unknown): string {
  if (typeof text !== "string") throw noUser(`${what} is ${typeof text}, not string`);
  const bytes = utf8(text).byteLength;
  if (bytes < 1 || bytes > MAX_TEXT_BYTES) throw noUser(`${what} has ${bytes} bytes, not 1 to ${MAX_TEXT_BYTES}`);
  if (!text.isWellFormed()) throw noUser(`${what} has half of a character`);
  return text;
}

const noUser = (reason: string): RedRoomError =>
  new RedRoomError("INTERNAL", `unable to log anybody in; what authenticate has answered is no user: ${reason}`, {
    remedy: "let it return { id, name, admin }",
  });

/** The login with the users of the store. Unknown and disabled users take as long as wrong passwords, and look alike. */
export function loginOf(users: UserStore, passwords: PasswordCheck): Login {
  return async (credentials, origin) => {
    passwords.checkTime(credentials.name, origin.address);
    const user = await users.findUser(credentials.name);
    const right = await passwords.verify(user?.disabled ? undefined : user, credentials, origin);
    if (user === undefined || !right) {
      throw new RedRoomError("LOGIN_FAILED", "unable to log in; the name or the password is wrong", {
        remedy: "check both; an administrator can set a new password",
      });
    }
    const { id, name, admin, consent } = user;
    return { user: { id, name, admin }, basis: [basisOf(user)], consent: consent?.digest };
  };
}

/** What a session rests on: it is another one once any of it has changed. */
export const basisOf = ({ passwordHash, admin, disabled, consent }: UserRecord): string =>
  JSON.stringify([passwordHash, admin, disabled, consent?.digest]);
