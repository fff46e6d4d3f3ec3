import type Database from "better-sqlite3";
import type { LogKey } from "../../evidence/log-key.ts";
import type { Frontier } from "../../evidence/merkle.ts";
import { StoredTree, signHead } from "../signed-tree.ts";

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

  /** A key that is new here signs all present heads: it answers for what it takes over. */
  constructor(database: Database.Database, key: LogKey) {
    this.#key = key;
    this.#add = database.prepare("INSERT INTO checkpoints (topic, size, log_key, note) VALUES (?, ?, ?, ?)");
    this.#newest = database
      .prepare("SELECT note FROM checkpoints WHERE topic = ? AND log_key = ? ORDER BY size DESC LIMIT 1")
      .pluck();
    this.#number = database.transaction(() => this.#takeOver(database)).immediate();
  }

  sign(topic: number, topicId: string, frontier: Frontier, number = this.#number): string {
    const note = signHead(topicId, frontier, this.#key);
    this.#add.run(topic, frontier.size, number, note);
    return note;
  }

  newest(topic: number): string | undefined {
    return this.#newest.get(topic, this.#number) as string | undefined;
  }

  #takeOver(database: Database.Database): number {
    database
      .prepare("INSERT INTO log_keys (public_key) SELECT @key WHERE @key NOT IN (SELECT public_key FROM log_keys)")
      .run({
        key: this.#key.publicKey,
      });
    const find = database.prepare("SELECT log_key FROM log_keys WHERE public_key = ?").pluck();
    const number = find.get(this.#key.publicKey) as number;
    const unsigned = database
      .prepare(
        `SELECT topic, id, size FROM topics JOIN (SELECT topic, max(seq) AS size FROM entries GROUP BY topic) USING (topic)
         WHERE NOT EXISTS (
           SELECT 1 FROM checkpoints WHERE topic = topics.topic AND checkpoints.size = size AND log_key = ?
         )`,
      )
      .all(number) as { readonly topic: number; readonly id: string; readonly size: number }[];
    const trees = new SqliteTrees(database);
    for (const { topic, id, size } of unsigned) this.sign(topic, id, trees.of(topic, size).frontier(size), number);
    return number;
  }
}
