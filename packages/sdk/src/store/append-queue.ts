import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import type { Appended, EntryDraft, EntryKey, Head, StoredEntry } from "./topic-store.ts";

/** The entries of one `append`, numbered, as a backend writes them. */
export interface CommitItem {
  readonly topicId: string;
  readonly key: EntryKey;
  readonly entries: readonly (StoredEntry & EntryDraft)[];
}

export type CommitResult =
  | { readonly type: "committed" }
  /** Nothing was written: these topics have other heads than was thought, these items are there already. */
  | {
      readonly type: "conflict";
      readonly heads: readonly (readonly [topicId: string, seq: number])[];
      readonly duplicates: readonly (readonly [item: number, entry: StoredEntry])[];
    };

/** What a store does for its queue. */
export interface LogBackend {
  /** The highest seq of each topic; `undefined` for a topic that does not exist. */
  heads(topicIds: readonly string[]): Promise<(number | undefined)[]>;
  /** Writes all items in one transaction and syncs it, or nothing. */
  commit(items: readonly CommitItem[]): Promise<CommitResult>;
}

interface Call {
  readonly topicId: string;
  readonly key: EntryKey;
  readonly build: (head: Head) => readonly EntryDraft[];
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_CALLS = 1_000;
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

/**
 * Group commit: while one transaction is being synced, calls gather; the next takes them all. Numbers are given on the
 * assumption that nobody else writes; where somebody did, the backend refuses the batch, and it is built again.
 */
export class AppendQueue {
  readonly #backend: LogBackend;
  readonly #heads = new Map<string, number>();
  #calls: Call[] = [];
  #running: Promise<void> | undefined;

  constructor(backend: LogBackend) {
    this.#backend = backend;
  }

  append(topicId: string, key: EntryKey, build: Call["build"]): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ topicId, key, build, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when every call so far is answered. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is called in this turn travels together.
    await Promise.resolve();
    while (this.#calls.length > 0) {
      const batch = this.#calls.splice(0, MAX_CALLS);
      try {
        await this.#write(batch);
      } catch (thrown) {
        // Whether it was written is unknown, and so are the heads.
        this.#heads.clear();
        const error = toRedRoomError(thrown, "STORE_UNAVAILABLE", "store the entries");
        for (const call of batch) call.reject(error);
      }
    }
    this.#running = undefined;
  }

  async #write(batch: readonly Call[]): Promise<void> {
    let open: readonly Call[] = batch;
    while (open.length > 0) {
      await this.#learnHeads(open);
      const { built, repeated, left } = this.#build(open);
      const result = await this.#commit(built.map(({ item }) => item));
      if (result.type === "committed") {
        for (const { call, item } of built) {
          this.#heads.set(item.topicId, item.entries.at(-1)?.seq ?? 0);
          call.resolve({ entries: item.entries, duplicate: false });
        }
        // A repetition within the batch finds what was just written.
        open = [...repeated, ...left];
      } else {
        const duplicates = new Map(result.duplicates);
        for (const [topicId, seq] of result.heads) this.#heads.set(topicId, seq);
        for (const [index, entry] of duplicates) built[index]?.call.resolve({ entries: [entry], duplicate: true });
        open = [...built.filter((_, index) => !duplicates.has(index)).map(({ call }) => call), ...repeated, ...left];
      }
    }
  }

  #commit(items: readonly CommitItem[]): Promise<CommitResult> | CommitResult {
    return items.length === 0 ? { type: "committed" } : this.#backend.commit(items);
  }

  async #learnHeads(calls: readonly Call[]): Promise<void> {
    const unknown = [...new Set(calls.map(({ topicId }) => topicId))].filter((topicId) => !this.#heads.has(topicId));
    if (unknown.length === 0) return;
    const heads = await this.#backend.heads(unknown);
    for (const [index, topicId] of unknown.entries()) {
      const head = heads[index];
      if (head !== undefined) this.#heads.set(topicId, head);
    }
  }

  /** Lets each call build on the one before. Calls that fail are answered here, and concern no other. */
  #build(calls: readonly Call[]) {
    const heads = new Map<string, number>();
    const keys = new Set<string>();
    const built: { call: Call; item: CommitItem }[] = [];
    const repeated: Call[] = [];
    const left: Call[] = [];
    let bytes = 0;
    for (const call of calls) {
      const { topicId, key } = call;
      const seq = heads.get(topicId) ?? this.#heads.get(topicId);
      const keyText = JSON.stringify([topicId, key.author, key.id]);
      if (seq === undefined) {
        call.reject(new RedRoomError("TOPIC_UNKNOWN", `unable to append; there is no topic with the id ${topicId}`));
      } else if (bytes > MAX_BATCH_BYTES) {
        left.push(call);
      } else if (keys.has(keyText)) {
        repeated.push(call);
      } else {
        try {
          const entries = number(call.build({ seq }), seq);
          for (const entry of entries) bytes += entry.content.length;
          heads.set(topicId, seq + entries.length);
          keys.add(keyText);
          built.push({ call, item: { topicId, key, entries } });
        } catch (thrown) {
          call.reject(thrown);
        }
      }
    }
    return { built, repeated, left };
  }
}

function number(drafts: readonly EntryDraft[], head: number): CommitItem["entries"] {
  if (drafts.length === 0) throw new RedRoomError("INTERNAL", "unable to append; nothing was built");
  return drafts.map((draft, index) => {
    const seq = head + 1 + index;
    const { seq: built } = JSON.parse(draft.leaf) as { seq: unknown };
    if (built !== seq) throw new RedRoomError("INTERNAL", `unable to append; entry ${seq} was built as ${built}`);
    return { seq, ...draft };
  });
}
