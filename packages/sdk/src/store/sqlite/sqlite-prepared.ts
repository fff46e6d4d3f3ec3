import type Database from "better-sqlite3";
import { randomId } from "../../base/id.ts";
import type { PreparedDraft, PreparedMessage } from "../prepared-store.ts";
import { topicUnknown } from "../store-errors.ts";

/** The step that makes the table of prepared messages. */
export const PREPARED_STEP = `
CREATE TABLE prepared (
  id TEXT NOT NULL PRIMARY KEY,
  -- NULL for all topics.
  topic INTEGER REFERENCES topics,
  place INTEGER NOT NULL,
  kind TEXT NOT NULL,
  title TEXT,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A second copy of each, as of other tables that no hash covers.
CREATE INDEX prepared_copy ON prepared (topic, place, kind, title, text);
`;

/** Prepared messages in the table of one connection. */
export class SqlitePrepared {
  readonly #database: Database.Database;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#statements = {
      topic: database.prepare("SELECT topic FROM topics WHERE id = ?").pluck(),
      remove: database.prepare("DELETE FROM prepared WHERE topic IS ?"),
      add: database.prepare("INSERT INTO prepared (id, topic, place, kind, title, text) VALUES (?, ?, ?, ?, ?, ?)"),
      list: database.prepare("SELECT id, kind, title, text FROM prepared WHERE topic IS ? ORDER BY place"),
    };
  }

  replace(topicId: string | undefined, messages: readonly PreparedDraft[]): void {
    this.#database
      .transaction(() => {
        const topic = this.#numberOf(topicId);
        this.#statements.remove.run(topic);
        for (const [place, { kind, title, text }] of messages.entries()) {
          this.#statements.add.run(randomId(), topic, place, kind, title ?? null, text);
        }
      })
      .immediate();
  }

  list(topicId: string | undefined): PreparedMessage[] {
    return this.#database.transaction(() => {
      const topic = this.#numberOf(topicId);
      return [...this.#of(null, undefined), ...(topic === null ? [] : this.#of(topic, topicId))];
    })();
  }

  #of(topic: number | null, topicId: string | undefined): PreparedMessage[] {
    return this.#statements.list.all(topic).map((row) => {
      const { title, ...message } = row as Omit<PreparedMessage, "title"> & { readonly title: string | null };
      return { ...message, ...(title !== null && { title }), ...(topicId !== undefined && { topic: topicId }) };
    });
  }

  #numberOf(topicId: string | undefined): number | null {
    if (topicId === undefined) return null;
    const topic = this.#statements.topic.get(topicId) as number | undefined;
    if (topic === undefined) throw topicUnknown(topicId);
    return topic;
  }
}
