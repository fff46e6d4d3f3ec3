import { RedRoomError } from "../base/errors.ts";
import { turnOver } from "../base/next-turn.ts";
import { type Addition, type AppendCall, Batch, type Found } from "./batch.ts";
import type { Appended, Build, EntryKey, TopicHead } from "./topic-store.ts";

/** What a store does for its queue. Each fails with `STORE_UNAVAILABLE` only, and is never called while another runs. */
export interface LogBackend {
  /** The heads of the topics that exist, in the order asked; `undefined` for one that does not. */
  heads(topicIds: readonly string[]): Promise<readonly (TopicHead | undefined)[]>;
  /** In one transaction: adds everything and syncs it, or adds nothing and says what stands against it. */
  commit(additions: readonly Addition[]): Promise<CommitResult>;
}

export type CommitResult =
  | {
      readonly type: "committed";
      /** The signed checkpoint of each topic written to. */
      readonly checkpoints: ReadonlyMap<string, string>;
    }
  | {
      readonly type: "conflict";
      /** Topics that have another head than was assumed: somebody else has written. */
      readonly heads: readonly (readonly [topicId: string, head: TopicHead])[];
      /** At most one for an addition. */
      readonly found: readonly Found[];
    };

const MAX_CALLS = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_KNOWN_HEADS = 10_000;

/**
 * Group commit: while one transaction is being synced, calls gather; the next takes them all. Entries are numbered on the
 * assumption that nobody else writes. Where somebody did, the backend adds nothing, and the batch is built again.
 */
export class AppendQueue {
  readonly #backend: LogBackend;
  readonly #heads = new Map<string, TopicHead>();
  #calls: AppendCall[] = [];
  #running: Promise<void> | undefined;

  constructor(backend: LogBackend) {
    this.#backend = backend;
  }

  /** @param erases The seq whose content is removed with the same commit. */
  append(topicId: string, key: EntryKey, build: Build, erases?: number): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ topicId, key, build, erases, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when every call is answered. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#calls.length > 0) {
      // Whoever was just answered may call again, and what else this turn brings travels along.
      await turnOver();
      await this.#write(this.#calls.splice(0, MAX_CALLS));
    }
    this.#running = undefined;
  }

  async #write(calls: readonly AppendCall[]): Promise<void> {
    const learned = new Set<string>();
    const batch = new Batch(this.#heads, learned);
    let taken = 0;
    try {
      await this.#learnHeads(calls, learned);
      let doubted: string | undefined;
      while (taken < calls.length && batch.bytes < MAX_BYTES && doubted === undefined) {
        const call = calls[taken] as AppendCall;
        if (batch.add(call)) taken += 1;
        else doubted = call.topicId;
      }
      // A head that refuses somebody is read again: nobody is refused by what is no longer so. In call order, as always.
      if (doubted !== undefined) this.#heads.delete(doubted);
      this.#calls.unshift(...calls.slice(taken));
      if (batch.additions.length === 0) return;
      const result = await this.#backend.commit(batch.additions);
      if (result.type === "committed") {
        for (const [topicId, head] of batch.heads) if (topicId !== doubted) this.#heads.set(topicId, head);
        batch.committed(result.checkpoints);
      } else {
        for (const [topicId, head] of result.heads) if (topicId !== doubted) this.#heads.set(topicId, head);
        this.#calls.unshift(...batch.refused(result.found));
      }
    } catch (thrown) {
      // Whether the batch was written is unknown, and with it the heads.
      this.#heads.clear();
      const error = unavailable(thrown);
      if (taken === 0) for (const call of calls) call.reject(error);
      else batch.failed(error);
    }
  }

  /** @param learned Gets the topics whose heads had to be read. */
  async #learnHeads(calls: readonly AppendCall[], learned: Set<string>): Promise<void> {
    if (this.#heads.size > MAX_KNOWN_HEADS) this.#heads.clear();
    const unknown = [...new Set(calls.map(({ topicId }) => topicId))].filter((topicId) => !this.#heads.has(topicId));
    if (unknown.length === 0) return;
    const heads = await this.#backend.heads(unknown);
    for (const [index, topicId] of unknown.entries()) {
      learned.add(topicId);
      const head = heads[index];
      if (head !== undefined) this.#heads.set(topicId, head);
    }
  }
}

function unavailable(thrown: unknown): RedRoomError {
  if (thrown instanceof RedRoomError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new RedRoomError("STORE_UNAVAILABLE", `unable to store the entries; ${reason}`, {
    cause: thrown,
    retryable: true,
  });
}
