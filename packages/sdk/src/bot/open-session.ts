import { RedRoomError } from "../base/errors.ts";
import { reasonOf } from "./failures.ts";
import type { Locks } from "./locks.ts";
import type { SessionStorage } from "./sessions/session-storage.ts";

/** What a storage holds of a session. */
interface Kept {
  readonly v: 1;
  /** What was handled when it became so. */
  readonly place: string;
  readonly value: unknown;
  /** What it was before: the same entry, handled again, begins with that. */
  readonly before: unknown;
}

export interface SessionHost {
  readonly storage: SessionStorage;
  readonly locks: Locks;
  initial(): unknown;
}

/**
 * The session of one handler at work: its own in each of its turns. In between others may change it, and the handler goes on with
 * what they have left, unless it had changed it itself.
 */
export class OpenSession {
  value: unknown;
  readonly #host: SessionHost;
  readonly #key: string;
  readonly #place: string;
  /** As it was loaded. */
  #before = "";
  #release: (() => void) | undefined;
  #resuming: Promise<void> | undefined;
  #left = false;

  /** @param place Names what is handled; the same whenever it is. */
  static async open(host: SessionHost, key: string, place: string): Promise<OpenSession> {
    const session = new OpenSession(host, key, place);
    await session.#take();
    return session;
  }

  private constructor(host: SessionHost, key: string, place: string) {
    this.#host = host;
    this.#key = key;
    this.#place = place;
  }

  /** The handler waits: it is not its own until `resume`. */
  rest(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** The handler has its turn again. */
  async resume(): Promise<void> {
    if (this.#left || this.#release !== undefined) return;
    this.#resuming ??= this.#take().finally(() => {
      this.#resuming = undefined;
    });
    await this.#resuming;
  }

  /** The handler has ended well: keeps what it has changed. @returns Whether that was anything. */
  async save(): Promise<boolean> {
    const value = toJson(this.value);
    if (this.#left || value === this.#before) return false;
    const kept: Kept = { v: 1, place: this.#place, value: this.value, before: fromJson(this.#before) };
    await inStorage(() => this.#host.storage.write(this.#key, JSON.stringify(kept)));
    this.#before = value;
    return true;
  }

  /** What the handler does from now on does not count. Idempotent. */
  leave(): void {
    this.#left = true;
    this.rest();
  }

  async #take(): Promise<void> {
    const release = await this.#host.locks.take(this.#key);
    if (this.#left) return release();
    this.#release = release;
    if (toJson(this.value) !== this.#before) return; // its own changes are newer
    try {
      const value = await this.#read();
      this.#before = toJson(value);
      this.value = value;
    } catch (error) {
      this.leave();
      throw error;
    }
  }

  async #read(): Promise<unknown> {
    const text = (await inStorage(() => this.#host.storage.read(this.#key))) ?? undefined; // many storages say null
    const kept = text === undefined ? undefined : parse(text, this.#key);
    const repeated = this.#place !== "" && kept?.place === this.#place;
    const value = repeated ? kept.before : kept?.value;
    return value === undefined ? this.#host.initial() : value;
  }
}

/** A storage that is away is no handler's fault, and nothing to give entries up for: they wait until somebody has mended it. */
async function inStorage<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    const { code, remedy } = cause instanceof RedRoomError ? cause : {};
    if (code === "TEXT_TOO_LARGE") throw cause;
    throw new RedRoomError("STORE_UNAVAILABLE", `unable to use the storage of sessions; ${reasonOf(cause)}`, {
      cause,
      retryable: true,
      ...(remedy !== undefined && { remedy }),
    });
  }
}

const toJson = (value: unknown): string => JSON.stringify(value) ?? "";
const fromJson = (text: string): unknown => (text === "" ? undefined : JSON.parse(text));

function parse(text: string, key: string): Kept {
  try {
    const kept = JSON.parse(text) as Partial<Kept> | null;
    if (kept?.v === 1 && typeof kept.place === "string") return kept as Kept;
  } catch {
    // said below
  }
  throw new RedRoomError(
    "RECORD_DAMAGED",
    `unable to read the session ${JSON.stringify(key)}; the storage holds something else`,
  );
}
