import { randomBytes } from "node:crypto";
import { toBase64Url } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { MessageKind } from "../base/message-kind.ts";
import { readCheckpoint } from "../evidence/checkpoint.ts";
import { commit, encodeContent, encodeLeaf, SALT_BYTES } from "../evidence/leaf.ts";
import { hashLeaf } from "../evidence/merkle.ts";
import { encodeMessage } from "../protocol/codec.ts";
import { packEntry } from "../protocol/entry-body.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { Person, StoredEntry, TopicStore, TopicSummary } from "../store/topic-store.ts";
import { RecentEntries } from "./recent-entries.ts";

/** A message that somebody wants in the log. */
export interface Submission {
  readonly id: string;
  readonly kind: MessageKind;
  readonly text: string;
  readonly re?: number | undefined;
}

export interface Receipt {
  readonly seq: number;
  readonly at: number;
  readonly duplicate: boolean;
}

export interface SignedHead {
  readonly size: number;
  readonly note: string;
  readonly frame: Uint8Array;
}

/** Bytes of content that one page read from the store for a reader may hold. */
const PAGE_BYTES = 256 * 1024;
const PAGE_ENTRIES = 256;

/** One topic while it is in use: appends to its log and wakes those who follow it. */
export class TopicRoom {
  readonly id: string;
  readonly title: string;
  readonly createdAt: number;
  readonly #store: TopicStore;
  readonly #clock: Clock;
  readonly #recent: RecentEntries;
  readonly #followers = new Set<() => void>();
  readonly #pseudonyms = new Map<string, Promise<string>>();
  #people: ReadonlyMap<string, Person>;
  #checkpoint: SignedHead | undefined;

  constructor(topic: TopicSummary, people: ReadonlyMap<string, Person>, store: TopicStore, clock: Clock) {
    this.id = topic.id;
    this.title = topic.title;
    this.createdAt = topic.createdAt;
    this.#recent = new RecentEntries(topic.head.seq);
    this.#people = people;
    this.#store = store;
    this.#clock = clock;
  }

  /** The highest seq that followers can have. */
  get head(): number {
    return this.#recent.head;
  }

  /**
   * Resolves once the message is durable; only then does anybody see it.
   *
   * @throws {RedRoomError} `REFERENCE_INVALID`, `STORE_UNAVAILABLE`.
   */
  async publish(author: Person, { id, kind, text, re }: Submission): Promise<Receipt> {
    const by = await this.#pseudonym(author);
    const salt = randomBytes(SALT_BYTES);
    const content = encodeContent(text);
    const commitment = commit(salt, content);
    const { entries, duplicate, checkpoint } = await this.#store.append(this.id, { author: by, id }, (head) => {
      const seq = head.seq + 1;
      if (re !== undefined && re >= seq) throw referenceInvalid(re, head.seq);
      const at = this.#clock.now();
      return [{ leaf: encodeLeaf({ topic: this.id, seq, id, kind, by, at, re, commitment }), content, salt }];
    });
    if (!duplicate) this.#advance(entries, checkpoint);
    const [entry] = entries;
    if (entry !== undefined && duplicate) refuseOther(entry, { kind, re, content });
    if (entry === undefined) throw new RedRoomError("INTERNAL", "unable to publish; the store returned no entry");
    const { at } = JSON.parse(entry.leaf) as { at: number };
    return { seq: entry.seq, at, duplicate };
  }

  /**
   * What a new stream begins with: the head, and the tree before the first entry that it will get.
   *
   * @param wanted The first seq; 0 or `undefined` for what comes behind the head.
   * @throws {RedRoomError} `REFERENCE_INVALID` for a seq that does not follow any entry yet.
   */
  async start(wanted: number | undefined): Promise<{ from: number; opened: MessageOf<"topicOpened"> }> {
    const { id, title, createdAt } = this;
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

  /** The newest checkpoint, as it is signed and as it is sent. */
  get checkpoint(): SignedHead | undefined {
    return this.#checkpoint;
  }

  /** Takes in what others have appended: another process, such as the operator's command, which may have erased a text. */
  async refresh(): Promise<void> {
    const checkpoint = await this.#store.checkpoint(this.id);
    const head = checkpoint === undefined ? 0 : (readCheckpoint(checkpoint)?.size ?? 0);
    if (checkpoint === undefined || head < this.head || head === this.#checkpoint?.size) return;
    // Newest entries are forgotten, and read again from the store: an erased text among them must not live on here.
    this.#recent.restart(head);
    this.#advance([], checkpoint);
  }

  #advance(entries: readonly StoredEntry[], checkpoint: string): void {
    for (const entry of entries) this.#recent.add(entry.seq, this.#encode(entry));
    const size = readCheckpoint(checkpoint)?.size ?? 0;
    if (size > (this.#checkpoint?.size ?? 0)) {
      this.#checkpoint = { size, note: checkpoint, frame: encodeMessage({ type: "checkpoint", note: checkpoint }) };
    }
    for (const wake of this.#followers) wake();
  }

  /** The encoded frame of an entry, where it is one of the newest. */
  recent(seq: number): Uint8Array | undefined {
    return this.#recent.get(seq);
  }

  /** Encoded frames from `from` upwards, read from the store: dense, at least one where there is one. */
  async read(from: number, limit = PAGE_ENTRIES): Promise<Uint8Array[]> {
    const entries = await this.#store.read(this.id, { from, limit, maxBytes: PAGE_BYTES });
    const strangers = entries.some((entry) => !this.#people.has(authorOf(entry)));
    if (strangers) this.#people = await this.#store.people(this.id);
    return entries.map((entry) => this.#encode(entry));
  }

  /** @returns The function that ends it. */
  follow(wake: () => void): () => void {
    this.#followers.add(wake);
    return () => this.#followers.delete(wake);
  }

  #pseudonym(person: Person): Promise<string> {
    const key = JSON.stringify([person.id, person.name]);
    const known = this.#pseudonyms.get(key);
    if (known !== undefined) return known;
    const asked = this.#store.pseudonym(this.id, person).then(
      (pseudonym) => {
        this.#people = new Map(this.#people).set(pseudonym, person);
        return pseudonym;
      },
      (error) => {
        this.#pseudonyms.delete(key);
        throw error;
      },
    );
    this.#pseudonyms.set(key, asked);
    return asked;
  }

  #encode(entry: StoredEntry): Uint8Array {
    const { leaf, content, salt } = entry;
    if (content === undefined || salt === undefined) {
      return encodeMessage({ type: "placeholder", leafHash: toBase64Url(hashLeaf(leaf)) });
    }
    return encodeMessage(packEntry({ author: this.#people.get(authorOf(entry))?.name ?? "", leaf, content, salt }));
  }
}

/** An id stands for one message: what else is sent under it would be acked and lost. */
function refuseOther(
  { seq, leaf, content }: StoredEntry,
  sent: { kind: string; re: number | undefined; content: string },
) {
  const fields = JSON.parse(leaf) as { kind: string; re?: number };
  const same =
    fields.kind === sent.kind && fields.re === sent.re && (content === undefined || content === sent.content);
  if (!same) {
    throw new RedRoomError(
      "ID_REUSED",
      `unable to store the message; its id is that of message ${seq}, which says something else`,
    );
  }
}

function authorOf({ leaf }: StoredEntry): string {
  return (JSON.parse(leaf) as { by: string }).by;
}

const referenceInvalid = (re: number, head: number): RedRoomError =>
  new RedRoomError("REFERENCE_INVALID", `unable to refer to message ${re}; the newest of this topic is ${head}`);
