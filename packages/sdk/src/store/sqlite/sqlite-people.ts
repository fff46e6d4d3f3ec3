import type Database from "better-sqlite3";
import type { Person } from "../topic-store.ts";
import { ERASED_NAME } from "../user-store.ts";

/** The directory of people, in the table of one connection. */
export class SqlitePeople {
  readonly #statements;

  constructor(database: Database.Database) {
    this.#statements = {
      name: database.prepare("SELECT name FROM people WHERE id = ?").pluck(),
      add: database.prepare("INSERT INTO people (id, name, erased) VALUES (?, ?, 0)"),
      rename: database.prepare("UPDATE people SET name = ? WHERE id = ?"),
      erase: database.prepare("UPDATE people SET name = ?, erased = 1 WHERE id = ?"),
      erased: database.prepare("SELECT erased FROM people WHERE id = ?").pluck(),
      isUser: database.prepare("SELECT count(*) FROM users WHERE person = ?").pluck(),
    };
  }

  nameOf(id: string): string | undefined {
    return this.#statements.name.get(id) as string | undefined;
  }

  isErased(id: string): boolean {
    return this.#statements.erased.get(id) === 1;
  }

  /** Adds a person, or notes the present name; that of a user, and of somebody erased, is not for a topic to change. */
  note(person: Person): void {
    if (this.isErased(person.id) || this.#statements.isUser.get(person.id) !== 0) return;
    this.settle(person);
  }

  /** What the users say somebody is called. */
  settle({ id, name }: Person): void {
    const known = this.nameOf(id);
    if (known === undefined) this.#statements.add.run(id, name);
    else if (known !== name) this.#statements.rename.run(name, id);
  }

  erase(id: string): void {
    this.#statements.erase.run(ERASED_NAME, id);
  }
}
