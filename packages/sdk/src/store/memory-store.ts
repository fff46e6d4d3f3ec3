import { randomId } from "../base/id.ts";
import { parseLeaf } from "../evidence/leaf.ts";
import { type LogKey, makeLogKey } from "../evidence/log-key.ts";
import { EMPTY_FRONTIER, type Frontier, type Hash } from "../evidence/merkle.ts";
import { addRange, type Range } from "../evidence/ranges.ts";
import { AppendQueue, type CommitResult, type LogBackend } from "./append-queue.ts";
import type { Addition, Found } from "./batch.ts";
import { MemoryPeople, MemoryUsers } from "./memory-users.ts";
import { grow, StoredTree, signHead } from "./signed-tree.ts";
import { notErasable, storeClosed, topicExists, topicUnknown, whyNotErasable, withinBytes } from "./store-errors.ts";
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
import type { UserStore } from "./user-store.ts";

/**
 * A store that lives as long as its process, for tests and examples. It keeps what it has when closed and opened again.
 *
 * @param key Who signs its checkpoints; a new key by default.
 */
export function memoryStore(key: LogKey = makeLogKey()): TopicStore & { readonly users: UserStore } {
  return new MemoryStore(key);
}

interface MemoryTopic extends TopicRecord {
  readonly entries: StoredEntry[];
  /** From key to seq. */
  readonly keys: Map<string, number>;
  /** By seq, from 1: what `grow` completed. */
  readonly nodes: Uint8Array[];
  readonly tree: StoredTree;
  frontier: Frontier;
  checkpoint: string | undefined;
  /** From person to pseudonym. */
  readonly pseudonyms: Map<string, string>;
  readonly received: Map<string, readonly Range[]>;
}

class MemoryStore implements TopicStore, LogBackend {
  readonly users: UserStore;
  readonly #topics = new Map<string, MemoryTopic>();
  readonly #people = new MemoryPeople();
  readonly #queue = new AppendQueue(this);
  readonly #key: LogKey;
  #open = false;

  constructor(key: LogKey) {
    this.#key = key;
    this.users = new MemoryUsers(this.#people, () => this.#check());
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
    const taken = [...this.#topics.values()].some(({ id, title }) => id === topic.id || title === topic.title);
    if (taken) throw topicExists(topic.title);
    const entries: StoredEntry[] = [];
    const nodes: Uint8Array[] = [];
    const tree = new StoredTree({
      get size() {
        return entries.length;
      },
      leaf: (seq) => entries[seq - 1]?.leaf ?? "",
      nodes: (seq) => nodes[seq - 1] ?? new Uint8Array(),
    });
    this.#topics.set(topic.id, {
      ...topic,
      entries,
      nodes,
      tree,
      keys: new Map(),
      pseudonyms: new Map(),
      received: new Map(),
      frontier: EMPTY_FRONTIER,
      checkpoint: undefined,
    });
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
    this.#people.note(person);
    const pseudonym = pseudonyms.get(person.id) ?? randomId();
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

  async append(topicId: string, key: EntryKey, build: (head: Head) => readonly EntryDraft[]): Promise<Appended> {
    this.#check();
    return this.#queue.append(topicId, key, build);
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

  async erase(
    topicId: string,
    seq: number,
    key: EntryKey,
    build: (head: Head) => readonly EntryDraft[],
  ): Promise<Appended> {
    const { entries, checkpoint = "" } = this.#topic(topicId);
    const entry = entries[seq - 1];
    const content = entry?.content !== undefined;
    const erasure = content ? undefined : entries.find(({ leaf }) => erasedBy(leaf) === seq);
    const kind = entry && parseLeaf(entry.leaf)?.kind;
    const reason = whyNotErasable({ kind, content, erasure: erasure !== undefined });
    if (reason !== undefined) throw notErasable(seq, reason);
    if (erasure !== undefined) return { entries: [erasure], duplicate: true, checkpoint };
    return this.#queue.append(topicId, key, build, seq);
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
      const topic = this.#topics.get(topicId);
      const seq = entries.map(({ leaf }) => topic?.keys.get(keyOf(leaf))).find((known) => known !== undefined);
      const entry = seq === undefined ? undefined : topic?.entries[seq - 1];
      if (entry !== undefined) found.push({ addition, entry, checkpoint: topic?.checkpoint ?? "" });
    }
    if (found.length > 0) return { type: "conflict", heads: [], found };
    const checkpoints = new Map<string, string>();
    for (const { topicId, entries, deliveries, erases } of additions) {
      const topic = this.#topics.get(topicId); // what was taken before `close` is still committed
      if (topic === undefined) throw topicUnknown(topicId);
      const leaves = entries.map(({ leaf }) => leaf);
      const growth = grow(topic.frontier, leaves);
      const checkpoint = signHead(topicId, growth.frontier, this.#key);
      topic.entries.push(...entries);
      topic.nodes.push(...growth.nodes);
      topic.frontier = growth.frontier;
      topic.checkpoint = checkpoint;
      checkpoints.set(topicId, checkpoint);
      for (const entry of entries) topic.keys.set(keyOf(entry.leaf), entry.seq);
      for (const { to, ...range } of deliveries) {
        for (const one of to) topic.received.set(one, addRange(topic.received.get(one) ?? [], range));
      }
      const erased = erases === undefined ? undefined : topic.entries[erases - 1];
      if (erased !== undefined) {
        topic.entries[erased.seq - 1] = { ...erased, content: undefined, salt: undefined };
      }
    }
    return { type: "committed", checkpoints };
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

const summaryOf = ({ id, title, createdAt, entries }: MemoryTopic): TopicSummary => ({
  id,
  title,
  createdAt,
  head: { seq: entries.length },
});

function erasedBy(leaf: string): number | undefined {
  const fields = parseLeaf(leaf);
  return fields?.kind === "erasure" ? fields.re : undefined;
}

function keyOf(leaf: string): string {
  const fields = parseLeaf(leaf);
  return JSON.stringify([fields?.by, fields?.id]);
}
