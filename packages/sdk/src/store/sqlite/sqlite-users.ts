import type Database from "better-sqlite3";
import { nameTaken, userUnknown } from "../store-errors.ts";
import { loginKey, type UserRecord } from "../user-store.ts";

const USER = `SELECT people.id, people.name, admin, password_hash AS passwordHash, created_at AS createdAt
  FROM users JOIN people ON people.id = users.person`;

/** Those who may log in, in the tables of one connection. */
export class SqliteUsers {
  readonly #database: Database.Database;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    const prepare = (sql: string) => database.prepare(sql);
    this.#statements = {
      byLogin: prepare(`${USER} WHERE login = ?`),
      all: prepare(`${USER} ORDER BY users.key`),
      addPerson: prepare("INSERT INTO people (id, name) VALUES (?, ?)"),
      addUser: prepare("INSERT INTO users (person, login, password_hash, admin, created_at) VALUES (?, ?, ?, ?, ?)"),
      setHash: prepare("UPDATE users SET password_hash = ? WHERE person = ?"),
    };
  }

  createUser({ id, name, admin, passwordHash, createdAt }: UserRecord): void {
    const login = loginKey(name);
    this.#database
      .transaction(() => {
        if (this.#statements.byLogin.get(login) !== undefined) throw nameTaken(name);
        this.#statements.addPerson.run(id, name);
        this.#statements.addUser.run(id, login, passwordHash, admin ? 1 : 0, createdAt);
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
