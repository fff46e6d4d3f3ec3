import type Database from "better-sqlite3";
import { nameTaken, userUnknown } from "../store-errors.ts";
import { loginKey, type UserRecord } from "../user-store.ts";
import { SqlitePeople } from "./sqlite-people.ts";

const USER = `SELECT people.id, people.name, admin, password_hash AS passwordHash, created_at AS createdAt
  FROM users JOIN people ON people.id = users.person`;

/** Those who may log in, in the tables of one connection. */
export class SqliteUsers {
  readonly #database: Database.Database;
  readonly #people: SqlitePeople;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#people = new SqlitePeople(database);
    this.#statements = {
      byLogin: database.prepare(`${USER} WHERE login = ?`),
      all: database.prepare(`${USER} ORDER BY user`),
      add: database.prepare(
        "INSERT INTO users (person, login, password_hash, admin, created_at) VALUES (?, ?, ?, ?, ?)",
      ),
      setHash: database.prepare("UPDATE users SET password_hash = ? WHERE person = ?"),
    };
  }

  createUser({ id, name, admin, passwordHash, createdAt }: UserRecord): void {
    const login = loginKey(name);
    this.#database
      .transaction(() => {
        if (this.#statements.byLogin.get(login) !== undefined) throw nameTaken(name);
        this.#people.note({ id, name });
        this.#statements.add.run(id, login, passwordHash, admin ? 1 : 0, createdAt);
      })
      .immediate();
  }

  findUser(name: string): UserRecord | undefined {
    const row = this.#statements.byLogin.get(loginKey(name));
    return row === undefined ? undefined : recordOf(row);
  }

  setPasswordHash(id: string, passwordHash: string): void {
    if (this.#statements.setHash.run(passwordHash, id).changes === 0) throw userUnknown(id);
  }

  listUsers(): UserRecord[] {
    return this.#statements.all.all().map(recordOf);
  }
}

function recordOf(row: unknown): UserRecord {
  const user = row as Omit<UserRecord, "admin"> & { readonly admin: 0 | 1 };
  return { ...user, admin: user.admin === 1 };
}
