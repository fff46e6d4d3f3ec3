import type { Credentials } from "../session/credentials.ts";
import type { UserRecord } from "../store/user-store.ts";
import type { LoginQueue } from "./login-queue.ts";
import type { LoginThrottle } from "./login-throttle.ts";
import { hashPassword, verifyPassword } from "./password.ts";

/** Who wants a password to be checked. */
export interface LoginOrigin {
  readonly address: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** Every check of a password, at a login or later: in its turn, and not sooner than its failures allow. */
export class PasswordCheck {
  readonly #queue: LoginQueue;
  readonly #throttle: LoginThrottle;

  constructor(queue: LoginQueue, throttle: LoginThrottle) {
    this.#queue = queue;
    this.#throttle = throttle;
  }

  /** @throws {RedRoomError} `TOO_MANY_REQUESTS` when the next check is not due yet. */
  checkTime(name: string, address: string): void {
    this.#throttle.check(name, address);
  }

  /**
   * @param user `undefined` for somebody unknown: takes as long, and is `false`.
   * @throws {RedRoomError} `TOO_MANY_REQUESTS`, `ABORTED`.
   */
  verify(user: UserRecord | undefined, { name, password }: Credentials, origin: LoginOrigin): Promise<boolean> {
    const { address, signal } = origin;
    return this.#queue.run(address, signal, async () => {
      // Many may have been waiting for their turn: guesses side by side are no faster than one after the other.
      this.#throttle.check(name, address);
      const right = await verifyPassword(user?.passwordHash, password);
      if (right) this.#throttle.succeeded(name, address);
      else this.#throttle.failed(name, address);
      return right;
    });
  }

  /** Hashing takes as long as checking, so it waits for its turn too. @throws {RedRoomError} `TOO_MANY_REQUESTS`, `ABORTED`. */
  hash(password: string, { address, signal }: LoginOrigin): Promise<string> {
    return this.#queue.run(address, signal, () => hashPassword(password));
  }
}
