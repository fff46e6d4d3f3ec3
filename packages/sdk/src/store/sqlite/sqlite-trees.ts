import type Database from "better-sqlite3";
import { RedRoomError } from "../../base/errors.ts";
import { type Checkpoint, openCheckpoint, originOf, readCheckpoint } from "../../evidence/checkpoint.ts";
import type { LogKey } from "../../evidence/log-key.ts";
import { equalHashes, type Frontier, rootOf } from "../../evidence/merkle.ts";
import { StoredTree, signHead } from "../signed-tree.ts";
import { keyUnknown, recordDamaged } from "../store-errors.ts";

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

  /**
   * A key that is new in the file signs the present heads that one of its earlier keys has really signed.
   *
   * @param age A `new` key was made for this database just now. A `present` one comes from elsewhere: it takes over the whole
   * record of another server, or nothing.
   * @throws {RedRoomError} `RECORD_DAMAGED` when entries are there that a `present` key did not sign, nor any before it.
   */
  constructor(database: Database.Database, key: LogKey, age: "present" | "new") {
    this.#key = key;
    this.#add = database.prepare("INSERT INTO checkpoints (topic, size, log_key, note) VALUES (?, ?, ?, ?)");
    this.#newest = database
      .prepare("SELECT note FROM checkpoints WHERE topic = ? AND log_key = ? ORDER BY size DESC LIMIT 1")
      .pluck();
    this.#newestKey = database.prepare("SELECT max(log_key) FROM log_keys").pluck();
    const known = database.prepare("SELECT log_key FROM log_keys WHERE public_key = ?").pluck();
    const number = () => known.get(key.publicKey) as number | undefined;
    this.#number = number() ?? database.transaction(() => number() ?? this.#register(database, age)).immediate();
  }

  /** 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#key.publicKey;
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
    if (!isHead(signed, frontier)) throw recordDamaged(topicId, frontier.size);
  }

  /** @returns The number that the key gets in this file. */
  #register(database: Database.Database, age: "present" | "new"): number {
    const add = database.prepare("INSERT INTO log_keys (public_key) VALUES (?)");
    const number = Number(add.run(this.#key.publicKey).lastInsertRowid);
    const whole = this.#takeOver(database, number);
    if (!whole && age === "present") throw keyUnknown(database.name);
    return number;
  }

  /**
   * A head that no earlier key has signed as it is stays unsigned, and is then not served: a new key must not vouch for it.
   *
   * @returns Whether there is no such head.
   */
  #takeOver(database: Database.Database, number: number): boolean {
    const heads = database
      .prepare("SELECT topic, topics.id, max(seq) AS size FROM topics JOIN entries USING (topic) GROUP BY topic")
      .all() as { readonly topic: number; readonly id: string; readonly size: number }[];
    const newest = database.prepare(
      `SELECT note, public_key AS publicKey FROM checkpoints JOIN log_keys USING (log_key)
         WHERE topic = ? AND size = ? ORDER BY log_key DESC LIMIT 1`,
    );
    const trees = new SqliteTrees(database);
    let whole = true;
    for (const { topic, id, size } of heads) {
      const frontier = trees.of(topic, size).frontier(size);
      const earlier = newest.get(topic, size) as { readonly note: string; readonly publicKey: Uint8Array } | undefined;
      const signed = earlier && openCheckpoint(earlier.note, { origin: originOf(id), publicKey: earlier.publicKey });
      if (isHead(signed, frontier)) this.sign(topic, id, frontier, number);
      else whole = false;
    }
    return whole;
  }
}

const isHead = (signed: Checkpoint | undefined, frontier: Frontier): boolean =>
  signed !== undefined && signed.size === frontier.size && equalHashes(signed.root, rootOf(frontier));

const keyReplaced = (): RedRoomError =>
  new RedRoomError("STORE_UNAVAILABLE", "unable to sign; another log key has taken over this store", {
    retryable: true,
    remedy: "restart the server, so that it signs with the key that is beside the database",
  });
