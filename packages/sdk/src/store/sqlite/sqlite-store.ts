import { resolve } from "node:path";
import { AppendQueue } from "../append-queue.ts";
import { storeClosed } from "../store-errors.ts";
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
} from "../topic-store.ts";
import type { UserRecord, UserStore } from "../user-store.ts";
import { WorkerLink } from "./worker-link.ts";

export interface SqliteStore extends TopicStore {
  /** The users in the same file. */
  readonly users: UserStore;
}

/**
 * Topics, entries and users in one SQLite file, made at the first `open()`. Every commit is synced before it is
 * reported. Other processes may use the file at the same time; after `close()`, when nobody has it open any more, that
 * one file is the whole store.
 *
 * @param file A path; its folder must exist.
 */
export function sqliteStore(file: string): SqliteStore {
  return new FileStore(resolve(file));
}

/** Two threads: one writes, and waits for the disk; one reads, and waits for nobody. */
interface Links {
  readonly writer: WorkerLink;
  readonly reader: WorkerLink;
}

class FileStore implements SqliteStore {
  readonly users: UserStore;
  readonly #file: string;
  readonly #queue: AppendQueue;
  #links: Promise<Links> | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#queue = new AppendQueue({
      heads: async (topicIds) => (await this.#open()).writer.call("log", "heads", topicIds),
      commit: async (items) => (await this.#open()).writer.call("log", "commit", items),
    });
    this.users = {
      createUser: async (user: UserRecord) => (await this.#open()).writer.call("users", "createUser", user),
      findUser: async (name: string) => (await this.#open()).reader.call("users", "findUser", name),
      setPasswordHash: async (id: string, hash: string) =>
        (await this.#open()).writer.call("users", "setPasswordHash", id, hash),
      listUsers: async () => (await this.#open()).reader.call("users", "listUsers"),
    };
  }

  async open(): Promise<void> {
    this.#links ??= this.#start();
    await this.#open();
  }

  async #start(): Promise<Links> {
    const writer = new WorkerLink({ file: this.#file, mode: "write" });
    const reader = new WorkerLink({ file: this.#file, mode: "read" });
    try {
      await writer.call("store", "open");
      await reader.call("store", "open");
      return { writer, reader };
    } catch (error) {
      await Promise.all([writer.terminate(), reader.terminate()]);
      this.#links = undefined;
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const links = await this.#links?.catch(() => undefined);
    if (links === undefined) return;
    await this.#queue.idle();
    for (const link of [links.reader, links.writer]) {
      await link.call("store", "close").catch(() => {}); // what cannot be closed is ended with its thread
      await link.terminate();
    }
  }

  async createTopic(topic: TopicRecord): Promise<void> {
    await (await this.#open()).writer.call("log", "createTopic", topic);
  }

  async findTopic(by: { readonly id: string } | { readonly title: string }): Promise<TopicSummary | undefined> {
    return (await this.#open()).reader.call("log", "findTopic", by);
  }

  async listTopics(page: { readonly after?: string | undefined; readonly limit: number }): Promise<TopicSummary[]> {
    return (await this.#open()).reader.call("log", "listTopics", page);
  }

  async pseudonym(topicId: string, person: Person): Promise<string> {
    return (await this.#open()).writer.call("log", "pseudonym", topicId, person);
  }

  async names(topicId: string): Promise<ReadonlyMap<string, string>> {
    return new Map(await (await this.#open()).reader.call("log", "names", topicId));
  }

  async append(topicId: string, key: EntryKey, build: (head: Head) => readonly EntryDraft[]): Promise<Appended> {
    if (this.#closing !== undefined) throw storeClosed();
    return this.#queue.append(topicId, key, build);
  }

  async read(topicId: string, page: ReadPage): Promise<StoredEntry[]> {
    return (await this.#open()).reader.call("log", "read", topicId, page);
  }

  async #open(): Promise<Links> {
    if (this.#links === undefined) throw storeClosed();
    return this.#links;
  }
}
