import { RedRoomError } from "../base/errors.ts";
import { type Delivery, deliveryOf } from "../evidence/delivery.ts";
import { type LeafFields, parseContent, parseLeaf, SALT_BYTES } from "../evidence/leaf.ts";
import { applyChanges, changesBy, type StateChange } from "../rules/topic-state.ts";
import { topicUnknown } from "./store-errors.ts";
import type { Appended, Build, EntryDraft, EntryKey, StoredEntry, TopicHead } from "./topic-store.ts";

/** A call of `append` that waits for its answer. */
export interface AppendCall {
  readonly topicId: string;
  readonly key: EntryKey;
  readonly build: Build;
  readonly erases: number | undefined;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** The entries of one call, as a backend writes them. */
export interface Addition {
  readonly topicId: string;
  readonly key: EntryKey;
  readonly entries: readonly (StoredEntry & EntryDraft)[];
  /** What its entries of the kind `delivery` say, in their order. */
  readonly deliveries: readonly RecordedDelivery[];
  /** What they change in the state of their topic, in their order, each with the entry that does. */
  readonly changes: readonly RecordedChange[];
  /** The seq whose content goes with this commit. */
  readonly erases: number | undefined;
}

/** A change of a topic's state. */
export interface RecordedChange {
  /** The entry that makes it. */
  readonly by: number;
  readonly change: StateChange;
}

export interface RecordedDelivery extends Delivery {
  /** The entry that says it. */
  readonly seq: number;
}

/** An entry that has a key of the batch already. */
export interface Found {
  /** Index of the addition. */
  readonly addition: number;
  readonly entry: StoredEntry;
  /** The newest signed checkpoint of its topic. */
  readonly checkpoint: string;
}

/**
 * What one commit adds. Each call builds on what the calls before it built.
 */
export class Batch {
  readonly additions: Addition[] = [];
  /** Topics with their heads after the commit. */
  readonly heads = new Map<string, TopicHead>();
  bytes = 0;
  readonly #before: ReadonlyMap<string, TopicHead>;
  readonly #learned: ReadonlySet<string>;
  readonly #keys = new Map<string, StoredEntry>();
  readonly #members: {
    readonly call: AppendCall;
    readonly addition: number | undefined;
    readonly result: Omit<Appended, "checkpoint">;
  }[] = [];

  /**
   * @param before The heads as they are known; a topic without one does not exist.
   * @param learned The topics whose head was read for this batch; that of the others is remembered.
   */
  constructor(before: ReadonlyMap<string, TopicHead>, learned: ReadonlySet<string>) {
    this.#before = before;
    this.#learned = learned;
  }

  /**
   * A call that fails is answered here, and concerns no other.
   *
   * @returns `false` when it was refused by a head that is remembered: somebody else may have written what allows it.
   */
  add(call: AppendCall): boolean {
    const { topicId, key, erases } = call;
    const repeated = this.#keys.get(keyOf(topicId, key));
    if (repeated !== undefined) {
      this.#members.push({ call, addition: undefined, result: { entries: [repeated], duplicate: true } });
      return true;
    }
    try {
      const head = this.heads.get(topicId) ?? this.#before.get(topicId);
      if (head === undefined) throw topicUnknown(topicId);
      const entries = this.#number(topicId, key, head, call.build(head));
      for (const { entry, leaf } of entries) {
        this.#keys.set(keyOf(topicId, { author: leaf.by, id: leaf.id }), entry);
        this.bytes += entry.leaf.length + entry.content.length;
      }
      const added = entries.map(({ entry }) => entry);
      const changes: RecordedChange[] = [];
      let { state } = head;
      for (const { leaf, text } of entries) {
        const own = changesBy(state, leaf, text);
        state = applyChanges(state, leaf, own);
        changes.push(...own.map((change) => ({ by: leaf.seq, change })));
      }
      const after = { seq: head.seq + added.length, state };
      this.heads.set(topicId, after);
      const result = { entries: added, duplicate: false, head: after };
      this.#members.push({ call, addition: this.additions.length, result });
      const deliveries = entries.flatMap(({ delivery }) => delivery ?? []);
      this.additions.push({ topicId, key, entries: added, deliveries, changes, erases });
    } catch (thrown) {
      if (!this.#learned.has(topicId)) return false;
      call.reject(thrown);
    }
    return true;
  }

  /** Everything was written: answers all calls. */
  committed(checkpoints: ReadonlyMap<string, string>): void {
    for (const { call, result } of this.#members) {
      call.resolve({ ...result, checkpoint: checkpoints.get(call.topicId) ?? "" });
    }
  }

  /**
   * Nothing was written: answers the calls whose entry is there already.
   *
   * @returns The others, in order.
   */
  refused(found: readonly Found[]): AppendCall[] {
    const there = new Map(found.map((member) => [member.addition, member]));
    const others: AppendCall[] = [];
    for (const { call, addition } of this.#members) {
      const known = addition === undefined ? undefined : there.get(addition);
      const entry = known?.entry;
      if (known === undefined || entry === undefined) others.push(call);
      else if (hasKey(parseLeaf(entry.leaf), call.key)) {
        call.resolve({ entries: [entry], duplicate: true, checkpoint: known.checkpoint });
      } else call.reject(wrong(`one of its entries repeats the id of entry ${entry.seq}`));
    }
    return others;
  }

  failed(error: unknown): void {
    for (const { call } of this.#members) call.reject(error);
  }

  #number(topicId: string, key: EntryKey, head: TopicHead, drafts: readonly EntryDraft[]) {
    if (drafts.length === 0) throw wrong("nothing was built");
    const own = new Set<string>();
    return drafts.map((draft, index) => {
      const seq = head.seq + 1 + index;
      const leaf = parseLeaf(draft.leaf);
      if (leaf === undefined) throw wrong(`entry ${seq} has no leaf that can be read`);
      if (leaf.seq !== seq) throw wrong(`entry ${seq} was built as ${leaf.seq}`);
      if (leaf.topic !== topicId) throw wrong(`entry ${seq} was built for another topic`);
      if (index === 0 && !hasKey(leaf, key)) throw wrong(`entry ${seq} was built without the key of its call`);
      if (draft.salt.byteLength !== SALT_BYTES) {
        throw wrong(`entry ${seq} has a salt of ${draft.salt.byteLength} bytes, ${SALT_BYTES} are needed`);
      }
      const name = keyOf(topicId, { author: leaf.by, id: leaf.id });
      if (this.#keys.has(name) || own.has(name)) throw wrong(`entry ${seq} repeats the id of another`);
      own.add(name);
      const text = parseContent(draft.content);
      if (leaf.kind === "membership" && !ROLES.test(text ?? " ")) {
        throw wrong(`entry ${seq} is a membership whose roles cannot be read`);
      }
      const delivery = leaf.kind === "delivery" ? readDelivery(leaf, text ?? "") : undefined;
      const entry = { seq, leaf: draft.leaf, content: draft.content, salt: draft.salt };
      return { leaf, text: text ?? "", delivery, entry };
    });
  }
}

function readDelivery(leaf: LeafFields, text: string): RecordedDelivery {
  const delivery = deliveryOf(leaf, text);
  if (delivery === undefined) throw wrong(`entry ${leaf.seq} is a delivery without a range`);
  return { seq: leaf.seq, ...delivery };
}

/** Words with one space between them, or none. */
const ROLES = /^([^\s\p{Cc}]+( [^\s\p{Cc}]+)*)?$/u;

const keyOf = (topicId: string, { author, id }: EntryKey): string => JSON.stringify([topicId, author, id]);

const hasKey = (leaf: LeafFields | undefined, key: EntryKey): boolean => leaf?.by === key.author && leaf.id === key.id;

const wrong = (reason: string): RedRoomError => new RedRoomError("INTERNAL", `unable to append; ${reason}`);
