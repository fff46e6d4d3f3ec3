import type Database from "better-sqlite3";
import { type ClaimedCursor, type CursorKey, type CursorSave, MAX_CURSORS } from "../cursor-store.ts";
import { tooManyCursors, topicUnknown, userUnknown } from "../store-errors.ts";
import { SqlitePeople } from "./sqlite-people.ts";

/** The step that makes the tables of cursors. */
export const CURSOR_STEP = `
CREATE TABLE cursors (
  -- An id, of a user here or of the application.
  person TEXT NOT NULL,
  topic INTEGER NOT NULL REFERENCES topics,
  name TEXT NOT NULL,
  -- Which claim, from 1, and which save of it, 0 for none yet.
  epoch INTEGER NOT NULL CHECK (epoch > 0),
  save INTEGER NOT NULL CHECK (save >= 0),
  value TEXT NOT NULL CHECK (octet_length(value) <= 65536),
  PRIMARY KEY (person, topic, name)
) STRICT, WITHOUT ROWID;

-- The highest epoch of the cursors that were dropped: the next claim gets a higher one.
CREATE TABLE dropped_cursors (
  person TEXT NOT NULL,
  topic INTEGER NOT NULL REFERENCES topics,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (person, topic)
) STRICT, WITHOUT ROWID;

CREATE INDEX cursors_copy ON cursors (epoch, save, value);
CREATE INDEX dropped_cursors_copy ON dropped_cursors (epoch);

-- Who holds a cursor is the newest claim, and what is saved takes nothing back.
CREATE TRIGGER cursors_insert BEFORE INSERT ON cursors BEGIN
  SELECT RAISE(ABORT, 'a cursor is made once')
  WHERE EXISTS (SELECT 1 FROM cursors WHERE person = NEW.person AND topic = NEW.topic AND name = NEW.name);
  SELECT RAISE(ABORT, 'a claim is newer than what was dropped')
  WHERE NEW.epoch <= (SELECT epoch FROM dropped_cursors WHERE person = NEW.person AND topic = NEW.topic);
  SELECT RAISE(ABORT, 'who was erased has no cursor again')
  WHERE EXISTS (SELECT 1 FROM people WHERE id = NEW.person AND erased = 1);
END;
CREATE TRIGGER cursors_update BEFORE UPDATE ON cursors BEGIN
  SELECT RAISE(ABORT, 'a cursor stays where it is, and only goes on')
  WHERE NEW.person IS NOT OLD.person OR NEW.topic IS NOT OLD.topic OR NEW.name IS NOT OLD.name
    OR NEW.epoch < OLD.epoch OR (NEW.epoch = OLD.epoch AND NEW.save <= OLD.save);
END;
`;

const KEY = "person = ? AND topic = (SELECT topic FROM topics WHERE id = ?) AND name = ?";

/** Cursors in the tables of one connection. */
export class SqliteCursors {
  readonly #database: Database.Database;
  readonly #people: SqlitePeople;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#people = new SqlitePeople(database);
    this.#statements = {
      topic: database.prepare("SELECT topic FROM topics WHERE id = ?").pluck(),
      claim: database.prepare(`UPDATE cursors SET epoch = epoch + 1, save = 0 WHERE ${KEY} RETURNING epoch, value`),
      count: database.prepare("SELECT count(*) FROM cursors WHERE person = ? AND topic = ?").pluck(),
      make: database
        .prepare(
          `INSERT INTO cursors (person, topic, name, epoch, save, value)
           SELECT @person, @topic, @name,
             coalesce((SELECT epoch FROM dropped_cursors WHERE person = @person AND topic = @topic), 0) + 1, 0, ''
           RETURNING epoch`,
        )
        .pluck(),
      save: database.prepare(`UPDATE cursors SET save = ?, value = ? WHERE ${KEY} AND epoch = ? AND save < ?`),
      epoch: database.prepare(`SELECT epoch FROM cursors WHERE ${KEY}`).pluck(),
      drop: database.prepare(`DELETE FROM cursors WHERE ${KEY} RETURNING person, topic, epoch`),
      dropped: database.prepare(
        `INSERT INTO dropped_cursors (person, topic, epoch) VALUES (@person, @topic, @epoch)
         ON CONFLICT (person, topic) DO UPDATE SET epoch = max(epoch, excluded.epoch)`,
      ),
      forget: database.prepare("DELETE FROM cursors WHERE person = ?"),
      forgetDropped: database.prepare("DELETE FROM dropped_cursors WHERE person = ?"),
    };
  }

  claim({ topicId, person, name }: CursorKey): ClaimedCursor {
    return this.#inTransaction(() => {
      const topic = this.#statements.topic.get(topicId) as number | undefined;
      if (topic === undefined) throw topicUnknown(topicId);
      if (this.#people.isErased(person)) throw userUnknown(person);
      const claimed = this.#statements.claim.get(person, topicId, name) as ClaimedCursor | undefined;
      if (claimed !== undefined) return claimed;
      if ((this.#statements.count.get(person, topic) as number) >= MAX_CURSORS) throw tooManyCursors(name);
      return { epoch: this.#statements.make.get({ person, topic, name }) as number, value: "" };
    });
  }

  /** Many saves in one transaction. @returns Of each, whether the claim still holds: whether it is saved. */
  save(saves: readonly (CursorKey & CursorSave)[]): boolean[] {
    return this.#inTransaction(() =>
      saves.map(({ topicId, person, name, epoch, number, value }) => {
        const key = [person, topicId, name] as const;
        const { changes } = this.#statements.save.run(number, value, ...key, epoch, number);
        return changes > 0 || this.#statements.epoch.get(...key) === epoch;
      }),
    );
  }

  drop({ topicId, person, name }: CursorKey): void {
    this.#inTransaction(() => {
      const dropped = this.#statements.drop.get(person, topicId, name);
      if (dropped !== undefined) this.#statements.dropped.run(dropped);
    });
  }

  /** In the transaction that erases the person. */
  forget(person: string): void {
    this.#statements.forget.run(person);
    this.#statements.forgetDropped.run(person);
  }

  /** Begun as a writer at once, so that what it reads cannot become stale before it writes. */
  #inTransaction<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }
}
