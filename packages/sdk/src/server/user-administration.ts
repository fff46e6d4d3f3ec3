import { RedRoomError } from "../base/errors.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { Person, TopicStore } from "../store/topic-store.ts";
import { topicsOf } from "../store/topics-of.ts";
import type { UserChange, UserRecord } from "../store/user-store.ts";
import { basisOf } from "./authenticate.ts";
import { createUser } from "./create-user.ts";
import type { AccountsContext, OwnSession } from "./own-account.ts";
import { checkPassword } from "./password-rules.ts";
import { requireUser } from "./set-password.ts";

/** What administrators see of a user: never a hash, never content. */
export type UserAccount = MessageOf<"userChanged">["account"];

/** So many that the longest names fit a frame. */
const USERS_PER_PAGE = 64;

/** What administrators do with the accounts of others. Whether somebody is one is checked before. */
export class UserAdministration {
  readonly #context: AccountsContext & { readonly store: TopicStore };

  constructor(context: AccountsContext & { readonly store: TopicStore }) {
    this.#context = context;
  }

  /** @throws {RedRoomError} `USER_UNKNOWN` (nobody has the id `after`), `STORE_UNAVAILABLE`. */
  async list(after: string | undefined): Promise<{ users: UserAccount[]; more: boolean }> {
    const users = await this.#context.users.listUsers();
    const start = after === undefined ? 0 : users.findIndex(({ id }) => id === after) + 1;
    if (after !== undefined && start === 0) {
      throw new RedRoomError("USER_UNKNOWN", "unable to go on with the list; the user behind whom it goes on is gone", {
        retryable: true,
        remedy: "begin again",
      });
    }
    const page = users.slice(start, start + USERS_PER_PAGE);
    return { users: page.map(accountOf), more: start + USERS_PER_PAGE < users.length };
  }

  /** @throws {RedRoomError} `NAME_INVALID`, `PASSWORD_INVALID`, `NAME_TAKEN`, `STORE_UNAVAILABLE`. */
  async add(own: OwnSession, { name, password, admin }: MessageOf<"addUser">): Promise<UserAccount> {
    const { users, passwords } = this.#context;
    const hash = (text: string): Promise<string> => passwords.hash(text, own);
    await createUser(users, { name, password, admin }, hash);
    return accountOf(await requireUser(users, name));
  }

  /**
   * The sessions of whom it concerns end at once.
   *
   * @throws {RedRoomError} `USER_UNKNOWN`, `PASSWORD_INVALID`, `LAST_ADMINISTRATOR`, `NOT_ALLOWED` for one's own account,
   * `STORE_UNAVAILABLE`.
   */
  async change(own: OwnSession, { name, admin, disabled, password }: MessageOf<"changeUser">): Promise<UserAccount> {
    const { users, sessions, passwords } = this.#context;
    const user = await this.#other(own, name);
    if (password !== undefined) checkPassword(password, user.name);
    const change: UserChange = {
      ...(admin !== undefined && { admin }),
      ...(disabled !== undefined && { disabled }),
      ...(password !== undefined && { passwordHash: await passwords.hash(password, own) }),
    };
    const changed = await users.updateUser(user.id, change);
    if (basisOf(changed) !== basisOf(user)) sessions.revokeUser(user.id, "the password or the rights have changed");
    return accountOf(changed);
  }

  /** @throws {RedRoomError} `USER_UNKNOWN`, `LEGAL_HOLD`, `LAST_ADMINISTRATOR`, `NOT_ALLOWED`, `STORE_UNAVAILABLE`. */
  async erase(own: OwnSession, name: string): Promise<void> {
    const { users, sessions, rooms } = this.#context;
    const user = await this.#other(own, name);
    const { id } = user;
    // First, so that it can be done again. Where a hold refuses, nothing is to have changed.
    if (!user.legalHold) await this.#removeFromTopics(user, own.user);
    await users.eraseUser(id);
    sessions.revokeUser(id, "the user was erased");
    await rooms.reloadPeople();
  }

  /** @throws {RedRoomError} `USER_UNKNOWN`, `STORE_UNAVAILABLE`. */
  async export(name: string): Promise<{ account: UserAccount; topics: MessageOf<"userTopics">["topics"][number][] }> {
    const { users, store } = this.#context;
    const user = await requireUser(users, name);
    const topics = [];
    for await (const { topic, pseudonym } of topicsOf(store, user.id)) {
      topics.push({ id: topic.id, title: topic.title, pseudonym });
    }
    return { account: accountOf(user), topics };
  }

  /** Nobody is asked, or waited for, who never comes again. */
  async #removeFromTopics(user: Person, by: Person): Promise<void> {
    const { store, rooms } = this.#context;
    for await (const { topic, pseudonym } of topicsOf(store, user.id)) {
      await rooms.within({ id: topic.id }, async (room) => {
        if (room.state.members.has(pseudonym)) await room.setRoles(by, { id: user.id, name: user.name }, []);
      });
    }
  }

  /** Whoever changed himself would cut off the answer with the session, and perhaps himself from the server. */
  async #other({ user }: OwnSession, name: string): Promise<UserRecord> {
    const other = await requireUser(this.#context.users, name);
    if (other.id !== user.id) return other;
    throw new RedRoomError("NOT_ALLOWED", "unable to change one's own account this way", {
      remedy: "change the password with changePassword; for the rest ask another administrator",
    });
  }
}

const accountOf = ({ id, name, admin, disabled, createdAt, consent, legalHold }: UserRecord): UserAccount => ({
  id,
  name,
  admin,
  disabled,
  createdAt,
  ...(consent !== undefined && { consentedAt: consent.at }),
  legalHold,
});
