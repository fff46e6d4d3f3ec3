import type Database from "better-sqlite3";
import { concatBytes } from "../../base/bytes.ts";
import { type Checkpoint, originOf, readCheckpoint } from "../../evidence/checkpoint.ts";
import { deliveryOf } from "../../evidence/delivery.ts";
import { commit, type LeafFields, parseContent, parseLeaf, peopleIn } from "../../evidence/leaf.ts";
import { appendLeaf, EMPTY_FRONTIER, equalHashes, hashLeaf, rootOf } from "../../evidence/merkle.ts";
import type { StoreFault } from "./verification.ts";
import type { RegisteredKeys } from "./verify-keys.ts";
import { ReceivedVerifier } from "./verify-received.ts";
import { StateVerifier } from "./verify-state.ts";

export interface TopicToVerify {
  /** The number that stands for the topic in other tables. */
  readonly topic: number;
  readonly id: string;
  readonly title: string;
  readonly regulated: unknown;
}

export interface TopicContext {
  readonly keys: RegisteredKeys;
  /** The key that signs now, where it is known: it must have signed the head. */
  readonly signer: number | undefined;
  /** Checkpoints from outside, of this topic and signed by one of the keys. */
  readonly held: readonly Checkpoint[];
  /** So many entries more are done. */
  readonly onEntries: (count: number) => void;
}

/** As SQLite gives it: in a damaged file any value can be of any type. */
interface EntryRow {
  readonly seq: number;
  readonly leaf: unknown;
  readonly nodes: unknown;
  readonly content: unknown;
  readonly salt: unknown;
}

interface CheckpointRow {
  readonly size: number;
  readonly key: number;
  readonly note: unknown;
}

type Fault = Pick<StoreFault, "seq" | "kind" | "message">;

const PAGE_ENTRIES = 256;
/** Even a row with a number that no entry can have must be met. */
const LOWEST = Number.MIN_SAFE_INTEGER;
const HIGHEST = Number.MAX_SAFE_INTEGER;

/** Recomputes one topic from its first entry. @returns The first fault, without what is behind it. */
export async function verifyTopic(
  database: Database.Database,
  topic: TopicToVerify,
  context: TopicContext,
): Promise<StoreFault | undefined> {
  const fault = await new TopicVerifier(database, topic, context).run();
  return fault && { topic: topic.title, ...fault };
}

class TopicVerifier {
  readonly #topic: TopicToVerify;
  readonly #context: TopicContext;
  readonly #origin: string;
  readonly #statements;
  /** From pseudonym to the person's name; `null` where the person is missing. */
  readonly #authors: ReadonlyMap<string, string | null>;
  readonly #received: ReceivedVerifier;
  readonly #state: StateVerifier;
  readonly #missing = new Set<number>();
  readonly #erased = new Set<number>();
  #frontier = EMPTY_FRONTIER;
  /** The size of the newest checkpoint of a key that may sign the head. */
  #covered = 0;
  /** Signatures under way. */
  #signatures: Promise<Fault | undefined>[] = [];

  constructor(database: Database.Database, topic: TopicToVerify, context: TopicContext) {
    this.#topic = topic;
    this.#context = context;
    this.#origin = originOf(topic.id);
    this.#statements = {
      entries: database.prepare(
        `SELECT seq, leaf, nodes, content, salt FROM entries LEFT JOIN contents USING (topic, seq)
         WHERE topic = ? AND seq > ? ORDER BY seq LIMIT ?`,
      ),
      checkpoints: database.prepare(
        `SELECT size, log_key AS key, note FROM checkpoints
         WHERE topic = ? AND size > ? AND size <= ? ORDER BY size, log_key`,
      ),
    };
    this.#received = new ReceivedVerifier(database, topic.topic);
    this.#state = new StateVerifier(database, topic.topic, topic.regulated === 1);
    const authors = database.prepare(
      "SELECT pseudonym, name FROM pseudonyms LEFT JOIN people ON people.id = person WHERE topic = ?",
    );
    this.#authors = new Map(authors.raw().all(topic.topic) as [string, string | null][]);
  }

  async run(): Promise<Fault | undefined> {
    for (let from = LOWEST; ; from = this.#frontier.size) {
      const entries = this.#statements.entries.all(this.#topic.topic, from, PAGE_ENTRIES) as EntryRow[];
      const checkpoints = this.#checkpoints(from, entries.at(-1)?.seq ?? from);
      const fault = this.#page(entries, checkpoints);
      // What is wrong with a signature of this page lies before where the page stopped.
      const unsigned = (await Promise.all(this.#signatures)).find((found) => found !== undefined);
      this.#signatures = [];
      if (unsigned ?? fault) return unsigned ?? fault;
      this.#context.onEntries(entries.length);
      if (entries.length < PAGE_ENTRIES) return this.#end();
    }
  }

  #page(entries: readonly EntryRow[], checkpoints: readonly CheckpointRow[]): Fault | undefined {
    const left = [...checkpoints];
    for (const entry of entries) {
      const fault = this.#entry(entry) ?? this.#heads(left);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #entry({ seq, leaf, nodes, content, salt }: EntryRow): Fault | undefined {
    const { size } = this.#frontier;
    if (seq !== size + 1) return { seq: size + 1, kind: "gap", message: `entry ${seq} follows entry ${size}` };
    const fields = typeof leaf === "string" ? parseLeaf(leaf) : undefined;
    if (typeof leaf !== "string" || fields === undefined) {
      return { seq, kind: "leaf", message: "the leaf is not one that a server writes" };
    }
    if (fields.topic !== this.#topic.id || fields.seq !== seq) {
      return { seq, kind: "leaf", message: `the leaf is that of entry ${fields.seq} of topic ${fields.topic}` };
    }
    const grown = appendLeaf(this.#frontier, hashLeaf(leaf));
    this.#frontier = grown.frontier;
    if (!(nodes instanceof Uint8Array && equalHashes(nodes, concatBytes(grown.completed)))) {
      return { seq, kind: "tree", message: "the stored hashes are not those of the entries up to here" };
    }
    return this.#author(fields) ?? this.#content(fields, content, salt);
  }

  #author(fields: LeafFields): Fault | undefined {
    const { seq } = fields;
    for (const pseudonym of peopleIn(fields)) {
      const name = this.#authors.get(pseudonym);
      if (typeof name === "string") continue;
      const what = name === undefined ? "is not in the directory" : "belongs to nobody";
      return { seq, kind: "author", message: `the pseudonym ${pseudonym} ${what}` };
    }
    return undefined;
  }

  #content(fields: LeafFields, content: unknown, salt: unknown): Fault | undefined {
    const { seq, kind, re, commitment } = fields;
    if (kind === "erasure" && re !== undefined) {
      this.#erased.add(re);
      if (!this.#missing.has(re)) {
        return { seq: re, kind: "content", message: `the content is there, although entry ${seq} erased it` };
      }
    }
    if (content === null && salt === null) {
      this.#missing.add(seq);
    } else if (!(typeof content === "string" && salt instanceof Uint8Array && commit(salt, content) === commitment)) {
      return { seq, kind: "content", message: "content and salt are not what the leaf commits to" };
    } else if (kind === "delivery") {
      const delivery = deliveryOf(fields, parseContent(content) ?? "");
      if (delivery === undefined) return { seq, kind: "content", message: "the delivery does not say of what" };
      this.#received.add(seq, delivery);
    }
    this.#state.add(fields, typeof content === "string" ? (parseContent(content) ?? "") : "");
    return undefined;
  }

  /** Takes from `left` the checkpoints up to the present size, and compares what was signed with what is there. */
  #heads(left: CheckpointRow[]): Fault | undefined {
    const { size } = this.#frontier;
    const held = this.#context.held.filter((checkpoint) => checkpoint.size === size);
    if (held.length === 0 && !(Number(left[0]?.size) <= size)) return undefined;
    const root = rootOf(this.#frontier);
    if (held.some((checkpoint) => !equalHashes(checkpoint.root, root))) {
      return { seq: size, kind: "rewritten", message: "the checkpoint given was signed for other entries" };
    }
    while (Number(left[0]?.size) <= size) {
      const { size: signedSize, key, note } = left.shift() as CheckpointRow;
      const checkpoint = typeof note === "string" ? readCheckpoint(note) : undefined;
      if (typeof note !== "string" || checkpoint?.origin !== this.#origin || checkpoint.size !== signedSize) {
        return { seq: signedSize, kind: "checkpoint", message: "the checkpoint is not of this topic and size" };
      }
      if (signedSize !== size || !equalHashes(checkpoint.root, root)) {
        return { seq: size, kind: "checkpoint", message: "the checkpoint was signed for other entries" };
      }
      this.#signatures.push(this.#signature(note, key, size));
      if (key === (this.#context.signer ?? key)) this.#covered = size;
    }
    return undefined;
  }

  async #signature(note: string, key: number, seq: number): Promise<Fault | undefined> {
    if (await this.#context.keys.signed(note, this.#origin, key)) return undefined;
    return { seq, kind: "checkpoint", message: `key ${key} of this file has not signed the checkpoint` };
  }

  #checkpoints(from: number, to: number): CheckpointRow[] {
    return this.#statements.checkpoints.all(this.#topic.topic, from, to) as CheckpointRow[];
  }

  /** What can be said when all entries have been seen. */
  #end(): Fault | undefined {
    const { size } = this.#frontier;
    for (const seq of this.#missing) {
      if (this.#erased.has(seq)) continue;
      return { seq, kind: "content", message: "the content is missing, and no entry erased it" };
    }
    const received = this.#received.end();
    if (received !== undefined) return { seq: undefined, kind: "received", message: received };
    const state = this.#state.end();
    if (state !== undefined) return { kind: "state", ...state };
    const beyond = size === 0 ? this.#checkpoints(LOWEST, HIGHEST) : this.#checkpoints(size, HIGHEST);
    const signedSize = beyond.at(-1)?.size;
    if (signedSize !== undefined) {
      const message = `the end is missing: ${signedSize} entries were signed, ${size} are there`;
      return { seq: size + 1, kind: "checkpoint", message };
    }
    const known = Math.max(...this.#context.held.map((checkpoint) => checkpoint.size), 0);
    if (known > size) {
      const message = `the end is missing: the checkpoint given is of ${known} entries, ${size} are there`;
      return { seq: size + 1, kind: "rewritten", message };
    }
    if (this.#covered === size) return undefined;
    const who = this.#context.signer === undefined ? "no key" : "not the log key beside the file";
    return { seq: size, kind: "checkpoint", message: `${who} has signed the newest entry` };
  }
}
