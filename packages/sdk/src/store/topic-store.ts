import type { EntryKind } from "../base/message-kind.ts";
import type { Frontier, Hash } from "../evidence/merkle.ts";
import type { Range } from "../evidence/ranges.ts";
import type { QuestionState, TopicState } from "../rules/topic-state.ts";

/**
 * Where topics and their entries live: the seam for other databases. Every implementation passes the suite
 * `topicStoreContract` of `@redroom/sdk/testing`, which tests each MUST of this page that can be tested from outside.
 *
 * **Failure.** Whatever keeps a store from its work (a full disk, an I/O error, a lock, a file that was moved, replaced or
 * damaged) rejects the call with `STORE_UNAVAILABLE`, whose message names the reason and whose remedy says what to do.
 *
 * - It MUST reject within a second or so; it MUST NOT block the event loop meanwhile. A disk that is merely slow is waited for.
 * - It MUST NOT resolve, nor show to any reader, what is not known to be durable.
 * - A failed sync MUST NOT be retried as if nothing had happened: what the failed one should have written may be marked as
 *   clean and lost. Before anything else is acknowledged the store MUST open its data anew, verify each topic's head against
 *   its signed checkpoint, and write again what was not known to be written.
 * - It MUST recover by itself: calls succeed again when the cause is gone, without a new store object, and also after
 *   `close()` and `open()`.
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
   * Whether a commit could be done now. Cheap enough to be called twice a second; after a failure it MUST NOT resolve before
   * something was really written and synced.
   *
   * @throws {RedRoomError} `STORE_UNAVAILABLE` as the commit would, with reason and remedy; `RECORD_DAMAGED`, `STORE_CLOSED`.
   */
  probe(): Promise<void>;

  /**
   * Adds an empty topic. MUST be durable when it resolves. Titles are unique, compared exactly.
   *
   * @throws {RedRoomError} `TOPIC_EXISTS`.
   */
  createTopic(topic: TopicRecord): Promise<void>;

  /** MUST see topics that other processes have added. @returns `undefined` where there is none. */
  findTopic(by: { readonly id: string } | { readonly title: string }): Promise<TopicSummary | undefined>;

  /**
   * Topics in the order of their creation, at most `limit`, behind the topic with the id `after`; with `member` (the id of a
   * person) those that this person belongs to now.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN` when there is no topic `after`.
   */
  listTopics(page: TopicPage): Promise<TopicSummary[]>;

  /**
   * The pseudonym of a person in a topic: random, made at the first call, the same for ever after. Also notes the
   * person's present name in the directory. MUST be durable when it resolves.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`.
   */
  pseudonym(topicId: string, person: Person): Promise<string>;

  /**
   * The directory of a topic: who is behind a pseudonym, with their present names.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`.
   */
  people(topicId: string): Promise<ReadonlyMap<string, Person>>;

  /**
   * What each pseudonym has received, according to the entries of the kind `delivery`: ranges that are ascending and
   * neither overlap nor touch. MUST be written in the transaction that writes those entries.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  received(topicId: string): Promise<ReadonlyMap<string, readonly Range[]>>;

  /**
   * The head of a topic with the state that its entries lead to (`foldEntry`). MUST be written in the transaction that
   * writes the entries, and MUST take no more time for a long topic than for a short one.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  head(topicId: string): Promise<TopicHead>;

  /**
   * Questions in the order of their numbers, at most `limit`, behind the seq `after`; only those in `state`, asked by `of`,
   * addressed to `for`, or by somebody else to nobody (pseudonyms).
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  questions(topicId: string, page: QuestionPage): Promise<StoredQuestion[]>;

  /**
   * Who has received the entry `seq`, in the order in which the record says so: `at` is the time of the first entry of the kind
   * `delivery` that covers it.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  deliveriesOf(topicId: string, seq: number): Promise<readonly ReceivedBy[]>;

  /**
   * Adds entries at the end of a topic, all or none. MUST be durable (synced) when it resolves.
   *
   * - `build` gets the head, with the state up to there, and returns one entry or more, numbered `head.seq + 1, + 2, …`, each with the id of its topic
   *   in the leaf and a salt of 32 bytes, the first with the author and id of `key`, a delivery with a range that can be
   *   read (`deliveryOf`); anything else rejects this call with `INTERNAL`. It is pure and synchronous and MAY be called
   *   again with another head, when somebody else was faster.
   * - `key` makes it idempotent: when the topic holds an entry of this author with this id, nothing is added, `build`'s
   *   result is dropped, and that entry is returned with `duplicate: true`. This MUST hold for ever, across restarts.
   * - Calls for one topic MUST take effect in call order. Many calls SHOULD share one sync (group commit).
   * - When it resolves, `read` and `findTopic` MUST see the entries.
   * - A call that rejects MAY have taken effect only if the code is `STORE_UNAVAILABLE`; the same call again, with the same
   *   key, finds out. What `build` throws rejects this call, unchanged, and no other; it
   *   MUST have thrown it upon the head as it is, also where another process has moved that since.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE` (retryable), `STORE_CLOSED`, `INTERNAL`.
   */
  append(topicId: string, key: EntryKey, build: Build): Promise<Appended>;

  /**
   * The entry of this author with this id.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  findEntry(topicId: string, key: EntryKey): Promise<StoredEntry | undefined>;

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
  erase(topicId: string, seq: number, key: EntryKey, build: Build): Promise<Appended>;

  /**
   * Entries from seq `from` upwards, dense and in order: at most `limit`, and MAY be fewer, but at least one where there
   * is one, so that the bytes of one answer stay within `maxBytes` of content where possible.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  read(topicId: string, page: ReadPage): Promise<StoredEntry[]>;

  /**
   * Entries that fit a query, in its order. It knows nothing of who may see what: whoever asks leaves out what is not for
   * the reader, and goes on from `scannedTo` until the page is full.
   *
   * - A call MUST NOT take long, and MUST NOT hold up other calls: it MAY return few entries, or none, and say with
   *   `scannedTo` how far it has looked. It MUST come to an end, with `done`, when it is asked on.
   * - What was appended before the first call MUST be found; an erased text MUST NOT be.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  search(topicId: string, query: SearchQuery): Promise<FoundEntries>;
}

export interface TopicRecord {
  /** A `randomId()`. */
  readonly id: string;
  readonly title: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  /** Whether answers are exchanged one for the other; never changed. */
  readonly regulated: boolean;
}

export interface TopicPage {
  readonly after?: string | undefined;
  readonly member?: string | undefined;
  readonly limit: number;
}

export interface TopicSummary extends TopicRecord {
  readonly head: Head;
}

export interface Head {
  /** The highest seq; 0 for an empty topic. */
  readonly seq: number;
}

/** The head of a log, and what the log says up to there. */
export interface TopicHead extends Head {
  readonly state: TopicState;
}

/** Makes the entries that follow a head. */
export type Build = (head: TopicHead) => readonly EntryDraft[];

export interface QuestionPage {
  readonly state?: QuestionState | undefined;
  readonly of?: string | undefined;
  readonly for?: string | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

export interface StoredQuestion {
  readonly entry: StoredEntry;
  readonly state: QuestionState;
  /** Those who still have to answer, of a regulated conversation. */
  readonly asked: readonly string[] | undefined;
}

export interface ReceivedBy {
  readonly pseudonym: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
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
  /** The head behind the entries that were added; `undefined` for a duplicate. */
  readonly head?: TopicHead | undefined;
}

export interface ReadPage {
  /** 1 or more. */
  readonly from: number;
  readonly limit: number;
  /** 1 MiB by default. */
  readonly maxBytes?: number;
}

/** Entries fit when they fit every member that is given. */
export interface SearchQuery {
  /**
   * Each of its words (see `queryWords`) begins a word of the text. Without any word in it, nothing fits; neither do an entry
   * whose content was erased, and a delivery.
   */
  readonly text?: string | undefined;
  readonly kinds?: readonly EntryKind[] | undefined;
  /** Pseudonyms. */
  readonly authors?: readonly string[] | undefined;
  /** Pseudonyms, of which one at least is in the entry's `to`. */
  readonly recipients?: readonly string[] | undefined;
  /** The seq that the entry refers to. */
  readonly re?: number | undefined;
  /** At this time or later, in milliseconds since the Unix epoch. */
  readonly from?: number | undefined;
  /** Before this time. */
  readonly until?: number | undefined;
  /** `newest` first by default. */
  readonly order?: SearchOrder | undefined;
  /** Only entries behind this seq, in the direction of the order: `scannedTo` of the page before. */
  readonly after?: number | undefined;
  /** 1 or more. */
  readonly limit: number;
  /** Of content; 1 MiB by default. */
  readonly maxBytes?: number | undefined;
}

export type SearchOrder = "newest" | "oldest";

export interface FoundEntries {
  /** In the order of the query, without gaps up to `scannedTo`. */
  readonly entries: readonly StoredEntry[];
  /** The last seq that was looked at: `after` of the next call. */
  readonly scannedTo: number;
  /** Whether nothing else fits. */
  readonly done: boolean;
}
