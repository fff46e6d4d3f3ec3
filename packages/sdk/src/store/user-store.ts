import type { Person } from "./topic-store.ts";

/**
 * People who may log in, and the hashes of their passwords. An application with its own login does without it. Opened and
 * closed with its topic store; held to this page by `userStoreContract` of `@redroom/sdk/testing`.
 */
export interface UserStore {
  /**
   * MUST be durable when it resolves. Names are unique after `loginKey`.
   *
   * @throws {RedRoomError} `NAME_TAKEN`, `STORE_UNAVAILABLE`.
   */
  createUser(user: UserRecord): Promise<void>;
  /** MUST see users that other processes have added. The name is compared after `loginKey`. */
  findUser(name: string): Promise<UserRecord | undefined>;
  /**
   * Changes what is named in `change` and nothing else; a new name is that of the person in all topics too. MUST be durable
   * when it resolves, and MUST look and write in one transaction: of two who take the last two administrators away at the
   * same time, one is refused.
   *
   * @returns The user as it is now.
   * @throws {RedRoomError} `USER_UNKNOWN`, `NAME_TAKEN`, `LAST_ADMINISTRATOR` when nobody would be left who is an
   * administrator and not disabled, `STORE_UNAVAILABLE`.
   */
  updateUser(id: string, change: UserChange): Promise<UserRecord>;
  /**
   * Removes somebody: login, hash and all that is known of the account. The person's name becomes `ERASED_NAME` and MUST stay
   * so; pseudonyms and entries stay as they are, for they are the record. MUST be durable when it resolves, and MUST leave no
   * copy of what it has removed in the files of the store.
   *
   * @throws {RedRoomError} `USER_UNKNOWN`, `LEGAL_HOLD`, `LAST_ADMINISTRATOR`, `STORE_UNAVAILABLE`: it may be
   * removed, and copies may be left; the same call again finishes, and does no harm when there is nothing left to do.
   */
  eraseUser(id: string): Promise<void>;
  /** In the order of their creation. */
  listUsers(): Promise<UserRecord[]>;
}

export interface UserRecord extends Person {
  /** Administrators create users and topics. */
  readonly admin: boolean;
  /** argon2id in PHC form. */
  readonly passwordHash: string;
  readonly createdAt: number;
  /** May not log in. */
  readonly disabled: boolean;
  /** When this person has consented to the processing of personal data, and to which text: its SHA-256 in base64url. */
  readonly consent: Consent | undefined;
  /** What is stored of this person may be evidence that somebody has asked to keep: it cannot be erased. */
  readonly legalHold: boolean;
}

export interface Consent {
  readonly at: number;
  readonly digest: string;
}

export type UserChange = Partial<Omit<UserRecord, "id" | "createdAt">>;

/** What a person is called who was erased. */
export const ERASED_NAME = "erased person";

/** What a name is compared by: people mistype capitals, and one letter can have several encodings. */
export function loginKey(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

/** @returns Whether a change takes somebody away from those who can administer. */
export function endsAdministration(user: UserRecord, change: UserChange): boolean {
  const { admin, disabled } = { ...user, ...change };
  return isAdministrator(user) && !isAdministrator({ admin, disabled });
}

export const isAdministrator = ({ admin, disabled }: Pick<UserRecord, "admin" | "disabled">): boolean =>
  admin && !disabled;
