import type { Clock, Timer } from "../base/clock.ts";
import type { UserRecord, UserStore } from "../store/user-store.ts";
import { type Account, basisOf } from "./authenticate.ts";
import type { Sessions } from "./sessions.ts";
import type { TopicRooms } from "./topic-rooms.ts";

/** A session ends within a second after its user's password or rights were changed, by whichever process. */
const WATCH_MS = 900;

/**
 * Ends the sessions of users who have another password, other rights or another consent than when they logged in, who are
 * disabled, or are gone; and brings new names to all topics in use. Asks the store once a second for all of them together,
 * and not at all while nobody has a session.
 */
export class UserWatch {
  readonly #users: UserStore;
  readonly #sessions: Sessions;
  readonly #rooms: TopicRooms;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  /** Ids and names of all, as they were at the last look. */
  #names = "";
  #asking = false;
  #over = false;

  constructor(users: UserStore, sessions: Sessions, rooms: TopicRooms, clock: Clock) {
    this.#users = users;
    this.#sessions = sessions;
    this.#rooms = rooms;
    this.#clock = clock;
  }

  /** A session has begun. */
  start(): void {
    if (this.#over || this.#asking) return;
    this.#timer ??= this.#clock.setTimer(() => void this.#look(), WATCH_MS);
  }

  close(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#asking = true;
    try {
      // What a session rests on now: one that begins while the store is asked may rest on something newer.
      const watched = new Set(this.#sessions.accounts().flatMap(({ basis }) => (basis === undefined ? [] : [basis])));
      if (watched.size > 0) await this.#compare(watched, await this.#users.listUsers());
    } catch {
      // While the store fails nobody reads or writes anything; the next look is the first that can see more.
    }
    this.#asking = false;
    if (this.#sessions.size > 0) this.start();
  }

  async #compare(watched: ReadonlySet<readonly string[]>, users: readonly UserRecord[]): Promise<void> {
    const present = new Map(users.map((user) => [user.id, user]));
    const changed = (account: Account): boolean => {
      const user = present.get(account.user.id);
      const { basis } = account;
      return basis !== undefined && watched.has(basis) && (user === undefined || !basis.includes(basisOf(user)));
    };
    this.#sessions.revoke(changed, "the password or the rights have changed");
    for (const account of this.#sessions.accounts()) {
      const name = present.get(account.user.id)?.name;
      if (name !== undefined && account.basis !== undefined && watched.has(account.basis))
        this.#sessions.rename(account.user.id, name);
    }
    const names = JSON.stringify(users.map(({ id, name }) => [id, name]));
    if (names !== this.#names) await this.#rooms.reloadPeople();
    this.#names = names;
  }
}
