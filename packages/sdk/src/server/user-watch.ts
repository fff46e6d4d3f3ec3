import type { Clock, Timer } from "../base/clock.ts";
import type { UserStore } from "../store/user-store.ts";
import { type Account, basisOf } from "./authenticate.ts";
import type { Sessions } from "./sessions.ts";

/** A session ends within a second after its user's password or rights were changed, by whichever process. */
const WATCH_MS = 900;

/**
 * Ends the sessions of users who have another password or other rights than when they logged in, or are gone. Asks the
 * store once a second for all of them together, and not at all while nobody has a session.
 */
export class UserWatch {
  readonly #users: UserStore;
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #asking = false;
  #over = false;

  constructor(users: UserStore, sessions: Sessions, clock: Clock) {
    this.#users = users;
    this.#sessions = sessions;
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
      const watched = new Set(this.#sessions.accounts().filter(({ basis }) => basis !== undefined));
      if (watched.size > 0) {
        const present = new Map((await this.#users.listUsers()).map((user) => [user.id, basisOf(user)]));
        const changed = (account: Account) => watched.has(account) && present.get(account.user.id) !== account.basis;
        this.#sessions.revoke(changed, "the password or the rights have changed");
      }
    } catch {
      // While the store fails nobody reads or writes anything; the next look is the first that can see more.
    }
    this.#asking = false;
    if (this.#sessions.size > 0) this.start();
  }
}
