import type Database from "better-sqlite3";
import type { LeafFields } from "../../evidence/leaf.ts";
import { queryWords } from "../../rules/search-words.ts";
import { leafFilter, pickPage, textFilter } from "../search.ts";
import { topicUnknown } from "../store-errors.ts";
import type { FoundEntries, SearchOrder, SearchQuery } from "../topic-store.ts";
import { entryOf } from "./sqlite-entry.ts";

interface Candidate {
  readonly seq: number;
  readonly leaf: string;
}

/** In which entries of a topic something can fit: numbers above the one, and below the other. */
interface Span {
  readonly topic: number;
  readonly above: number;
  readonly below: number;
}

/** More than any entry's number, and what 32 bits of a row in the index hold. */
const BEYOND = 2 ** 32 - 1;
/** With more entries in a time, it costs less to look at them in turn than to find out which they are. */
const MOST_IN_TIME = 50_000;
/** The texts of so few are read, rather than that their entries are looked for among all that have the words. */
const FEW = 500;
/** Among so few entries the index has found everything at once. */
const SHORT = 4_000;
/**
 * Among more, so many texts are read before the index is asked, and so many more for each that fits. FTS5 gathers every entry
 * that has a word with this beginning before it shows the first: half a second for what stands in most of 500,000, of which
 * the next page is right here.
 */
const FIRST_LOOK = 64;
const NEXT_LOOK = 16;

/** Looks for entries, by the index that leaves the fewest to look at. */
export class SqliteSearch {
  readonly #database: Database.Database;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    const prepare = (sql: string) => database.prepare(sql);
    const inBothOrders = (sql: string, column = "seq") => ({
      newest: prepare(`${sql} ORDER BY ${column} DESC`),
      oldest: prepare(`${sql} ORDER BY ${column}`),
    });
    const where = "WHERE topic = @topic AND seq > @above AND seq < @below";
    // Left to itself, SQLite takes the primary key, which leads past every entry in between.
    const entriesBy = (index: string) => `entries INDEXED BY entries_by_${index} ${where}`;
    this.#statements = {
      topic: prepare("SELECT topic FROM topics WHERE id = ?").pluck(),
      entry: prepare(
        "SELECT seq, leaf, content, salt FROM entries LEFT JOIN contents USING (topic, seq) WHERE topic = ? AND seq = ?",
      ),
      head: prepare("SELECT coalesce(max(seq), 0) FROM entries WHERE topic = ?").pluck(),
      content: prepare("SELECT content FROM contents WHERE topic = ? AND seq = ?").pluck(),
      inTime: prepare(
        `SELECT min(seq) AS first, max(seq) AS last, count(*) AS count FROM (
           SELECT seq FROM entries INDEXED BY entries_by_time WHERE topic = ? AND at >= ? AND at < ? LIMIT ${MOST_IN_TIME + 1}
         )`,
      ),
      ofAuthor: prepare(
        `SELECT count(*) FROM (SELECT 1 FROM ${entriesBy("author")} AND author = @author LIMIT ${FEW + 1})`,
      ).pluck(),
      // A cross join is done in the order in which it is written.
      byWords: inBothOrders(
        `SELECT entries.seq, leaf FROM search CROSS JOIN entries
         ON entries.topic = @topic AND entries.seq = search.rowid & ${BEYOND}
         WHERE search MATCH @words AND search.rowid > (@topic << 32) | @above AND search.rowid < (@topic << 32) | @below`,
        "search.rowid",
      ),
      byReference: inBothOrders(`SELECT seq, leaf FROM ${entriesBy("reference")} AND re = @re`),
      byAuthor: inBothOrders(`SELECT seq, leaf FROM ${entriesBy("author")} AND author = @author`),
      byKind: inBothOrders(`SELECT seq, leaf FROM ${entriesBy("kind")} AND kind = @kind`),
      all: inBothOrders(`SELECT seq, leaf FROM entries ${where}`),
    };
  }

  /** One view of everything, whatever is written meanwhile. @throws {RedRoomError} `TOPIC_UNKNOWN`. */
  search(topicId: string, query: SearchQuery): FoundEntries {
    return this.#database.transaction(() => {
      const topic = this.#statements.topic.get(topicId) as number | undefined;
      if (topic === undefined) throw topicUnknown(topicId);
      const [leafFits, textFits] = [leafFilter(query), textFilter(query)];
      const hasWords = (leaf: LeafFields): boolean =>
        textFits(leaf, this.#statements.content.get(topic, leaf.seq) as string | undefined);
      const fits = (leaf: LeafFields): boolean => leafFits(leaf) && hasWords(leaf);
      const { candidates, haveWords } = this.#candidates(this.#spanOf(topic, query), query, fits);
      return pickPage(candidates as Iterable<Candidate>, query, haveWords ? leafFits : fits, ({ seq }) =>
        entryOf(this.#statements.entry.get(topic, seq)),
      );
    })();
  }

  /** @returns `haveWords` when the candidates need no look at their texts. */
  #candidates(
    span: Span,
    query: SearchQuery,
    fits: (leaf: LeafFields) => boolean,
  ): { candidates: Iterable<unknown>; haveWords: boolean } {
    const { text, re, order = "newest" } = query;
    const { byWords, byReference, byAuthor, byKind, all } = this.#statements;
    const [author, kind] = [onlyOne(query.authors), onlyOne(query.kinds)];
    const haveWords = text === undefined;
    if (re !== undefined) return { candidates: byReference[order].iterate({ ...span, re }), haveWords };
    if (author !== undefined && (haveWords || this.#isFew({ ...span, author }))) {
      return { candidates: byAuthor[order].iterate({ ...span, author }), haveWords };
    }
    if (text !== undefined) {
      const words = matchOf(text);
      if (words === undefined) return { candidates: [], haveWords };
      const candidates = this.#isShort(span)
        ? byWords[order].iterate({ ...span, words })
        : this.#withWords(span, order, words, fits);
      return { candidates, haveWords: true };
    }
    if (kind !== undefined) return { candidates: byKind[order].iterate({ ...span, kind }), haveWords };
    return { candidates: all[order].iterate(span), haveWords };
  }

  /** What fits by its text for as long as much does, then what the index has. */
  *#withWords(
    span: Span,
    order: SearchOrder,
    words: string,
    fits: (leaf: LeafFields) => boolean,
  ): Generator<Candidate, void, undefined> {
    const { all, byWords } = this.#statements;
    let [looks, seq] = [FIRST_LOOK, 0];
    for (const row of all[order].iterate(span)) {
      const candidate = row as Candidate;
      seq = candidate.seq;
      if (fits(JSON.parse(candidate.leaf) as LeafFields)) {
        looks += NEXT_LOOK;
        yield candidate;
      }
      looks -= 1;
      if (looks === 0) break;
    }
    if (looks > 0) return; // that was all
    const rest = order === "newest" ? { ...span, below: seq } : { ...span, above: seq };
    yield* byWords[order].iterate({ ...rest, words }) as Iterable<Candidate>;
  }

  #isShort({ topic, above, below }: Span): boolean {
    const last = Math.min(this.#statements.head.get(topic) as number, below - 1);
    return last - above <= SHORT;
  }

  #isFew(span: Span & { readonly author: string }): boolean {
    return (this.#statements.ofAuthor.get(span) as number) <= FEW;
  }

  /** Clocks are set back now and then, so the times of a topic need not ascend: the index says which entries are in a time. */
  #spanOf(topic: number, { from, until, after, order = "newest" }: SearchQuery): Span {
    let [above, below] = [0, BEYOND];
    if (from !== undefined || until !== undefined) {
      const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
      const { first, last, count } = this.#statements.inTime.get(topic, from ?? least, until ?? most) as {
        readonly first: number | null;
        readonly last: number | null;
        readonly count: number;
      };
      if (count <= MOST_IN_TIME) [above, below] = [(first ?? 1) - 1, (last ?? 0) + 1];
    }
    if (after !== undefined && order === "newest") below = Math.min(below, after);
    if (after !== undefined && order === "oldest") above = Math.max(above, after);
    return { topic, above, below };
  }
}

const onlyOne = <T>(some: readonly T[] | undefined): T | undefined => (some?.length === 1 ? some[0] : undefined);

/** Words in the language of FTS5: in quotes, so that none of them means anything in it. */
function matchOf(text: string): string | undefined {
  const words = queryWords(text).map((word) => `"${word}"*`);
  return words.length === 0 ? undefined : words.join(" ");
}
