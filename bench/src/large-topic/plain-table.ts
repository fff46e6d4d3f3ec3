import { MESSAGE_KINDS } from "@redroom/sdk/evidence";
import Database from "better-sqlite3";
import { PAGE } from "./settings.ts";

const SCHEMA = `
CREATE TABLE message (
  seq INTEGER PRIMARY KEY, author TEXT, at INTEGER, kind TEXT, recipients TEXT, re INTEGER, state TEXT, text TEXT
) STRICT;
CREATE INDEX message_by_state ON message (state, seq) WHERE state IS NOT NULL;
CREATE VIRTUAL TABLE message_text USING fts5(text, content = 'message', content_rowid = 'seq', tokenize = 'unicode61');
`;

/** What most would build: the messages of a store in one table, with an index of words; no evidence, and no roles. */
export function makePlainTable(store: string, file: string): void {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.exec(SCHEMA);
  database.prepare("ATTACH ? AS store").run(store);
  const kinds = MESSAGE_KINDS.map((kind) => `'${kind}'`).join(", ");
  database.transaction(() => {
    database.exec(
      `INSERT INTO message
       SELECT seq, author, at, kind, leaf ->> '$.to', re, state, content ->> '$.text'
       FROM store.entries JOIN store.contents USING (topic, seq) LEFT JOIN store.question_states USING (topic, seq)
       WHERE kind IN (${kinds})`,
    );
    database.exec("INSERT INTO message_text (rowid, text) SELECT seq, text FROM message");
  })();
  database.close();
}

/** The same questions as to a topic, put to the table directly. */
export class PlainTable {
  readonly #database: Database.Database;
  readonly #statements;

  constructor(file: string) {
    this.#database = new Database(file, { readonly: true });
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#statements = {
      last: prepare("SELECT max(seq) FROM message").pluck(),
      page: prepare(`SELECT * FROM message WHERE seq >= ? ORDER BY seq LIMIT ${PAGE}`),
      search: prepare(
        `SELECT message.* FROM message_text JOIN message ON message.seq = message_text.rowid
         WHERE message_text MATCH ? ORDER BY message_text.rowid DESC LIMIT ${PAGE}`,
      ),
      open: prepare("SELECT * FROM message WHERE state = 'open' ORDER BY seq LIMIT 100"),
    };
  }

  last = (): number => this.#statements.last.get() as number;
  page = (from: number): number => this.#statements.page.all(from).length;
  search = (word: string): number => this.#statements.search.all(`"${word}"*`).length;
  openQuestions = (): number => this.#statements.open.all().length;

  close(): void {
    this.#database.close();
  }
}
