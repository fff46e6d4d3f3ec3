import type Database from "better-sqlite3";
import { queryWords } from "../../rules/search-words.ts";
import { leafFilter, pickPage } from "../search.ts";
import { topicUnknown } from "../store-errors.ts";
import type { FoundEntries, SearchQuery } from "../topic-store.ts";
import { entryOf } from "./entry-row.ts";

interface Candidate {
  readonly seq: number;
  readonly leaf: string;
}

/** Between which numbers an entry can fit, both excluded. */
interface Span {
  readonly above: number;
  readonly below: number;
}

/** More than any entry's number, and what 32 bits of a row in the index hold. */
const BEYOND = 2 ** 32 - 1;
const ORDERS = ["newest", "oldest"] as const;

/** Looks for entries, by the index that leaves the fewest to look at. */
export class SqliteSearch {
  readonly #database: Database.Database;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    const prepare = (sql: string) => database.prepare(sql);
    const inBothOrders = (sql: string, column: string) => {
      const [newest, oldest] = ORDERS.map((order) =>
        prepare(`${sql} ORDER BY ${column} ${order === "newest" ? "DESC" : "ASC"}`),
      ) as [Database.Statement, Database.Statement];
      return { newest, oldest };
    };
    const entries = "SELECT seq, leaf FROM entries WHERE topic = @topic AND seq > @above AND seq < @below";
    this.#statements = {
      topic: prepare("SELECT topic FROM topics WHERE id = ?").pluck(),
      span: prepare("SELECT min(seq) AS first, max(seq) AS last FROM entries WHERE topic = ? AND at >= ? AND at < ?"),
      entry: prepare(
        "SELECT seq, leaf, content, salt FROM entries LEFT JOIN contents USING (topic, seq) WHERE topic = ? AND seq = ?",
      ),
      // A cross join is done in the order in which it is written.
      byWords: inBothOrders(
        `SELECT entries.seq, leaf FROM search CROSS JOIN entries
         ON entries.topic = @topic AND entries.seq = search.rowid & ${BEYOND}
         WHERE search MATCH @words AND search.rowid > (@topic << 32) | @above AND search.rowid < (@topic << 32) | @below`,
        "search.rowid",
      ),
      byReference: inBothOrders(`${entries} AND re = @re`, "seq"),
      byAuthor: inBothOrders(`${entries} AND author = @author`, "seq"),
      all: inBothOrders(entries, "seq"),
    };
  }

  /** One view of everything, whatever is written meanwhile. @throws {RedRoomError} `TOPIC_UNKNOWN`. */
  search(topicId: string, query: SearchQuery): FoundEntries {
    return this.#database.transaction(() => {
      const topic = this.#statements.topic.get(topicId) as number | undefined;
      if (topic === undefined) throw topicUnknown(topicId);
      const fits = leafFilter(query);
      const load = ({ seq }: Candidate) => entryOf(this.#statements.entry.get(topic, seq));
      return pickPage(this.#candidates(topic, query), query, fits, load);
    })();
  }

  #candidates(topic: number, query: SearchQuery): Iterable<Candidate> {
    const { text, re, authors, order = "newest" } = query;
    const span = { topic, ...this.#spanOf(topic, query) };
    const [author, ...others] = authors ?? [];
    const { byWords, byReference, byAuthor, all } = this.#statements;
    let rows: Iterable<unknown>;
    if (text !== undefined) {
      const words = matchOf(text);
      rows = words === undefined ? [] : byWords[order].iterate({ ...span, words });
    } else if (re !== undefined) rows = byReference[order].iterate({ ...span, re });
    else if (author !== undefined && others.length === 0) rows = byAuthor[order].iterate({ ...span, author });
    else rows = all[order].iterate(span);
    return rows as Iterable<Candidate>;
  }

  /** Clocks are set back now and then, so the times of a topic need not ascend: which entries are in a time, the index knows. */
  #spanOf(topic: number, { from, until, after, order = "newest" }: SearchQuery): Span {
    let [above, below] = [0, BEYOND];
    if (from !== undefined || until !== undefined) {
      const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
      const row = this.#statements.span.get(topic, from ?? least, until ?? most) as { first: number; last: number };
      [above, below] = [(row.first ?? 1) - 1, (row.last ?? 0) + 1];
    }
    if (after === undefined) return { above, below };
    return order === "newest" ? { above, below: Math.min(below, after) } : { above: Math.max(above, after), below };
  }
}

/** Words in the language of FTS5: in quotes, so that none of them means anything in it. */
function matchOf(text: string): string | undefined {
  const words = queryWords(text).map((word) => `"${word}"*`);
  return words.length === 0 ? undefined : words.join(" ");
}
