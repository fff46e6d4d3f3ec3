import type Database from "better-sqlite3";
import { randomId } from "../../base/id.ts";
import type { CommitItem, CommitResult } from "../append-queue.ts";
import { topicExists, topicUnknown, withinBytes } from "../store-errors.ts";
import type { Person, ReadPage, StoredEntry, TopicRecord, TopicSummary } from "../topic-store.ts";

interface TopicRow {
  readonly key: number;
  readonly id: string;
  readonly title: string;
  readonly createdAt: number;
  readonly seq: number;
}

const TOPIC = `SELECT key, id, title, created_at AS createdAt,
  (SELECT coalesce(max(seq), 0) FROM entries WHERE entries.topic = topics.key) AS seq FROM topics`;

/** Topics and entries in the tables of one connection: what both workers do, each with its own. */
export class SqliteLog {
  readonly #database: Database.Database;
  readonly #statements;

  constructor(database: Database.Database) {
    this.#database = database;
    const prepare = (sql: string) => database.prepare(sql);
    this.#statements = {
      topicById: prepare(`${TOPIC} WHERE id = ?`),
      topicByTitle: prepare(`${TOPIC} WHERE title = ?`),
      topicsAfter: prepare(
        `${TOPIC} WHERE key > coalesce((SELECT key FROM topics WHERE id = ?), 0) ORDER BY key LIMIT ?`,
      ),
      topicExists: prepare("SELECT 1 FROM topics WHERE id = ? OR title = ?"),
      addTopic: prepare("INSERT INTO topics (id, title, created_at) VALUES (?, ?, ?)"),
      pseudonym: prepare("SELECT pseudonym FROM pseudonyms WHERE topic = ? AND person = ?").pluck(),
      addPseudonym: prepare("INSERT INTO pseudonyms (topic, pseudonym, person) VALUES (?, ?, ?)"),
      setPerson: prepare(
        "INSERT INTO people (id, name) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name WHERE name <> excluded.name",
      ),
      names: prepare("SELECT pseudonym, name FROM pseudonyms JOIN people ON people.id = person WHERE topic = ?").raw(),
      byKey: prepare(
        "SELECT seq, leaf, content, salt FROM entries LEFT JOIN contents USING (topic, seq) WHERE topic = ? AND author = ? AND id = ?",
      ),
      addEntry: prepare("INSERT INTO entries (topic, seq, leaf) VALUES (?, ?, ?)"),
      addContent: prepare("INSERT INTO contents (topic, seq, content, salt) VALUES (?, ?, ?, ?)"),
      page: prepare(
        "SELECT seq, leaf, content, salt FROM entries LEFT JOIN contents USING (topic, seq) WHERE topic = ? AND seq >= ? ORDER BY seq LIMIT ?",
      ),
    };
  }

  findTopic(by: { readonly id: string } | { readonly title: string }): TopicSummary | undefined {
    const row = "id" in by ? this.#statements.topicById.get(by.id) : this.#statements.topicByTitle.get(by.title);
    return row === undefined ? undefined : summaryOf(row as TopicRow);
  }

  listTopics({ after, limit }: { readonly after?: string | undefined; readonly limit: number }): TopicSummary[] {
    return this.#statements.topicsAfter.all(after ?? null, limit).map((row) => summaryOf(row as TopicRow));
  }

  createTopic({ id, title, createdAt }: TopicRecord): void {
    this.#inTransaction(() => {
      if (this.#statements.topicExists.get(id, title) !== undefined) throw topicExists(title);
      this.#statements.addTopic.run(id, title, createdAt);
    });
  }

  pseudonym(topicId: string, { id, name }: Person): string {
    return this.#inTransaction(() => {
      const { key } = this.#topic(topicId);
      this.#statements.setPerson.run(id, name);
      const known = this.#statements.pseudonym.get(key, id) as string | undefined;
      const pseudonym = known ?? randomId();
      if (known === undefined) this.#statements.addPseudonym.run(key, pseudonym, id);
      return pseudonym;
    });
  }

  names(topicId: string): [pseudonym: string, name: string][] {
    return this.#statements.names.all(this.#topic(topicId).key) as [string, string][];
  }

  heads(topicIds: readonly string[]): (number | undefined)[] {
    return topicIds.map((id) => (this.#statements.topicById.get(id) as TopicRow | undefined)?.seq);
  }

  /** All items in one transaction, synced when this returns; or none, and why. */
  commit(items: readonly CommitItem[]): CommitResult {
    return this.#inTransaction(() => {
      const topics = new Map<string, TopicRow>();
      const heads: [string, number][] = [];
      const duplicates: [number, StoredEntry][] = [];
      for (const [index, { topicId, key, entries }] of items.entries()) {
        let topic = topics.get(topicId);
        if (topic === undefined) {
          topic = this.#topic(topicId);
          topics.set(topicId, topic);
          if (entries[0]?.seq !== topic.seq + 1) heads.push([topicId, topic.seq]);
        }
        const known = this.#statements.byKey.get(topic.key, key.author, key.id);
        if (known !== undefined) duplicates.push([index, entryOf(known)]);
      }
      if (heads.length > 0 || duplicates.length > 0) return { type: "conflict", heads, duplicates };
      for (const { topicId, entries } of items) {
        const { key } = this.#topicOf(topics, topicId);
        for (const { seq, leaf, content, salt } of entries) {
          this.#statements.addEntry.run(key, seq, leaf);
          this.#statements.addContent.run(key, seq, content, salt);
        }
      }
      return { type: "committed" };
    });
  }

  read(topicId: string, { from, limit, maxBytes }: ReadPage): StoredEntry[] {
    const rows = this.#statements.page.iterate(this.#topic(topicId).key, from, limit);
    return withinBytes(rows, entryOf, maxBytes);
  }

  #topic(id: string): TopicRow {
    const row = this.#statements.topicById.get(id);
    if (row === undefined) throw topicUnknown(id);
    return row as TopicRow;
  }

  #topicOf(topics: ReadonlyMap<string, TopicRow>, id: string): TopicRow {
    return topics.get(id) ?? this.#topic(id);
  }

  /** Begun as a writer at once, so that what was read cannot become stale before it is written. */
  #inTransaction<T>(work: () => T): T {
    return this.#database.transaction(work).immediate();
  }
}

const summaryOf = ({ id, title, createdAt, seq }: TopicRow): TopicSummary => ({ id, title, createdAt, head: { seq } });

function entryOf(row: unknown): StoredEntry {
  const { seq, leaf, content, salt } = row as {
    seq: number;
    leaf: string;
    content: string | null;
    salt: Buffer | null;
  };
  return { seq, leaf, content: content ?? undefined, salt: salt ?? undefined };
}
