import type Database from "better-sqlite3";
import { RedRoomError } from "../../base/errors.ts";
import { openCheckpoint, originOf, readCheckpoint } from "../../evidence/checkpoint.ts";
import type { LogKey } from "../../evidence/log-key.ts";
import { equalHashes, type Frontier, rootOf } from "../../evidence/merkle.ts";
import { StoredTree, signHead } from "../signed-tree.ts";
import { recordDamaged } from "../store-errors.ts";

/** The trees of topics, from the rows of one connection. */
export class SqliteTrees {
  readonly #leaf;
  readonly #nodes;

  constructor(database: Database.Database) {
    this.#leaf = database.prepare("SELECT leaf FROM entries WHERE topic = ? AND seq = ?").pluck();
    this.#nodes = database.prepare("SELECT nodes FROM entries WHERE topic = ? AND seq = ?").pluck();
  }

  /** @param size How many entries the topic has. */
  of(topic: number, size: number): StoredTree {
    return new StoredTree({
      size,
      leaf: (seq) => this.#leaf.get(topic, seq) as string,
      nodes: (seq) => this.#nodes.get(topic, seq) as Uint8Array,
    });
  }
}

/** Signs the heads of topics with one key, and keeps what it has signed. */
export class CheckpointSigner {
  readonly #key: LogKey;
  readonly #number: number;
  readonly #add;
  readonly #newest;
  readonly #newestKey;

  /** A key that is new here signs all present heads: it answers for what it takes over. */
  constructor(database: Database.Database, key: LogKey) {
    this.#key = key;
    this.#add = database.prepare("INSERT INTO checkpoints (topic, size, log_key, note) VALUES (?, ?, ?, ?)");
    this.#newest = database
      .prepare("SELECT note FROM checkpoints WHERE topic = ? AND log_key = ? ORDER BY size DESC LIMIT 1")
      .pluck();
    this.#newestKey = database.prepare("SELECT max(log_key) FROM log_keys").pluck();
    this.#number = database.transaction(() => this.#takeOver(database)).immediate();
  }

  sign(topic: number, topicId: string, frontier: Frontier, number = this.#number): string {
    if (this.#newestKey.get() !== number) throw keyReplaced();
    const note = signHead(topicId, frontier, this.#key);
    this.#add.run(topic, frontier.size, number, note);
    return note;
  }

  /**
   * The newest checkpoint of a topic. It is that of the head, as both are written together: an entry beyond it was added
   * by somebody else, and is neither shown nor built upon.
   *
   * @throws {RedRoomError} `RECORD_DAMAGED`.
   */
  newest(topic: number, topicId: string, size: number): string | undefined {
    const note = this.#newest.get(topic, this.#number) as string | undefined;
    if ((note === undefined ? 0 : readCheckpoint(note)?.size) !== size) throw recordDamaged(topicId, size);
    return note;
  }

  /** Before we sign what grows on entries that this connection did not write: we must have signed those. @throws As `newest`. */
  confirm(topic: number, topicId: string, frontier: Frontier): void {
    const note = this.newest(topic, topicId, frontier.size);
    if (note === undefined) return;
    const signed = openCheckpoint(note, { origin: originOf(topicId), publicKey: this.#key.publicKey });
    if (!signed || !equalHashes(signed.root, rootOf(frontier))) throw recordDamaged(topicId, frontier.size);
  }

  /**
   * Signs all heads with a key that is new in this file; one that is known has signed them, or must not. A head that no
   * earlier key has signed as it is stays unsigned, and is then not served: a new key must not vouch for it.
   */
  #takeOver(database: Database.Database): number {
    const known = database.prepare("SELECT log_key FROM log_keys WHERE public_key = ?").pluck();
    const there = known.get(this.#key.publicKey) as number | undefined;
    if (there !== undefined) return there;
    const first = this.#newestKey.get() === null;
    const signed = database
      .prepare("SELECT note FROM checkpoints WHERE topic = ? AND size = ? ORDER BY log_key DESC LIMIT 1")
      .pluck();
    const add = database.prepare("INSERT INTO log_keys (public_key) VALUES (?)");
    const number = Number(add.run(this.#key.publicKey).lastInsertRowid);
    const heads = database
      .prepare("SELECT topic, topics.id, max(seq) AS size FROM topics JOIN entries USING (topic) GROUP BY topic")
      .all() as { readonly topic: number; readonly id: string; readonly size: number }[];
    const trees = new SqliteTrees(database);
    for (const { topic, id, size } of heads) {
      const frontier = trees.of(topic, size).frontier(size);
      const known = readCheckpoint(String(signed.get(topic, size) ?? ""));
      if (first || (known && equalHashes(known.root, rootOf(frontier)))) this.sign(topic, id, frontier, number);
    }
    return number;
  }
}

const keyReplaced = (): RedRoomError =>
  new RedRoomError("STORE_UNAVAILABLE", "unable to sign; another log key has taken over this store", {
    retryable: true,
    remedy: "restart the server, so that it signs with the key that is beside the database",
  });
