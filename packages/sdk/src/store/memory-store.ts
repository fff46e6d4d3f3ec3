import { randomId } from "../base/id.ts";
import { parseLeaf } from "../evidence/leaf.ts";
import { AppendQueue, type CommitResult, type LogBackend } from "./append-queue.ts";
import type { Addition, Found } from "./batch.ts";
import { nameTaken, storeClosed, topicExists, topicUnknown, userUnknown, withinBytes } from "./store-errors.ts";
import type {
  Appended,
  EntryDraft,
  EntryKey,
  Head,
  Person,
  ReadPage,
  StoredEntry,
  TopicRecord,
  TopicStore,
  TopicSummary,
} from "./topic-store.ts";
import { loginKey, type UserRecord, type UserStore } from "./user-store.ts";

/** A store that lives as long as its process, for tests and examples. It keeps what it has when closed and opened again. */
export function memoryStore(): TopicStore & { readonly users: UserStore } {
  return new MemoryStore();
}

interface MemoryTopic extends TopicRecord {
  readonly entries: StoredEntry[];
  readonly keys: Map<string, StoredEntry>;
  /** From person to pseudonym. */
  readonly pseudonyms: Map<string, string>;
}

class MemoryStore implements TopicStore, LogBackend {
  readonly users: UserStore = new MemoryUsers(() => this.#check());
  readonly #topics = new Map<string, MemoryTopic>();
  readonly #people = new Map<string, string>();
  readonly #queue = new AppendQueue(this);
  #open = false;

  async open(): Promise<void> {
    this.#open = true;
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#queue.idle();
  }

  async createTopic(topic: TopicRecord): Promise<void> {
    this.#check();
    const taken = [...this.#topics.values()].some(({ id, title }) => id === topic.id || title === topic.title);
    if (taken) throw topicExists(topic.title);
    this.#topics.set(topic.id, { ...topic, entries: [], keys: new Map(), pseudonyms: new Map() });
  }

  async findTopic(by: { readonly id: string } | { readonly title: string }): Promise<TopicSummary | undefined> {
    this.#check();
    const found =
      "id" in by ? this.#topics.get(by.id) : [...this.#topics.values()].find(({ title }) => title === by.title);
    return found && summaryOf(found);
  }

  async listTopics({ after, limit }: { after?: string | undefined; limit: number }): Promise<TopicSummary[]> {
    this.#check();
    const topics = [...this.#topics.values()];
    const start = after === undefined ? 0 : topics.indexOf(this.#topic(after)) + 1;
    return topics.slice(start, start + limit).map(summaryOf);
  }

  async pseudonym(topicId: string, person: Person): Promise<string> {
    const { pseudonyms } = this.#topic(topicId);
    this.#people.set(person.id, person.name);
    const pseudonym = pseudonyms.get(person.id) ?? randomId();
    pseudonyms.set(person.id, pseudonym);
    return pseudonym;
  }

  async names(topicId: string): Promise<ReadonlyMap<string, string>> {
    const { pseudonyms } = this.#topic(topicId);
    return new Map([...pseudonyms].map(([person, pseudonym]) => [pseudonym, this.#people.get(person) ?? ""]));
  }

  async append(topicId: string, key: EntryKey, build: (head: Head) => readonly EntryDraft[]): Promise<Appended> {
    this.#check();
    return this.#queue.append(topicId, key, build);
  }

  async read(topicId: string, { from, limit, maxBytes }: ReadPage): Promise<StoredEntry[]> {
    const page = this.#topic(topicId).entries.slice(from - 1, from - 1 + limit);
    return withinBytes(page, (entry) => entry, maxBytes);
  }

  /** @internal */
  async heads(topicIds: readonly string[]): Promise<(Head | undefined)[]> {
    return topicIds.map((id) => {
      const topic = this.#topics.get(id);
      return topic && { seq: topic.entries.length };
    });
  }

  /** @internal */
  async commit(additions: readonly Addition[]): Promise<CommitResult> {
    const found: Found[] = [];
    for (const [addition, { topicId, entries }] of additions.entries()) {
      const keys = this.#topics.get(topicId)?.keys;
      const entry = entries.map(({ leaf }) => keys?.get(keyOf(leaf))).find((known) => known !== undefined);
      if (entry !== undefined) found.push({ addition, entry });
    }
    if (found.length > 0) return { type: "conflict", heads: [], found };
    for (const { topicId, entries } of additions) {
      const topic = this.#topics.get(topicId);
      topic?.entries.push(...entries);
      for (const entry of entries) topic?.keys.set(keyOf(entry.leaf), entry);
    }
    return { type: "committed" };
  }

  #topic(id: string): MemoryTopic {
    this.#check();
    const topic = this.#topics.get(id);
    if (topic === undefined) throw topicUnknown(id);
    return topic;
  }

  #check(): void {
    if (!this.#open) throw storeClosed();
  }
}

class MemoryUsers implements UserStore {
  readonly #users = new Map<string, UserRecord>();
  readonly #check: () => void;

  constructor(check: () => void) {
    this.#check = check;
  }

  async createUser(user: UserRecord): Promise<void> {
    this.#check();
    if (this.#find(user.name) !== undefined) throw nameTaken(user.name);
    this.#users.set(user.id, user);
  }

  async findUser(name: string): Promise<UserRecord | undefined> {
    this.#check();
    return this.#find(name);
  }

  async setPasswordHash(id: string, passwordHash: string): Promise<void> {
    this.#check();
    const user = this.#users.get(id);
    if (user === undefined) throw userUnknown(id);
    this.#users.set(id, { ...user, passwordHash });
  }

  async listUsers(): Promise<UserRecord[]> {
    this.#check();
    return [...this.#users.values()];
  }

  #find(name: string): UserRecord | undefined {
    return [...this.#users.values()].find((user) => loginKey(user.name) === loginKey(name));
  }
}

const summaryOf = ({ id, title, createdAt, entries }: MemoryTopic): TopicSummary => ({
  id,
  title,
  createdAt,
  head: { seq: entries.length },
});

function keyOf(leaf: string): string {
  const fields = parseLeaf(leaf);
  return JSON.stringify([fields?.by, fields?.id]);
}
