import type Database from "better-sqlite3";
import { randomId } from "../../base/id.ts";
import type { LeafFields } from "../../evidence/leaf.ts";
import type { CommitResult } from "../append-queue.ts";
import type { Addition, Found } from "../batch.ts";
import { topicExists, topicUnknown, withinBytes } from "../store-errors.ts";
import type { Head, Person, ReadPage, StoredEntry, TopicRecord, TopicSummary } from "../topic-store.ts";
import { SqlitePeople } from "./sqlite-people.ts";

interface TopicRow extends TopicRecord {
  /** The number that stands for the topic in other tables. */
  readonly topic: number;
  readonly seq: number;
}

const TOPIC = `SELECT topic, id, title, created_at AS createdAt,
  (SELECT coalesce(max(seq), 0) FROM entries WHERE entries.topic = topics.topic) AS seq FROM topics`;
const ENTRY = "SELECT seq, leaf, content, salt FROM entries LEFT JOIN contents USING (topic, seq)";

/** Topics and entries in the tables of one connection. */
export class SqliteLog {
  readonly #database: Database.Database;
  readonly #people: SqlitePeople;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#people = new SqlitePeople(database);
    const prepare = (sql: string) => database.prepare(sql);
    this.#statements = {
      topicById: prepare(`${TOPIC} WHERE id = ?`),
      topicByTitle: prepare(`${TOPIC} WHERE title = ?`),
      topicsAfter: prepare(`${TOPIC} WHERE topic > ? ORDER BY topic LIMIT ?`),
      addTopic: prepare("INSERT INTO topics (id, title, created_at) VALUES (?, ?, ?)"),
      pseudonym: prepare("SELECT pseudonym FROM pseudonyms WHERE topic = ? AND person = ?").pluck(),
      addPseudonym: prepare("INSERT INTO pseudonyms (topic, pseudonym, person) VALUES (?, ?, ?)"),
      names: prepare("SELECT pseudonym, name FROM pseudonyms JOIN people ON people.id = person WHERE topic = ?").raw(),
      entryByKey: prepare(`${ENTRY} WHERE topic = ? AND author = ? AND id = ?`),
      addEntry: prepare("INSERT INTO entries (topic, seq, leaf) VALUES (?, ?, ?)"),
      addContent: prepare("INSERT INTO contents (topic, seq, content, salt) VALUES (?, ?, ?, ?)"),
      page: prepare(`${ENTRY} WHERE topic = ? AND seq >= ? ORDER BY seq LIMIT ?`),
    };
  }

  findTopic(by: { readonly id: string } | { readonly title: string }): TopicSummary | undefined {
    const row = "id" in by ? this.#statements.topicById.get(by.id) : this.#statements.topicByTitle.get(by.title);
    return row === undefined ? undefined : summaryOf(row as TopicRow);
  }

  listTopics({ after, limit }: { readonly after?: string | undefined; readonly limit: number }): TopicSummary[] {
    const behind = after === undefined ? 0 : this.#topic(after).topic;
    return this.#statements.topicsAfter.all(behind, limit).map((row) => summaryOf(row as TopicRow));
  }

  createTopic({ id, title, createdAt }: TopicRecord): void {
    this.#inTransaction(() => {
      if (this.findTopic({ id }) ?? this.findTopic({ title })) throw topicExists(title);
      this.#statements.addTopic.run(id, title, createdAt);
    });
  }

  pseudonym(topicId: string, person: Person): string {
    const { topic } = this.#topic(topicId);
    const known = () => this.#statements.pseudonym.get(topic, person.id) as string | undefined;
    const there = known();
    if (there !== undefined && this.#people.nameOf(person.id) === person.name) return there;
    return this.#inTransaction(() => {
      this.#people.note(person);
      const pseudonym = known() ?? randomId();
      if (known() === undefined) this.#statements.addPseudonym.run(topic, pseudonym, person.id);
      return pseudonym;
    });
  }

  names(topicId: string): ReadonlyMap<string, string> {
    return new Map(this.#statements.names.all(this.#topic(topicId).topic) as [string, string][]);
  }

  heads(topicIds: readonly string[]): (Head | undefined)[] {
    return topicIds.map((id) => this.findTopic({ id })?.head);
  }

  /** Everything in one transaction, synced when this returns; or nothing, and why. */
  commit(additions: readonly Addition[]): CommitResult {
    return this.#inTransaction(() => {
      const topics = new Map<string, number>();
      const heads: [string, Head][] = [];
      const found: Found[] = [];
      for (const [addition, { topicId, entries }] of additions.entries()) {
        if (!topics.has(topicId)) {
          const { topic, seq } = this.#topic(topicId);
          topics.set(topicId, topic);
          if (entries[0]?.seq !== seq + 1) heads.push([topicId, { seq }]);
        }
        const entry = this.#alreadyThere(topics.get(topicId), entries);
        if (entry !== undefined) found.push({ addition, entry });
      }
      if (heads.length > 0 || found.length > 0) return { type: "conflict", heads, found };
      for (const { topicId, entries } of additions) {
        const topic = topics.get(topicId);
        for (const { seq, leaf, content, salt } of entries) {
          this.#statements.addEntry.run(topic, seq, leaf);
          this.#statements.addContent.run(topic, seq, content, salt);
        }
      }
      return { type: "committed" };
    });
  }

  read(topicId: string, { from, limit, maxBytes }: ReadPage): StoredEntry[] {
    const rows = this.#statements.page.iterate(this.#topic(topicId).topic, from, limit);
    return withinBytes(rows, entryOf, maxBytes);
  }

  #alreadyThere(topic: number | undefined, entries: Addition["entries"]): StoredEntry | undefined {
    for (const { leaf } of entries) {
      const { by, id } = JSON.parse(leaf) as LeafFields;
      const row = this.#statements.entryByKey.get(topic, by, id);
      if (row !== undefined) return entryOf(row);
    }
    return undefined;
  }

  #topic(id: string): TopicRow {
    const row = this.#statements.topicById.get(id);
    if (row === undefined) throw topicUnknown(id);
    return row as TopicRow;
  }

  /** Begun as a writer at once, so that what it reads cannot become stale before it writes. */
  #inTransaction<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }
}

const summaryOf = ({ id, title, createdAt, seq }: TopicRow): TopicSummary => ({ id, title, createdAt, head: { seq } });

function entryOf(row: unknown): StoredEntry {
  const { seq, leaf, content, salt } = row as Omit<StoredEntry, "content" | "salt"> & {
    readonly content: string | null;
    readonly salt: Uint8Array | null;
  };
  return { seq, leaf, content: content ?? undefined, salt: salt ?? undefined };
}
