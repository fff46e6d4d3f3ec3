import { randomId } from "../base/id.ts";
import { type LeafFields, parseLeaf } from "../evidence/leaf.ts";
import { type LogKey, makeLogKey } from "../evidence/log-key.ts";
import type { Frontier, Hash } from "../evidence/merkle.ts";
import type { Range } from "../evidence/ranges.ts";
import { AppendQueue, type CommitResult, type LogBackend } from "./append-queue.ts";
import type { Addition, Found } from "./batch.ts";
import type { CursorStore } from "./cursor-store.ts";
import { MemoryCursors } from "./memory-cursors.ts";
import { MemoryPrepared } from "./memory-prepared.ts";
import { MemoryTopic } from "./memory-topic.ts";
import { MemoryPeople, MemoryUsers } from "./memory-users.ts";
import type { PreparedStore } from "./prepared-store.ts";
import { leafFilter, pickPage, textFilter } from "./search.ts";
import { notErasable, storeClosed, topicExists, topicUnknown, whyNotErasable, withinBytes } from "./store-errors.ts";
import type {
  Appended,
  Build,
  EntryKey,
  FoundEntries,
  Person,
  QuestionPage,
  ReadPage,
  ReceivedBy,
  SearchQuery,
  StoredEntry,
  StoredQuestion,
  TopicHead,
  TopicPage,
  TopicRecord,
  TopicStore,
  TopicSummary,
} from "./topic-store.ts";
import type { UserStore } from "./user-store.ts";

/**
 * A store that lives as long as its process, for tests and examples. It keeps what it has when closed and opened again.
 *
 * @param key Who signs its checkpoints; a new key by default.
 * @param newPseudonym Makes the pseudonyms; `randomId` by default. For stores that are replayed, and tests.
 */
export function memoryStore(key: LogKey = makeLogKey(), newPseudonym: () => string = randomId): MemoryStoreParts {
  return new MemoryStore(key, newPseudonym);
}

type MemoryStoreParts = TopicStore & {
  readonly users: UserStore;
  readonly prepared: PreparedStore;
  readonly cursors: CursorStore;
};

class MemoryStore implements TopicStore, LogBackend {
  readonly users: UserStore;
  readonly prepared: PreparedStore = new MemoryPrepared((topicId) => this.#checkTopic(topicId));
  readonly cursors: CursorStore;
  readonly #topics = new Map<string, MemoryTopic>();
  readonly #people = new MemoryPeople();
  readonly #queue = new AppendQueue(this);
  readonly #key: LogKey;
  readonly #newPseudonym: () => string;
  #open = false;

  constructor(key: LogKey, newPseudonym: () => string) {
    this.#key = key;
    this.#newPseudonym = newPseudonym;
    const people = this.#people;
    const cursors = new MemoryCursors(
      (person) => people.isErased(person),
      (topicId) => this.#checkTopic(topicId),
    );
    this.cursors = cursors;
    this.users = new MemoryUsers(people, cursors, () => this.#check());
  }

  async open(): Promise<void> {
    this.#open = true;
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#queue.idle();
  }

  async probe(): Promise<void> {
    this.#check();
  }

  async createTopic(topic: TopicRecord): Promise<void> {
    this.#check();
    const taken = this.#summaries().some(({ id, title }) => id === topic.id || title === topic.title);
    if (taken) throw topicExists(topic.title);
    this.#topics.set(topic.id, new MemoryTopic(topic));
  }

  async findTopic(by: { readonly id: string } | { readonly title: string }): Promise<TopicSummary | undefined> {
    this.#check();
    return "id" in by ? this.#topics.get(by.id)?.summary : this.#summaries().find(({ title }) => title === by.title);
  }

  async listTopics({ after, member, limit }: TopicPage): Promise<TopicSummary[]> {
    this.#check();
    const topics = [...this.#topics.values()];
    const start = after === undefined ? 0 : topics.indexOf(this.#topic(after)) + 1;
    const wanted = topics.slice(start).filter((topic) => member === undefined || topic.hasMember(member));
    return wanted.slice(0, limit).map(({ summary }) => summary);
  }

  async head(topicId: string): Promise<TopicHead> {
    return this.#topic(topicId).head;
  }

  async questions(topicId: string, page: QuestionPage): Promise<StoredQuestion[]> {
    return this.#topic(topicId).questions(page);
  }

  async deliveriesOf(topicId: string, seq: number): Promise<readonly ReceivedBy[]> {
    return this.#topic(topicId).deliveriesOf(seq);
  }

  async pseudonym(topicId: string, person: Person): Promise<string> {
    const { pseudonyms } = this.#topic(topicId);
    this.#people.note(person);
    const pseudonym = pseudonyms.get(person.id) ?? this.#newPseudonym();
    pseudonyms.set(person.id, pseudonym);
    return pseudonym;
  }

  async people(topicId: string): Promise<ReadonlyMap<string, Person>> {
    const { pseudonyms } = this.#topic(topicId);
    return new Map([...pseudonyms].map(([id, pseudonym]) => [pseudonym, { id, name: this.#people.nameOf(id) }]));
  }

  async received(topicId: string): Promise<ReadonlyMap<string, readonly Range[]>> {
    return new Map(this.#topic(topicId).received);
  }

  async append(topicId: string, key: EntryKey, build: Build): Promise<Appended> {
    this.#check();
    return this.#queue.append(topicId, key, build);
  }

  async findEntry(topicId: string, key: EntryKey): Promise<StoredEntry | undefined> {
    return this.#topic(topicId).find(key);
  }

  async logKey(): Promise<Uint8Array> {
    this.#check();
    return this.#key.publicKey;
  }

  async checkpoint(topicId: string): Promise<string | undefined> {
    return this.#topic(topicId).checkpoint;
  }

  async frontier(topicId: string, size: number): Promise<Frontier> {
    return this.#topic(topicId).tree.frontier(size);
  }

  async proveInclusion(topicId: string, seq: number, size: number): Promise<Hash[]> {
    return this.#topic(topicId).tree.proveInclusion(seq, size);
  }

  async proveConsistency(topicId: string, first: number, second: number): Promise<Hash[]> {
    return this.#topic(topicId).tree.proveConsistency(first, second);
  }

  async erase(topicId: string, seq: number, key: EntryKey, build: Build): Promise<Appended> {
    const topic = this.#topic(topicId);
    const entry = topic.entries[seq - 1];
    const content = entry?.content !== undefined;
    const erasure = content ? undefined : topic.erasureOf(seq);
    const kind = entry && parseLeaf(entry.leaf)?.kind;
    const reason = whyNotErasable({ kind, content, erasure: erasure !== undefined });
    if (reason !== undefined) throw notErasable(seq, reason);
    if (erasure !== undefined) return { entries: [erasure], duplicate: true, checkpoint: topic.checkpoint ?? "" };
    return this.#queue.append(topicId, key, build, seq);
  }

  async read(topicId: string, { from, limit, maxBytes }: ReadPage): Promise<StoredEntry[]> {
    const page = this.#topic(topicId).entries.slice(from - 1, from - 1 + limit);
    return withinBytes(page, (entry) => entry, maxBytes);
  }

  async search(topicId: string, query: SearchQuery): Promise<FoundEntries> {
    const candidates = inOrder(this.#topic(topicId).entries, query);
    const [leafFits, textFits] = [leafFilter(query), textFilter(query)];
    const fits = (leaf: LeafFields, { content }: StoredEntry) => leafFits(leaf) && textFits(leaf, content);
    return pickPage(candidates, query, fits, (entry) => entry);
  }

  /** @internal */
  async heads(topicIds: readonly string[]): Promise<(TopicHead | undefined)[]> {
    return topicIds.map((id) => this.#topics.get(id)?.head);
  }

  /** @internal */
  async commit(additions: readonly Addition[]): Promise<CommitResult> {
    const found: Found[] = [];
    for (const [addition, { topicId, entries }] of additions.entries()) {
      const topic = this.#topics.get(topicId);
      const entry = topic?.alreadyThere(entries);
      if (entry !== undefined) found.push({ addition, entry, checkpoint: topic?.checkpoint ?? "" });
    }
    if (found.length > 0) return { type: "conflict", heads: [], found };
    const checkpoints = new Map<string, string>();
    for (const addition of additions) {
      const topic = this.#topics.get(addition.topicId); // what was taken before `close` is still committed
      if (topic === undefined) throw topicUnknown(addition.topicId);
      checkpoints.set(addition.topicId, topic.write(addition, this.#key));
    }
    return { type: "committed", checkpoints };
  }

  #summaries(): TopicSummary[] {
    return [...this.#topics.values()].map(({ summary }) => summary);
  }

  #topic(id: string): MemoryTopic {
    this.#check();
    const topic = this.#topics.get(id);
    if (topic === undefined) throw topicUnknown(id);
    return topic;
  }

  #checkTopic(id: string | undefined): void {
    if (id === undefined) this.#check();
    else this.#topic(id);
  }

  #check(): void {
    if (!this.#open) throw storeClosed();
  }
}

function* inOrder(entries: readonly StoredEntry[], { order, after }: SearchQuery): Generator<StoredEntry> {
  const step = order === "oldest" ? 1 : -1;
  const before = step === 1 ? (after ?? 0) : Math.min(after ?? Number.POSITIVE_INFINITY, entries.length + 1);
  for (let seq = before + step; ; seq += step) {
    const entry = entries[seq - 1];
    if (entry === undefined) return;
    yield entry;
  }
}
