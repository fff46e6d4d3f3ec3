import { resolve } from "node:path";
import type { Frontier, Hash } from "../../evidence/merkle.ts";
import type { Range } from "../../evidence/ranges.ts";
import { AppendQueue } from "../append-queue.ts";
import type { CursorStore } from "../cursor-store.ts";
import type { PreparedStore } from "../prepared-store.ts";
import { storeClosed } from "../store-errors.ts";
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
} from "../topic-store.ts";
import type { UserStore } from "../user-store.ts";
import { CursorSaves } from "./cursor-saves.ts";
import { forgetFile, meetFile } from "./open-files.ts";
import { WorkerLink } from "./worker-link.ts";

export interface SqliteStore extends TopicStore {
  /** The users in the same file. */
  readonly users: UserStore;
  /** The prepared messages in the same file. */
  readonly prepared: PreparedStore;
  /** The cursors in the same file. */
  readonly cursors: CursorStore;
}

export interface SqliteStoreOptions {
  /**
   * How long to wait for another process that is writing to the file; 500 by default, so that whoever waits for a message
   * to be stored knows within a second that it is not.
   */
  readonly busyTimeoutMs?: number;
}

/**
 * Topics, entries and users in one SQLite file, made at the first `open()`. Every commit is synced before it is
 * reported. Other processes may use the file at the same time; after `close()`, when nobody has it open any more, that
 * one file is the whole store. A store that is open and idle does not keep the process alive.
 *
 * @param file A path; its folder must exist.
 */
export function sqliteStore(file: string, { busyTimeoutMs = 500 }: SqliteStoreOptions = {}): SqliteStore {
  return new FileStore(resolve(file), busyTimeoutMs);
}

/** How long the first opening may wait for other processes. */
const FIRST_OPENING_MS = 5_000;

class FileStore implements SqliteStore {
  readonly users: UserStore = {
    createUser: async (user) => this.#write().call("users", "createUser", user),
    findUser: async (name) => (await this.#read()).call("users", "findUser", name),
    updateUser: async (id, change) => this.#write().call("users", "updateUser", id, change),
    eraseUser: async (id) => {
      await this.#write().call("users", "eraseUser", id);
      await this.#write().call("log", "scrub");
    },
    listUsers: async () => (await this.#read()).call("users", "listUsers"),
  };
  readonly prepared: PreparedStore = {
    replace: async (topicId, messages) => this.#write().call("prepared", "replace", topicId, messages),
    list: async (topicId) => (await this.#read()).call("prepared", "list", topicId),
  };
  readonly #saves = new CursorSaves(async (saves) => this.#write().call("cursors", "save", saves));
  readonly cursors: CursorStore = {
    claim: async (key) => this.#write().call("cursors", "claim", key),
    save: async (key, save) => this.#saves.save({ ...key, ...save }),
    drop: async (key) => this.#write().call("cursors", "drop", key),
  };
  /** It writes, and waits for the disk. */
  readonly #writer: WorkerLink;
  /** It reads, and waits for nobody. */
  readonly #reader: WorkerLink;
  /** It searches, which can take a while, and starts with the first search. */
  readonly #searcher: WorkerLink;
  readonly #queue: AppendQueue;
  #logKey: Uint8Array | undefined;
  #open = false;
  readonly #file: string;
  #inode: string | undefined;
  /** The file that this store has had open: no other takes its place. */
  #known: string | undefined;
  /** Opening and closing, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(file: string, busyTimeoutMs: number) {
    this.#file = file;
    this.#writer = new WorkerLink({ file, busyTimeoutMs, readonly: false });
    this.#reader = new WorkerLink({ file, busyTimeoutMs, readonly: true });
    this.#searcher = new WorkerLink({ file, busyTimeoutMs, readonly: true });
    this.#queue = new AppendQueue({
      heads: (topicIds) => this.#writer.call("log", "heads", topicIds),
      commit: (additions) => this.#writer.call("log", "commit", additions),
    });
  }

  open(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#open) return;
      const inode = await meetFile(this.#file, this.#known);
      this.#inode = inode;
      this.#writer.pin(inode);
      this.#reader.pin(inode);
      this.#searcher.pin(inode);
      this.#reader.start();
      try {
        // Many may make the file, or start beside each other; who has served must say soon that it cannot any more.
        const patienceMs = this.#known === undefined ? FIRST_OPENING_MS : undefined;
        this.#logKey = await this.#writer.call("connection", "open", patienceMs);
        await this.#reader.call("connection", "open", patienceMs);
        this.#open = true;
        this.#known = inode;
      } catch (error) {
        await this.#release();
        throw error;
      }
    });
  }

  close(): Promise<void> {
    this.#open = false;
    return this.#inTurn(async () => {
      await this.#queue.idle();
      await this.#release();
    });
  }

  /** Readers first: whoever closes last tidies up. */
  async #release(): Promise<void> {
    await this.#searcher.close();
    await this.#reader.close();
    await this.#writer.close();
    if (this.#inode !== undefined) forgetFile(this.#inode);
    this.#inode = undefined;
  }

  async probe(): Promise<void> {
    await this.#write().call("connection", "probe");
    await (await this.#read()).call("connection", "open");
  }

  async createTopic(topic: TopicRecord): Promise<void> {
    await this.#write().call("log", "createTopic", topic);
  }

  async findTopic(by: { readonly id: string } | { readonly title: string }): Promise<TopicSummary | undefined> {
    return (await this.#read()).call("log", "findTopic", by);
  }

  async listTopics(page: TopicPage): Promise<TopicSummary[]> {
    return (await this.#read()).call("log", "listTopics", page);
  }

  async pseudonym(topicId: string, person: Person): Promise<string> {
    return this.#write().call("log", "pseudonym", topicId, person);
  }

  async people(topicId: string): Promise<ReadonlyMap<string, Person>> {
    return (await this.#read()).call("log", "people", topicId);
  }

  async received(topicId: string): Promise<ReadonlyMap<string, readonly Range[]>> {
    return (await this.#read()).call("log", "received", topicId);
  }

  async head(topicId: string): Promise<TopicHead> {
    return (await this.#read()).call("log", "head", topicId);
  }

  async questions(topicId: string, page: QuestionPage): Promise<StoredQuestion[]> {
    return (await this.#read()).call("log", "questions", topicId, page);
  }

  async deliveriesOf(topicId: string, seq: number): Promise<readonly ReceivedBy[]> {
    return (await this.#read()).call("log", "deliveriesOf", topicId, seq);
  }

  async append(topicId: string, key: EntryKey, build: Build): Promise<Appended> {
    if (!this.#open) throw storeClosed();
    return this.#queue.append(topicId, key, build);
  }

  async findEntry(topicId: string, key: EntryKey): Promise<StoredEntry | undefined> {
    return this.#write().call("log", "findEntry", topicId, key);
  }

  async logKey(): Promise<Uint8Array> {
    if (!this.#open || this.#logKey === undefined) throw storeClosed();
    return this.#logKey;
  }

  async checkpoint(topicId: string): Promise<string | undefined> {
    return this.#write().call("log", "checkpoint", topicId);
  }

  async frontier(topicId: string, size: number): Promise<Frontier> {
    return (await this.#read()).call("log", "frontier", topicId, size);
  }

  async proveInclusion(topicId: string, seq: number, size: number): Promise<Hash[]> {
    return (await this.#read()).call("log", "proveInclusion", topicId, seq, size);
  }

  async proveConsistency(topicId: string, first: number, second: number): Promise<Hash[]> {
    return (await this.#read()).call("log", "proveConsistency", topicId, first, second);
  }

  async erase(topicId: string, seq: number, key: EntryKey, build: Build): Promise<Appended> {
    const earlier = await this.#write().call("log", "erasureOf", topicId, seq);
    const appended = earlier ?? (await this.#queue.append(topicId, key, build, seq));
    await this.#write().call("log", "scrub");
    return appended;
  }

  async read(topicId: string, page: ReadPage): Promise<StoredEntry[]> {
    return (await this.#read()).call("log", "read", topicId, page);
  }

  async search(topicId: string, query: SearchQuery): Promise<FoundEntries> {
    return (await this.#read(this.#searcher)).call("search", "search", topicId, query);
  }

  #write(): WorkerLink {
    if (!this.#open) throw storeClosed();
    return this.#writer;
  }

  /** Opening the file anew could show what a failed sync has left behind; the writer settles that before. */
  async #read(reader = this.#reader): Promise<WorkerLink> {
    if (!this.#open) throw storeClosed();
    if (!reader.connected) await this.#writer.call("connection", "open");
    return reader;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}
