import { deliveryOf } from "../evidence/delivery.ts";
import { type LeafFields, parseContent, parseLeaf } from "../evidence/leaf.ts";
import type { LogKey } from "../evidence/log-key.ts";
import { EMPTY_FRONTIER, type Frontier } from "../evidence/merkle.ts";
import { addRange, type Range } from "../evidence/ranges.ts";
import { applyChanges, emptyState, type QuestionState, type TopicState } from "../rules/topic-state.ts";
import type { Addition } from "./batch.ts";
import { grow, StoredTree, signHead } from "./signed-tree.ts";
import type {
  EntryKey,
  QuestionPage,
  ReceivedBy,
  StoredEntry,
  StoredQuestion,
  TopicHead,
  TopicRecord,
  TopicSummary,
} from "./topic-store.ts";

/** One topic of a store in memory: its entries, and what follows from them. */
export class MemoryTopic {
  readonly entries: StoredEntry[] = [];
  readonly tree: StoredTree;
  /** From person to pseudonym. */
  readonly pseudonyms = new Map<string, string>();
  readonly received = new Map<string, readonly Range[]>();
  checkpoint: string | undefined;
  readonly #record: TopicRecord;
  /** From key to seq. */
  readonly #keys = new Map<string, number>();
  /** By seq, from 1: what `grow` completed. */
  readonly #nodes: Uint8Array[] = [];
  #frontier: Frontier = EMPTY_FRONTIER;
  #state: TopicState;
  /** By seq: the state of each question. */
  readonly #questions = new Map<number, QuestionState>();

  constructor(record: TopicRecord) {
    this.#record = record;
    this.#state = emptyState(record.regulated);
    const [entries, nodes] = [this.entries, this.#nodes];
    this.tree = new StoredTree({
      get size() {
        return entries.length;
      },
      leaf: (seq) => entries[seq - 1]?.leaf ?? "",
      nodes: (seq) => nodes[seq - 1] ?? new Uint8Array(),
    });
  }

  get summary(): TopicSummary {
    const { id, title, createdAt, regulated } = this.#record;
    return { id, title, createdAt, regulated, head: { seq: this.entries.length } };
  }

  get head(): TopicHead {
    return { seq: this.entries.length, state: this.#state };
  }

  /** Whether a person belongs to it now. */
  hasMember(person: string): boolean {
    return this.#state.members.has(this.pseudonyms.get(person) ?? "");
  }

  /** The entry that has the author and id of one of these. */
  alreadyThere(entries: Addition["entries"]): StoredEntry | undefined {
    const seq = entries.map(({ leaf }) => this.#keys.get(keyOf(leaf))).find((known) => known !== undefined);
    return seq === undefined ? undefined : this.entries[seq - 1];
  }

  /** The entry of this author with this id. */
  find({ author, id }: EntryKey): StoredEntry | undefined {
    const seq = this.#keys.get(JSON.stringify([author, id]));
    return seq === undefined ? undefined : this.entries[seq - 1];
  }

  /** @returns The signed checkpoint of the new head. */
  write({ entries, deliveries, changes, erases }: Addition, key: LogKey): string {
    const leaves = entries.map(({ leaf }) => leaf);
    const growth = grow(this.#frontier, leaves);
    const checkpoint = signHead(this.#record.id, growth.frontier, key);
    this.entries.push(...entries);
    this.#nodes.push(...growth.nodes);
    this.#frontier = growth.frontier;
    this.checkpoint = checkpoint;
    for (const entry of entries) this.#keys.set(keyOf(entry.leaf), entry.seq);
    for (const { by, change } of changes) {
      const leaf = this.#leaf(by);
      if (leaf !== undefined) this.#state = applyChanges(this.#state, leaf, [change]);
      if (change.type === "question") this.#questions.set(change.seq, change.state);
    }
    for (const { to, ...range } of deliveries) {
      for (const one of to) this.received.set(one, addRange(this.received.get(one) ?? [], range));
    }
    const erased = erases === undefined ? undefined : this.entries[erases - 1];
    if (erased !== undefined) this.entries[erased.seq - 1] = { ...erased, content: undefined, salt: undefined };
    return checkpoint;
  }

  /** The entry that says that the content of another was erased. */
  erasureOf(seq: number): StoredEntry | undefined {
    return this.entries.find(({ leaf }) => {
      const fields = parseLeaf(leaf);
      return fields?.kind === "erasure" && fields.re === seq;
    });
  }

  questions({ state, of, for: recipient, after = 0, limit }: QuestionPage): StoredQuestion[] {
    const wanted = [...this.#questions].flatMap(([seq, its]) => {
      const [entry, leaf] = [this.entries[seq - 1], this.#leaf(seq)];
      if (entry === undefined || leaf === undefined || seq <= after || (state ?? its) !== its) return [];
      if ((of ?? leaf.by) !== leaf.by) return [];
      if (recipient !== undefined && (leaf.by === recipient || leaf.to?.includes(recipient) === false)) return [];
      return [{ entry, state: its, asked: this.#state.open.get(seq)?.asked }];
    });
    return wanted.slice(0, limit);
  }

  deliveriesOf(seq: number): ReceivedBy[] {
    const received = new Map<string, number>();
    for (const { leaf, content } of this.entries.slice(seq)) {
      const fields = parseLeaf(leaf);
      const delivery = fields?.kind === "delivery" && deliveryOf(fields, parseContent(content ?? "") ?? "");
      if (!delivery || delivery.first > seq || delivery.last < seq) continue;
      for (const pseudonym of delivery.to) if (!received.has(pseudonym)) received.set(pseudonym, fields.at);
    }
    return [...received].map(([pseudonym, at]) => ({ pseudonym, at }));
  }

  #leaf(seq: number): LeafFields | undefined {
    return parseLeaf(this.entries[seq - 1]?.leaf ?? "");
  }
}

function keyOf(leaf: string): string {
  const fields = parseLeaf(leaf);
  return JSON.stringify([fields?.by, fields?.id]);
}
