/** What does not hold, and where. */
export interface StoreFault {
  /** The title; `undefined` where the fault is not one topic's. */
  readonly topic: string | undefined;
  /** The entry, or the size of the tree; `undefined` where the fault is not at one place of the log. */
  readonly seq: number | undefined;
  readonly kind: StoreFaultKind;
  /** A sentence without its full stop. */
  readonly message: string;
}

/**
 * - `database`: SQLite finds the file damaged, or its indexes (of the names, titles, and of each author's ids) contradict
 *   the rows
 * - `schema`: a table, an index, a trigger or a view is not as we made it
 * - `key`: the file of the log key, or the list of keys
 * - `gap`: the numbers are not 1, 2, 3 …
 * - `leaf`, `content`, `author`: an entry's leaf line; its content, against the commitment and the erasures; who wrote it
 * - `tree`: the stored hashes
 * - `received`: the table of who has received what, against the deliveries
 * - `state`: the tables of members, questions and sealed answers, against the entries; whether a topic is regulated, against its
 *   questions
 * - `checkpoint`: entries and signed heads contradict each other
 * - `search`: the index of words, against the contents
 * - `rewritten`: the record contradicts a checkpoint that was given
 */
export type StoreFaultKind =
  | "database"
  | "schema"
  | "key"
  | "gap"
  | "leaf"
  | "content"
  | "author"
  | "tree"
  | "received"
  | "state"
  | "checkpoint"
  | "search"
  | "rewritten";

export interface VerifyStoreOptions {
  /** Only this topic: its title or id. All by default. */
  readonly topic?: string | undefined;
  /** Signed checkpoints that left this store earlier, in an export or with a client: they show what only they can show. */
  readonly checkpoints?: readonly string[];
  /** Entries done, of all. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

export interface Verification {
  /** Empty when everything holds. At most one of each topic, the first: all that is behind it rests on it. */
  readonly faults: readonly StoreFault[];
  /** How many were verified. */
  readonly topics: number;
  readonly entries: number;
}
