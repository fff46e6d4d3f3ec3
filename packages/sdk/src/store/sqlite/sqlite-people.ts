import type Database from "better-sqlite3";
import type { Person } from "../topic-store.ts";

/** The directory of people, in the table of one connection. */
export class SqlitePeople {
  readonly #statements;

  constructor(database: Database.Database) {
    this.#statements = {
      name: database.prepare("SELECT name FROM people WHERE id = ?").pluck(),
      add: database.prepare("INSERT INTO people (id, name) VALUES (?, ?)"),
      rename: database.prepare("UPDATE people SET name = ? WHERE id = ?"),
    };
  }

  nameOf(id: string): string | undefined {
    return this.#statements.name.get(id) as string | undefined;
  }

  /** Adds a person, or notes the present name. */
  note({ id, name }: Person): void {
    const known = this.nameOf(id);
    if (known === undefined) this.#statements.add.run(id, name);
    else if (known !== name) this.#statements.rename.run(name, id);
  }
}
