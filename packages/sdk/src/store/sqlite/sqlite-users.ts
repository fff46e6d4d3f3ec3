import type Database from "better-sqlite3";
import { lastAdministrator, nameTaken, underLegalHold, userUnknown } from "../store-errors.ts";
import { endsAdministration, isAdministrator, loginKey, type UserChange, type UserRecord } from "../user-store.ts";
import { SqliteCursors } from "./sqlite-cursors.ts";
import { SqlitePeople } from "./sqlite-people.ts";

const USER = `SELECT people.id, people.name, admin, password_hash AS passwordHash, created_at AS createdAt, disabled,
    consented_at AS consentedAt, consent_digest AS consentDigest, legal_hold AS legalHold
  FROM users JOIN people ON people.id = users.person`;

/** Those who may log in, in the tables of one connection. */
export class SqliteUsers {
  readonly #database: Database.Database;
  readonly #people: SqlitePeople;
  readonly #cursors: SqliteCursors;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#people = new SqlitePeople(database);
    this.#cursors = new SqliteCursors(database);
    this.#statements = {
      byLogin: database.prepare(`${USER} WHERE login = ?`),
      byId: database.prepare(`${USER} WHERE person = ?`),
      all: database.prepare(`${USER} ORDER BY user`),
      otherAdministrators: database
        .prepare("SELECT count(*) FROM users WHERE admin = 1 AND disabled = 0 AND person <> ?")
        .pluck(),
      add: database.prepare(
        `INSERT INTO users (login, password_hash, admin, created_at, disabled, consented_at, consent_digest, legal_hold, person)
         VALUES ($login, $hash, $admin, $createdAt, $disabled, $consentedAt, $consentDigest, $legalHold, $id)`,
      ),
      change: database.prepare(
        `UPDATE users SET login = $login, password_hash = $hash, admin = $admin, disabled = $disabled,
           consented_at = $consentedAt, consent_digest = $consentDigest, legal_hold = $legalHold
         WHERE person = $id`,
      ),
      remove: database.prepare("DELETE FROM users WHERE person = ?"),
    };
  }

  createUser(user: UserRecord): void {
    this.#inTransaction(() => {
      if (this.findUser(user.name) !== undefined) throw nameTaken(user.name);
      this.#people.settle(user);
      this.#statements.add.run({ ...columnsOf(user), createdAt: user.createdAt });
    });
  }

  findUser(name: string): UserRecord | undefined {
    const row = this.#statements.byLogin.get(loginKey(name));
    return row === undefined ? undefined : recordOf(row);
  }

  updateUser(id: string, change: UserChange): UserRecord {
    return this.#inTransaction(() => {
      const user = this.#get(id);
      const holder = change.name === undefined ? undefined : this.findUser(change.name);
      if (holder !== undefined && holder.id !== id) throw nameTaken(holder.name);
      if (endsAdministration(user, change)) this.#keepAnAdministrator(user);
      const changed = { ...user, ...change };
      this.#people.settle(changed);
      this.#statements.change.run(columnsOf(changed));
      return changed;
    });
  }

  eraseUser(id: string): void {
    this.#inTransaction(() => {
      // What is left of an erasure that could not finish is only copies in the file.
      if (this.#people.isErased(id)) return;
      const user = this.#get(id);
      if (user.legalHold) throw underLegalHold(user.name);
      if (isAdministrator(user)) this.#keepAnAdministrator(user);
      this.#statements.remove.run(id);
      this.#people.erase(id);
      this.#cursors.forget(id);
    });
  }

  listUsers(): UserRecord[] {
    return this.#statements.all.all().map(recordOf);
  }

  #get(id: string): UserRecord {
    const row = this.#statements.byId.get(id);
    if (row === undefined) throw userUnknown(id);
    return recordOf(row);
  }

  #keepAnAdministrator({ id, name }: UserRecord): void {
    if (this.#statements.otherAdministrators.get(id) === 0) throw lastAdministrator(name);
  }

  /** Begun as a writer at once, so that what it reads cannot become stale before it writes. */
  #inTransaction<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }
}

const columnsOf = ({ id, name, admin, passwordHash, disabled, consent, legalHold }: UserRecord) => ({
  id,
  login: loginKey(name),
  hash: passwordHash,
  admin: Number(admin),
  disabled: Number(disabled),
  consentedAt: consent?.at ?? null,
  consentDigest: consent?.digest ?? null,
  legalHold: Number(legalHold),
});

interface UserRow extends Omit<UserRecord, "admin" | "disabled" | "consent" | "legalHold"> {
  readonly admin: 0 | 1;
  readonly disabled: 0 | 1;
  readonly consentedAt: number | null;
  readonly consentDigest: string | null;
  readonly legalHold: 0 | 1;
}

function recordOf(row: unknown): UserRecord {
  const { admin, disabled, consentedAt, consentDigest, legalHold, ...user } = row as UserRow;
  const consented = consentedAt !== null && consentDigest !== null;
  return {
    ...user,
    admin: admin === 1,
    disabled: disabled === 1,
    consent: consented ? { at: consentedAt, digest: consentDigest } : undefined,
    legalHold: legalHold === 1,
  };
}
