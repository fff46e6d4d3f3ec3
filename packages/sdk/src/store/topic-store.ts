import type { Frontier, Hash } from "../evidence/merkle.ts";

/**
 * Where topics and their entries live: the seam for other databases. Every implementation passes the suite
 * `topicStoreContract` of `@redroom/sdk/testing`, which tests each MUST of this page.
 */
export interface TopicStore {
  /**
   * MUST be called before anything else (`STORE_CLOSED`); prepares or migrates what is needed. Idempotent. A store that
   * was closed opens again.
   *
   * @throws {RedRoomError} `STORE_FOREIGN` (the data belongs to another program), `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
   */
  open(): Promise<void>;

  /** Waits for what is under way, refuses what comes after (`STORE_CLOSED`), releases everything. Idempotent. */
  close(): Promise<void>;

  /**
   * Adds an empty topic. MUST be durable when it resolves. Titles are unique, compared exactly.
   *
   * @throws {RedRoomError} `TOPIC_EXISTS`.
   */
  createTopic(topic: TopicRecord): Promise<void>;

  /** MUST see topics that other processes have added. @returns `undefined` where there is none. */
  findTopic(by: { readonly id: string } | { readonly title: string }): Promise<TopicSummary | undefined>;

  /**
   * Topics in the order of their creation, at most `limit`, behind the topic with the id `after`.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN` when there is no topic `after`.
   */
  listTopics(page: { readonly after?: string | undefined; readonly limit: number }): Promise<TopicSummary[]>;

  /**
   * The pseudonym of a person in a topic: random, made at the first call, the same for ever after. Also notes the
   * person's present name in the directory. MUST be durable when it resolves.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`.
   */
  pseudonym(topicId: string, person: Person): Promise<string>;

  /**
   * The directory of a topic: from pseudonym to present name.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`.
   */
  names(topicId: string): Promise<ReadonlyMap<string, string>>;

  /**
   * Adds entries at the end of a topic, all or none. MUST be durable (synced) when it resolves.
   *
   * - `build` gets the head and returns one entry or more, numbered `head.seq + 1, + 2, …`, each with the id of its topic
   *   in the leaf and a salt of 32 bytes, the first with the author and id of `key`; anything else rejects this call with
   *   `INTERNAL`. It is pure and synchronous and MAY be called again with another head, when somebody else was faster.
   * - `key` makes it idempotent: when the topic holds an entry of this author with this id, nothing is added, `build`'s
   *   result is dropped, and that entry is returned with `duplicate: true`. This MUST hold for ever, across restarts.
   * - Calls for one topic MUST take effect in call order. Many calls SHOULD share one sync (group commit).
   * - When it resolves, `read` and `findTopic` MUST see the entries.
   * - A call that rejects MAY have taken effect only if the code is `STORE_UNAVAILABLE`; the same call again, with the same
   *   key, finds out. What `build` throws rejects this call, unchanged, and no other.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE` (retryable), `STORE_CLOSED`, `INTERNAL`.
   */
  append(topicId: string, key: EntryKey, build: (head: Head) => readonly EntryDraft[]): Promise<Appended>;

  /** The public half of the key that signs this store's checkpoints from now on: Ed25519, 32 bytes. */
  logKey(): Promise<Uint8Array>;

  /**
   * The newest signed checkpoint of a topic (C2SP tlog-checkpoint, see `signCheckpoint`): that of its head. MUST be
   * written in the transaction that wrote the entries. `undefined` for an empty topic.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  checkpoint(topicId: string): Promise<string | undefined>;

  /**
   * What a tree of the first `size` entries needs to grow. MUST take no more than `O(log size)` reads; so do the proofs.
   *
   * @throws {RedRoomError} `PROOF_UNAVAILABLE` for a size beyond the head, `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  frontier(topicId: string, size: number): Promise<Frontier>;

  /** Proves that entry `seq` is in the tree of the first `size` (RFC 6962 §2.1.1). @throws As `frontier` does. */
  proveInclusion(topicId: string, seq: number, size: number): Promise<Hash[]>;

  /** Proves that the tree of `first` entries is the beginning of that of `second` (§2.1.2). @throws As `frontier` does. */
  proveConsistency(topicId: string, first: number, second: number): Promise<Hash[]>;

  /**
   * Removes content and salt of entry `seq` from every place where they are, and appends the entry that says so, in one
   * transaction: the only way in which anything is ever removed. The leaf stays, and with it every proof. The entry that
   * `build` makes is of the kind `erasure` and refers to `seq`.
   *
   * Where the content was erased before, appends nothing, makes sure again that it is nowhere, and returns the entry that
   * said so, with `duplicate: true`. So a call that failed halfway (`STORE_UNAVAILABLE`) is finished by the next.
   *
   * @throws {RedRoomError} `REFERENCE_INVALID` when there is no such entry, when it is no message (what the operator did
   * stays on record), or when its content is missing without an erasure; otherwise as `append` does.
   */
  erase(topicId: string, seq: number, key: EntryKey, build: (head: Head) => readonly EntryDraft[]): Promise<Appended>;

  /**
   * Entries from seq `from` upwards, dense and in order: at most `limit`, and MAY be fewer, but at least one where there
   * is one, so that the bytes of one answer stay within `maxBytes` of content where possible.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  read(topicId: string, page: ReadPage): Promise<StoredEntry[]>;
}

export interface TopicRecord {
  /** A `randomId()`. */
  readonly id: string;
  readonly title: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

export interface TopicSummary extends TopicRecord {
  readonly head: Head;
}

export interface Head {
  /** The highest seq; 0 for an empty topic. */
  readonly seq: number;
}

export interface Person {
  /** Stable and never reused. */
  readonly id: string;
  readonly name: string;
}

export interface EntryKey {
  /** The author's pseudonym in the topic. */
  readonly author: string;
  readonly id: string;
}

export interface EntryDraft {
  /** The leaf line (see `encodeLeaf`), whose `seq` is the entry's place in the topic. */
  readonly leaf: string;
  /** The content line, with the salt of its commitment. */
  readonly content: string;
  readonly salt: Uint8Array;
}

export interface StoredEntry {
  readonly seq: number;
  readonly leaf: string;
  /** Both are `undefined` once the content has been erased. */
  readonly content: string | undefined;
  readonly salt: Uint8Array | undefined;
}

export interface Appended {
  /** The entries added, or for a duplicate the one that was there. */
  readonly entries: readonly StoredEntry[];
  readonly duplicate: boolean;
  /** The newest signed checkpoint; it covers the entries. */
  readonly checkpoint: string;
}

export interface ReadPage {
  /** 1 or more. */
  readonly from: number;
  readonly limit: number;
  /** 1 MiB by default. */
  readonly maxBytes?: number;
}
