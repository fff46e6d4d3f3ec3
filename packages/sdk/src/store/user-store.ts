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
   * MUST be durable when it resolves.
   *
   * @throws {RedRoomError} `USER_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  setPasswordHash(id: string, passwordHash: string): Promise<void>;
  /** In the order of their creation. */
  listUsers(): Promise<UserRecord[]>;
}

export interface UserRecord extends Person {
  /** Administrators create users and topics. */
  readonly admin: boolean;
  /** argon2id in PHC form. */
  readonly passwordHash: string;
  readonly createdAt: number;
}

/** What a name is compared by: people mistype capitals, and one letter can have several encodings. */
export function loginKey(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}
