import type Database from "better-sqlite3";
import type { LeafFields } from "../../evidence/leaf.ts";
import { isSearched, wordsOfContent } from "../search.ts";

/** The row of an entry in the index: fixed by what never changes, because VACUUM numbers other rows anew. */
export const SEARCH_ROW = "(topic << 32) | seq";

/**
 * The step that makes the index of words and fills it from what is there. SQLite never takes a text apart itself: it gets
 * the words, so that every store finds the same, whatever SQLite knows of Unicode. Its tokenizer separates them at spaces.
 *
 * Only words and rows are kept, not where a word stands (`detail`), nor the text (`content`).
 */
export const SEARCH_STEP = `
CREATE VIRTUAL TABLE search USING fts5(
  words, content = '', contentless_delete = 1, detail = none, prefix = '2 3', tokenize = 'ascii'
);

INSERT INTO search (rowid, words)
SELECT ${SEARCH_ROW}, search_words(content) FROM entries JOIN contents USING (topic, seq) WHERE kind <> 'delivery';

CREATE INDEX entries_by_author ON entries (topic, author, seq);
CREATE INDEX entries_by_kind ON entries (topic, kind, seq);
CREATE INDEX entries_by_time ON entries (topic, at, seq);
CREATE INDEX entries_by_reference ON entries (topic, re, seq) WHERE re IS NOT NULL;
`;

/** What `SEARCH_STEP` calls: a connection needs it before the step. */
export function addSearchWords(database: Database.Database): void {
  const options = { deterministic: true, directOnly: true };
  database.function("search_words", options, (content: unknown) => wordsOfContent(String(content)));
}

/** The words of contents, kept in the transaction of the contents. */
export class SearchIndex {
  readonly #add;
  readonly #remove;
  readonly #merge;

  constructor(database: Database.Database) {
    this.#add = database.prepare("INSERT INTO search (rowid, words) VALUES ((? << 32) | ?, ?)");
    this.#remove = database.prepare("DELETE FROM search WHERE rowid = (? << 32) | ?");
    this.#merge = database.prepare("INSERT INTO search (search) VALUES ('optimize')");
  }

  add(
    topic: number,
    { seq, leaf, content }: { readonly seq: number; readonly leaf: string; readonly content: string },
  ) {
    const { kind } = JSON.parse(leaf) as LeafFields;
    if (isSearched(kind)) this.#add.run(topic, seq, wordsOfContent(content));
  }

  /** From now on nothing finds the entry by its words; they are in the file until `purge`. */
  remove(topic: number, seq: number): void {
    this.#remove.run(topic, seq);
  }

  /** Writes the index anew, without the words of what was removed. */
  purge(): void {
    this.#merge.run();
  }
}
