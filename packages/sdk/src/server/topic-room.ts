import { toBase64Url } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { Logger } from "../base/logger.ts";
import type { MessageKind } from "../base/message-kind.ts";
import { readCheckpoint } from "../evidence/checkpoint.ts";
import { type Delivery, deliveryText } from "../evidence/delivery.ts";
import { encodeContent } from "../evidence/leaf.ts";
import type { Range } from "../evidence/ranges.ts";
import { encodeMessage } from "../protocol/codec.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { Person, StoredEntry, TopicStore, TopicSummary } from "../store/topic-store.ts";
import { encodeEntry, peopleOf, refuseOther, sealed } from "./log-entries.ts";
import { Receipts } from "./receipts.ts";
import { RecentEntries } from "./recent-entries.ts";
import { toldError } from "./told-error.ts";
import { SERVER, TopicPeople } from "./topic-people.ts";

/** A message that somebody wants in the log. */
export interface Submission {
  readonly id: string;
  readonly kind: MessageKind;
  readonly text: string;
  readonly re?: number | undefined;
}

/** What stands in the log now, or did before. */
export interface Published {
  readonly seq: number;
  readonly at: number;
  readonly duplicate: boolean;
}

export interface SignedHead {
  readonly size: number;
  readonly note: string;
  readonly frame: Uint8Array;
}

export interface TopicRoomContext {
  readonly store: TopicStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Bytes of content that one page read from the store for a reader may hold. */
export const PAGE_BYTES = 256 * 1024;
const PAGE_ENTRIES = 256;

/** One topic while it is in use: appends to its log and wakes those who follow it. */
export class TopicRoom {
  readonly id: string;
  readonly title: string;
  readonly createdAt: number;
  readonly receipts: Receipts;
  readonly #store: TopicStore;
  readonly #clock: Clock;
  readonly #recent: RecentEntries;
  readonly #followers = new Set<() => void>();
  readonly #people: TopicPeople;
  #checkpoint: SignedHead | undefined;
  #epoch = 0;

  /** @param readers Pseudonyms of those who have read it since the server started. */
  constructor(topic: TopicSummary, readers: Set<string>, { store, clock, logger }: TopicRoomContext) {
    this.id = topic.id;
    this.title = topic.title;
    this.createdAt = topic.createdAt;
    this.#recent = new RecentEntries(topic.head.seq);
    this.#store = store;
    this.#clock = clock;
    this.#people = new TopicPeople(topic.id, store, readers, () => this.#wake());
    this.receipts = new Receipts(
      {
        received: () => store.received(topic.id),
        record: (deliveries) => this.#record(deliveries),
        onFailure: (thrown) => toldError(thrown, "record who has received what", logger),
      },
      clock,
    );
  }

  /** Before anything else. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async load(): Promise<void> {
    await this.#people.load();
    await this.refresh();
  }

  /** Somebody has another name, or none any more. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async reloadPeople(): Promise<void> {
    await this.#people.load();
    // Frames of the newest entries name their authors.
    this.#epoch += 1;
    this.#recent.restart(this.head);
  }

  /** The highest seq that followers can have. */
  get head(): number {
    return this.#recent.head;
  }

  /** Encoded `member` frames in the order in which they became known; it only grows. */
  get members(): readonly Uint8Array[] {
    return this.#people.members;
  }

  /** The newest checkpoint, as it is signed and as it is sent. */
  get checkpoint(): SignedHead | undefined {
    return this.#checkpoint;
  }

  /** Another number after texts were erased elsewhere: frames read before may hold them. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Makes somebody a member. @returns The pseudonym. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  join(person: Person): Promise<string> {
    return this.#people.join(person);
  }

  /**
   * Resolves once the message is durable; only then does anybody see it.
   *
   * @throws {RedRoomError} `REFERENCE_INVALID`, `ID_REUSED`, `STORE_UNAVAILABLE`.
   */
  async publish(author: Person, { id, kind, text, re }: Submission): Promise<Published> {
    const by = await this.#people.pseudonymOf(author);
    const seal = sealed(text);
    const { entries, duplicate, checkpoint } = await this.#store.append(this.id, { author: by, id }, (head) => {
      const seq = head.seq + 1;
      if (re !== undefined && re >= seq) throw referenceInvalid(re, head.seq);
      return [seal({ topic: this.id, seq, id, kind, by, at: this.#clock.now(), re })];
    });
    if (!duplicate) this.#advance(entries, checkpoint);
    const [entry] = entries;
    if (entry !== undefined && duplicate) refuseOther(entry, { kind, re, content: encodeContent(text) });
    if (entry === undefined) throw new RedRoomError("INTERNAL", "unable to publish; the store returned no entry");
    const { at } = JSON.parse(entry.leaf) as { at: number };
    return { seq: entry.seq, at, duplicate };
  }

  /** One entry for each delivery, all in one commit. */
  async #record(deliveries: readonly Delivery[]): Promise<Range> {
    const by = await this.#people.pseudonymOf(SERVER);
    const drafts = deliveries.map(({ first, last, to }) => ({
      id: randomId(),
      re: last,
      to,
      seal: sealed(deliveryText(first)),
    }));
    const key = { author: by, id: drafts[0]?.id ?? "" };
    const { entries, checkpoint } = await this.#store.append(this.id, key, (head) =>
      drafts.map(({ id, re, to, seal }, index) =>
        seal({ topic: this.id, seq: head.seq + 1 + index, id, kind: "delivery", by, at: this.#clock.now(), to, re }),
      ),
    );
    this.#advance(entries, checkpoint);
    return { first: entries[0]?.seq ?? 0, last: entries.at(-1)?.seq ?? 0 };
  }

  /**
   * What a new stream begins with: the head, and the tree before the first entry that it will get.
   *
   * @param wanted The first seq; 0 or `undefined` for what comes behind the head.
   * @throws {RedRoomError} `REFERENCE_INVALID` for a seq that does not follow any entry yet.
   */
  async start(wanted: number | undefined): Promise<{ from: number; opened: MessageOf<"topicOpened"> }> {
    const { id, title, createdAt } = this;
    // The store may have shown somebody an entry whose commit has not been answered here yet.
    if ((wanted ?? 0) > (this.#checkpoint?.size ?? 0) + 1) await this.refresh();
    const checkpoint = this.#checkpoint;
    const head = checkpoint?.size ?? 0;
    const from = wanted === undefined || wanted === 0 ? head + 1 : wanted;
    if (from > head + 1) throw referenceInvalid(from, head);
    const frontier = await this.#store.frontier(id, from - 1);
    return {
      from,
      opened: {
        type: "topicOpened",
        topic: { id, title, createdAt, head },
        frontier: frontier.peaks.map(toBase64Url),
        ...(checkpoint !== undefined && { checkpoint: checkpoint.note }),
      },
    };
  }

  /** Takes in what others have appended: another process, such as the operator's command, which may have erased a text. */
  async refresh(): Promise<void> {
    const checkpoint = await this.#store.checkpoint(this.id);
    const head = checkpoint === undefined ? 0 : (readCheckpoint(checkpoint)?.size ?? 0);
    if (checkpoint === undefined || head < this.head || head === this.#checkpoint?.size) return;
    // Newest entries are forgotten, and read again from the store: an erased text among them must not live on here.
    this.#epoch += 1;
    this.#recent.restart(head);
    this.#advance([], checkpoint);
  }

  #advance(entries: readonly StoredEntry[], checkpoint: string): void {
    for (const entry of entries) this.#recent.add(entry.seq, this.#encode(entry));
    const size = readCheckpoint(checkpoint)?.size ?? 0;
    if (size > (this.#checkpoint?.size ?? 0)) {
      this.#checkpoint = { size, note: checkpoint, frame: encodeMessage({ type: "checkpoint", note: checkpoint }) };
    }
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#followers) wake();
  }

  /** The encoded frame of an entry, where it is one of the newest. */
  recent(seq: number): Uint8Array | undefined {
    return this.#recent.get(seq);
  }

  /** Encoded frames from `from` upwards, read from the store: dense, at least one where there is one. */
  async read(from: number, limit = PAGE_ENTRIES): Promise<Uint8Array[]> {
    const entries = await this.#store.read(this.id, { from, limit, maxBytes: PAGE_BYTES });
    if (entries.some((entry) => peopleOf(entry).some((pseudonym) => !this.#people.knows(pseudonym)))) {
      await this.#people.load();
    }
    return entries.map((entry) => this.#encode(entry));
  }

  /** @returns The function that ends it. */
  follow(wake: () => void): () => void {
    this.#followers.add(wake);
    return () => this.#followers.delete(wake);
  }

  #encode(entry: StoredEntry): Uint8Array {
    return encodeEntry(entry, (pseudonym) => this.#people.nameOf(pseudonym));
  }
}

const referenceInvalid = (re: number, head: number): RedRoomError =>
  new RedRoomError("REFERENCE_INVALID", `unable to refer to message ${re}; the newest of this topic is ${head}`);
