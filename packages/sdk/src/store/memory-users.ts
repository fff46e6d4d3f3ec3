import type { MemoryCursors } from "./memory-cursors.ts";
import { lastAdministrator, nameTaken, underLegalHold, userUnknown } from "./store-errors.ts";
import type { Person } from "./topic-store.ts";
import {
  ERASED_NAME,
  endsAdministration,
  isAdministrator,
  loginKey,
  type UserChange,
  type UserRecord,
  type UserStore,
} from "./user-store.ts";

/** The directory of people: those who have spoken, and those who may log in. */
export class MemoryPeople {
  readonly #names = new Map<string, string>();
  /** Their names are not for a topic to change. */
  readonly #settled = new Set<string>();
  readonly #erased = new Set<string>();

  nameOf(id: string): string {
    return this.#names.get(id) ?? "";
  }

  /** Adds a person, or notes the present name. */
  note({ id, name }: Person): void {
    if (!this.#settled.has(id)) this.#names.set(id, name);
  }

  /** What the users, or an erasure, say somebody is called. */
  settle({ id, name }: Person): void {
    this.#settled.add(id);
    this.#names.set(id, name);
  }

  isErased(id: string): boolean {
    return this.#erased.has(id);
  }

  erase(id: string): void {
    this.#erased.add(id);
    this.settle({ id, name: ERASED_NAME });
  }
}

/** Those who may log in, in memory. */
export class MemoryUsers implements UserStore {
  readonly #users = new Map<string, UserRecord>();
  readonly #people: MemoryPeople;
  readonly #cursors: Pick<MemoryCursors, "forget">;
  readonly #check: () => void;

  /** @param check Throws while the store is closed. */
  constructor(people: MemoryPeople, cursors: Pick<MemoryCursors, "forget">, check: () => void) {
    this.#people = people;
    this.#cursors = cursors;
    this.#check = check;
  }

  async createUser(user: UserRecord): Promise<void> {
    this.#check();
    if (this.#find(user.name) !== undefined) throw nameTaken(user.name);
    this.#set(user);
  }

  async findUser(name: string): Promise<UserRecord | undefined> {
    this.#check();
    return this.#find(name);
  }

  async updateUser(id: string, change: UserChange): Promise<UserRecord> {
    const user = this.#get(id);
    const holder = change.name === undefined ? undefined : this.#find(change.name);
    if (holder !== undefined && holder.id !== id) throw nameTaken(holder.name);
    if (endsAdministration(user, change)) this.#keepAnAdministrator(user);
    const changed = { ...user, ...change };
    this.#set(changed);
    return changed;
  }

  async eraseUser(id: string): Promise<void> {
    this.#check();
    if (this.#people.isErased(id)) return;
    const user = this.#get(id);
    if (user.legalHold) throw underLegalHold(user.name);
    if (isAdministrator(user)) this.#keepAnAdministrator(user);
    this.#users.delete(id);
    this.#people.erase(id);
    this.#cursors.forget(id);
  }

  async listUsers(): Promise<UserRecord[]> {
    this.#check();
    return [...this.#users.values()];
  }

  #set(user: UserRecord): void {
    this.#users.set(user.id, user);
    this.#people.settle(user);
  }

  #get(id: string): UserRecord {
    this.#check();
    const user = this.#users.get(id);
    if (user === undefined) throw userUnknown(id);
    return user;
  }

  #keepAnAdministrator({ id, name }: UserRecord): void {
    const others = [...this.#users.values()].filter((user) => user.id !== id);
    if (!others.some(isAdministrator)) throw lastAdministrator(name);
  }

  #find(name: string): UserRecord | undefined {
    return [...this.#users.values()].find((user) => loginKey(user.name) === loginKey(name));
  }
}
