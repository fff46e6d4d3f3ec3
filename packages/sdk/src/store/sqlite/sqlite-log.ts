import type Database from "better-sqlite3";
import { RedRoomError } from "../../base/errors.ts";
import { randomId } from "../../base/id.ts";
import type { LeafFields } from "../../evidence/leaf.ts";
import type { Frontier, Hash } from "../../evidence/merkle.ts";
import { addRange, type Range } from "../../evidence/ranges.ts";
import type { CommitResult } from "../append-queue.ts";
import type { Addition, Found, RecordedDelivery } from "../batch.ts";
import { grow, type StoredTree } from "../signed-tree.ts";
import { notErasable, topicExists, topicUnknown, whyNotErasable, withinBytes } from "../store-errors.ts";
import type {
  Appended,
  EntryKey,
  Person,
  QuestionPage,
  ReadPage,
  ReceivedBy,
  StoredEntry,
  StoredQuestion,
  TopicHead,
  TopicPage,
  TopicRecord,
  TopicSummary,
} from "../topic-store.ts";
import { formatRanges, parseRanges } from "./ranges-column.ts";
import { SearchIndex } from "./search-index.ts";
import { ENTRY_COLUMNS, entryOf } from "./sqlite-entry.ts";
import { SqlitePeople } from "./sqlite-people.ts";
import { SqliteState } from "./sqlite-state.ts";
import { type CheckpointSigner, SqliteTrees } from "./sqlite-trees.ts";

interface TopicRow extends Omit<TopicRecord, "regulated"> {
  /** The number that stands for the topic in other tables. */
  readonly topic: number;
  readonly seq: number;
  readonly regulated: 0 | 1;
}

const TOPIC = `SELECT topics.topic, id, title, created_at AS createdAt, regulated,
  (SELECT coalesce(max(seq), 0) FROM entries WHERE entries.topic = topics.topic) AS seq FROM topics`;
const ENTRY = `SELECT ${ENTRY_COLUMNS} FROM entries LEFT JOIN contents USING (topic, seq)`;

/** Topics and entries in the tables of one connection. */
export class SqliteLog {
  readonly #database: Database.Database;
  readonly #people: SqlitePeople;
  readonly #state: SqliteState;
  readonly #trees: SqliteTrees;
  readonly #index: SearchIndex;
  readonly #signer: CheckpointSigner | undefined;
  readonly #statements;
  /** Trees as this connection has written them; somebody else's writing shows in the head. */
  readonly #frontiers = new Map<number, Frontier>();

  /** @param signer Who signs what this connection writes; none for one that only reads. */
  constructor(database: Database.Database, signer?: CheckpointSigner) {
    this.#database = database;
    this.#signer = signer;
    this.#people = new SqlitePeople(database);
    this.#state = new SqliteState(database);
    this.#trees = new SqliteTrees(database);
    this.#index = new SearchIndex(database);
    const prepare = (sql: string) => database.prepare(sql);
    this.#statements = {
      topicById: prepare(`${TOPIC} WHERE id = ?`),
      topicByTitle: prepare(`${TOPIC} WHERE title = ?`),
      topicsAfter: prepare(`${TOPIC} WHERE topic > ? ORDER BY topic LIMIT ?`),
      topicsOf: prepare(
        `${TOPIC} JOIN pseudonyms USING (topic) JOIN memberships USING (topic, pseudonym)
         WHERE person = ? AND roles <> '' AND pseudonyms.topic > ? ORDER BY pseudonyms.topic LIMIT ?`,
      ),
      addTopic: prepare("INSERT INTO topics (id, title, created_at, regulated) VALUES (?, ?, ?, ?)"),
      pseudonym: prepare("SELECT pseudonym FROM pseudonyms WHERE topic = ? AND person = ?").pluck(),
      addPseudonym: prepare("INSERT INTO pseudonyms (topic, pseudonym, person) VALUES (?, ?, ?)"),
      people: prepare(
        "SELECT pseudonym, people.id, name FROM pseudonyms JOIN people ON people.id = person WHERE topic = ?",
      ),
      received: prepare("SELECT pseudonym, ranges FROM received WHERE topic = ?").raw(),
      receivedBy: prepare("SELECT ranges FROM received WHERE topic = ? AND pseudonym = ?").pluck(),
      addReceived: prepare("INSERT INTO received (ranges, delivery, topic, pseudonym) VALUES (?, ?, ?, ?)"),
      growReceived: prepare("UPDATE received SET ranges = ?, delivery = ? WHERE topic = ? AND pseudonym = ?"),
      entryByKey: prepare(`${ENTRY} WHERE topic = ? AND author = ? AND id = ?`),
      addEntry: prepare("INSERT INTO entries (topic, seq, leaf, nodes) VALUES (?, ?, ?, ?)"),
      addContent: prepare("INSERT INTO contents (topic, seq, content, salt) VALUES (?, ?, ?, ?)"),
      eraseContent: prepare("DELETE FROM contents WHERE topic = ? AND seq = ?"),
      erasureOf: prepare(`${ENTRY} WHERE topic = ? AND kind = 'erasure' AND re = ? ORDER BY seq LIMIT 1`),
      page: prepare(`${ENTRY} WHERE topic = ? AND seq >= ? ORDER BY seq LIMIT ?`),
    };
  }

  findTopic(by: { readonly id: string } | { readonly title: string }): TopicSummary | undefined {
    const row = "id" in by ? this.#statements.topicById.get(by.id) : this.#statements.topicByTitle.get(by.title);
    return row === undefined ? undefined : summaryOf(row as TopicRow);
  }

  listTopics({ after, member, limit }: TopicPage): TopicSummary[] {
    const behind = after === undefined ? 0 : this.#topic(after).topic;
    const { topicsAfter, topicsOf } = this.#statements;
    const rows = member === undefined ? topicsAfter.all(behind, limit) : topicsOf.all(member, behind, limit);
    return rows.map((row) => summaryOf(row as TopicRow));
  }

  createTopic({ id, title, createdAt, regulated }: TopicRecord): void {
    this.#inTransaction(() => {
      if (this.findTopic({ id }) ?? this.findTopic({ title })) throw topicExists(title);
      this.#statements.addTopic.run(id, title, createdAt, regulated ? 1 : 0);
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

  people(topicId: string): ReadonlyMap<string, Person> {
    const rows = this.#statements.people.all(this.#topic(topicId).topic) as (Person & { pseudonym: string })[];
    return new Map(rows.map(({ pseudonym, id, name }) => [pseudonym, { id, name }]));
  }

  received(topicId: string): ReadonlyMap<string, readonly Range[]> {
    const rows = this.#statements.received.all(this.#topic(topicId).topic) as [string, string][];
    return new Map(rows.map(([pseudonym, ranges]) => [pseudonym, parseRanges(ranges)]));
  }

  head(topicId: string): TopicHead {
    return this.#database.transaction(() => this.#headOf(this.#topic(topicId)))();
  }

  findEntry(topicId: string, { author, id }: EntryKey): StoredEntry | undefined {
    const row = this.#statements.entryByKey.get(this.#topic(topicId).topic, author, id);
    return row === undefined ? undefined : entryOf(row);
  }

  heads(topicIds: readonly string[]): (TopicHead | undefined)[] {
    return this.#database.transaction(() =>
      topicIds.map((id) => {
        const row = this.#statements.topicById.get(id);
        return row === undefined ? undefined : this.#headOf(row as TopicRow);
      }),
    )();
  }

  questions(topicId: string, page: QuestionPage): StoredQuestion[] {
    return this.#state.questions(this.#topic(topicId).topic, page);
  }

  deliveriesOf(topicId: string, seq: number): ReceivedBy[] {
    return this.#database.transaction(() => this.#state.deliveriesOf(this.#topic(topicId).topic, seq))();
  }

  /** Everything in one transaction, synced when this returns; or nothing, and why. */
  commit(additions: readonly Addition[]): CommitResult {
    const grown = new Map<number, Frontier>();
    const result = this.#inTransaction((): CommitResult => {
      const topics = new Map<string, TopicRow>();
      const heads: [string, TopicHead][] = [];
      const found: Found[] = [];
      for (const [addition, { topicId, entries }] of additions.entries()) {
        let row = topics.get(topicId);
        if (row === undefined) {
          row = this.#topic(topicId);
          topics.set(topicId, row);
          if (entries[0]?.seq !== row.seq + 1) heads.push([topicId, this.#headOf(row)]);
        }
        const entry = this.#alreadyThere(row.topic, entries);
        if (entry !== undefined) found.push({ addition, entry, checkpoint: this.checkpoint(topicId) ?? "" });
      }
      if (heads.length > 0 || found.length > 0) return { type: "conflict", heads, found };
      for (const [topicId, row] of topics) {
        const own = additions.filter((addition) => addition.topicId === topicId);
        grown.set(row.topic, this.#write(row, own));
      }
      return { type: "committed", checkpoints: this.#sign(topics, grown) };
    });
    for (const [topic, frontier] of grown) this.#frontiers.set(topic, frontier);
    return result;
  }

  #write({ topic, id, seq: head }: TopicRow, additions: readonly Addition[]): Frontier {
    const known = this.#frontiers.get(topic);
    let frontier = known?.size === head ? known : this.#trees.of(topic, head).frontier(head);
    if (frontier !== known) this.#signer?.confirm(topic, id, frontier);
    for (const { entries, deliveries, changes, erases } of additions) {
      const growth = grow(
        frontier,
        entries.map(({ leaf }) => leaf),
      );
      frontier = growth.frontier;
      for (const [index, entry] of entries.entries()) {
        const { seq, leaf, content, salt } = entry;
        this.#statements.addEntry.run(topic, seq, leaf, growth.nodes[index]);
        this.#statements.addContent.run(topic, seq, content, salt);
        this.#index.add(topic, entry);
      }
      for (const delivery of deliveries) this.#receive(topic, delivery);
      this.#state.record(topic, changes);
      if (erases !== undefined) {
        this.#statements.eraseContent.run(topic, erases);
        this.#index.remove(topic, erases);
      }
    }
    return frontier;
  }

  #receive(topic: number, { to, seq, ...range }: RecordedDelivery): void {
    for (const one of to) {
      const known = this.#statements.receivedBy.get(topic, one) as string | undefined;
      const write = known === undefined ? this.#statements.addReceived : this.#statements.growReceived;
      write.run(formatRanges(addRange(parseRanges(known ?? "[]"), range)), seq, topic, one);
    }
  }

  #sign(topics: ReadonlyMap<string, TopicRow>, grown: ReadonlyMap<number, Frontier>): Map<string, string> {
    const notes = new Map<string, string>();
    for (const [topicId, { topic }] of topics) {
      const frontier = grown.get(topic);
      if (frontier !== undefined && this.#signer) notes.set(topicId, this.#signer.sign(topic, topicId, frontier));
    }
    return notes;
  }

  checkpoint(topicId: string): string | undefined {
    return this.#database.transaction(() => {
      const { topic, id, seq } = this.#topic(topicId);
      return this.#signer?.newest(topic, id, seq);
    })();
  }

  /** Holds the head of every topic against the checkpoint that we have signed of it. @throws {RedRoomError} `RECORD_DAMAGED`. */
  confirmHeads(): void {
    for (const row of this.#statements.topicsAfter.all(0, -1)) {
      const { topic, id, seq } = row as TopicRow;
      this.#signer?.confirm(topic, id, this.#trees.of(topic, seq).frontier(seq));
    }
  }

  frontier(topicId: string, size: number): Frontier {
    return this.#tree(topicId).frontier(size);
  }

  proveInclusion(topicId: string, seq: number, size: number): Hash[] {
    return this.#tree(topicId).proveInclusion(seq, size);
  }

  proveConsistency(topicId: string, first: number, second: number): Hash[] {
    return this.#tree(topicId).proveConsistency(first, second);
  }

  /**
   * @returns The erasure of an entry that was erased before; `undefined` when it can be erased.
   * @throws {RedRoomError} `REFERENCE_INVALID`.
   */
  erasureOf(topicId: string, seq: number): Appended | undefined {
    const { topic } = this.#topic(topicId);
    const [entry] = this.#statements.page.all(topic, seq, 1).map(entryOf);
    const content = entry?.seq === seq && entry.content !== undefined;
    const erasure = content ? undefined : this.#statements.erasureOf.get(topic, seq);
    const kind = entry?.seq === seq ? (JSON.parse(entry.leaf) as LeafFields).kind : undefined;
    const reason = whyNotErasable({ kind, content, erasure: erasure !== undefined });
    if (reason !== undefined) throw notErasable(seq, reason);
    if (erasure === undefined) return undefined;
    return { entries: [entryOf(erasure)], duplicate: true, checkpoint: this.checkpoint(topicId) ?? "" };
  }

  /**
   * Rewrites the file from what is live in it, and empties the write-ahead log: what was erased is then nowhere in them,
   * not even in the unused bytes of a page, where SQLite leaves copies of what it has moved.
   *
   * @throws {RedRoomError} `STORE_UNAVAILABLE`: copies may be left; the same call again finishes the job.
   */
  scrub(): void {
    try {
      this.#index.purge();
      this.#database.exec("VACUUM");
      const [{ busy } = { busy: 1 }] = this.#database.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
      if (busy !== 0) throw new Error("another process is reading from it");
    } catch (cause) {
      throw new RedRoomError(
        "STORE_UNAVAILABLE",
        `unable to remove every copy of what was erased from ${this.#database.name}; ${(cause as Error).message}`,
        { cause, retryable: true, remedy: "end what keeps the database busy, and erase the entry again to finish" },
      );
    }
  }

  #tree(topicId: string): StoredTree {
    const { topic, seq } = this.#topic(topicId);
    return this.#trees.of(topic, seq);
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

  #headOf({ topic, seq, regulated }: TopicRow): TopicHead {
    return { seq, state: this.#state.of(topic, regulated === 1) };
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

const summaryOf = ({ id, title, createdAt, regulated, seq }: TopicRow): TopicSummary => ({
  id,
  title,
  createdAt,
  regulated: regulated === 1,
  head: { seq },
});
