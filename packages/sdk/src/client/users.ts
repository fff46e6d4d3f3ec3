import type { Message, MessageOf } from "../protocol/messages.ts";
import type { Link } from "./link.ts";
import { expectLast, request } from "./request.ts";

/** A user as administrators see one. */
export interface UserAccount {
  readonly id: string;
  readonly name: string;
  readonly admin: boolean;
  /** May not log in. */
  readonly disabled: boolean;
  readonly createdAt: Date;
  readonly consentedAt: Date | undefined;
  /** Cannot be erased. */
  readonly legalHold: boolean;
}

/** What the server has of a person, but for what the person has written: administrators see no content. */
export interface UserExport {
  readonly account: UserAccount;
  /** Where the person has written or read, and under which pseudonym the record has it. */
  readonly topics: readonly { readonly id: string; readonly title: string; readonly pseudonym: string }[];
}

/**
 * The people of the server, for administrators: everybody else gets `NOT_ALLOWED`, whatever is asked. Names are compared
 * without regard to capitals. Who is changed, disabled or erased is thrown out at once; nobody does that to oneself.
 *
 * @example
 * await client.users.add({ name: "bernd", password });
 * await client.users.disable("bernd");
 */
export class ClientUsers {
  readonly #link: () => Link;

  /** @param link Throws while the client cannot ask. */
  constructor(link: () => Link) {
    this.#link = link;
  }

  /** All of them, in the order of their creation. @throws {RedRoomError} `NOT_ALLOWED`. */
  async list(): Promise<UserAccount[]> {
    const users: UserAccount[] = [];
    for (let more = true; more; ) {
      const after = users.at(-1)?.id;
      const page = await this.#ask({ type: "listUsers", ...(after !== undefined && { after }) }, "userList");
      users.push(...page.users.map(toAccount));
      more = page.more && page.users.length > 0;
    }
    return users;
  }

  /** @throws {RedRoomError} `NOT_ALLOWED`, `NAME_INVALID`, `NAME_TAKEN`, `PASSWORD_INVALID`. */
  async add(user: {
    readonly name: string;
    readonly password: string;
    readonly admin?: boolean;
  }): Promise<UserAccount> {
    const { name, password, admin = false } = user;
    return toAccount((await this.#ask({ type: "addUser", name, password, admin }, "userChanged")).account);
  }

  /** Administrators create users and topics. @throws {RedRoomError} `NOT_ALLOWED`, `USER_UNKNOWN`, `LAST_ADMINISTRATOR`. */
  setAdmin(name: string, admin: boolean): Promise<UserAccount> {
    return this.#change({ name, admin });
  }

  /** For who has lost a password; one's own is changed by `changePassword`. @throws {RedRoomError} `NOT_ALLOWED`, `USER_UNKNOWN`, `PASSWORD_INVALID`. */
  setPassword(name: string, password: string): Promise<UserAccount> {
    return this.#change({ name, password });
  }

  /** @throws {RedRoomError} `NOT_ALLOWED`, `USER_UNKNOWN`, `LAST_ADMINISTRATOR`. */
  disable(name: string): Promise<UserAccount> {
    return this.#change({ name, disabled: true });
  }

  /** @throws {RedRoomError} `NOT_ALLOWED`, `USER_UNKNOWN`. */
  enable(name: string): Promise<UserAccount> {
    return this.#change({ name, disabled: false });
  }

  /**
   * Removes somebody for good. What the person has written stays on record, under a pseudonym.
   *
   * @throws {RedRoomError} `NOT_ALLOWED`, `USER_UNKNOWN`, `LEGAL_HOLD`, `LAST_ADMINISTRATOR`.
   */
  async erase(name: string): Promise<void> {
    await this.#ask({ type: "eraseUser", name }, "userErased");
  }

  /** @throws {RedRoomError} `NOT_ALLOWED`, `USER_UNKNOWN`. */
  async export(name: string): Promise<UserExport> {
    const response = await request(this.#link(), { type: "exportUser", name });
    const { account } = expectLast(response, "userExported");
    const topics = response.flatMap((message) => (message.type === "userTopics" ? message.topics : []));
    return { account: toAccount(account), topics };
  }

  async #change(change: Omit<MessageOf<"changeUser">, "type">): Promise<UserAccount> {
    return toAccount((await this.#ask({ type: "changeUser", ...change }, "userChanged")).account);
  }

  async #ask<T extends Message["type"]>(message: Message, answer: T): Promise<Extract<Message, { type: T }>> {
    return expectLast(await request(this.#link(), message), answer);
  }
}

const toAccount = ({ createdAt, consentedAt, ...account }: MessageOf<"userChanged">["account"]): UserAccount => ({
  ...account,
  createdAt: new Date(createdAt),
  consentedAt: consentedAt === undefined ? undefined : new Date(consentedAt),
});
