import { randomBytes } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { MessageKind } from "../base/message-kind.ts";
import { commit, encodeContent, encodeLeaf, SALT_BYTES } from "../evidence/leaf.ts";
import { encodeMessage } from "../protocol/codec.ts";
import { packEntry } from "../protocol/entry-body.ts";
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
  #names: ReadonlyMap<string, string>;

  constructor(topic: TopicSummary, names: ReadonlyMap<string, string>, store: TopicStore, clock: Clock) {
    this.id = topic.id;
    this.title = topic.title;
    this.createdAt = topic.createdAt;
    this.#recent = new RecentEntries(topic.head.seq);
    this.#names = names;
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
    const { entries, duplicate } = await this.#store.append(this.id, { author: by, id }, (head) => {
      const seq = head.seq + 1;
      if (re !== undefined && re >= seq) throw referenceInvalid(re, head.seq);
      const at = this.#clock.now();
      return [{ leaf: encodeLeaf({ topic: this.id, seq, id, kind, by, at, re, commitment }), content, salt }];
    });
    for (const entry of entries) this.#recent.add(entry.seq, this.#encode(entry));
    if (!duplicate) for (const wake of this.#followers) wake();
    const [entry] = entries;
    if (entry !== undefined && duplicate) refuseOther(entry, { kind, re, content });
    if (entry === undefined) throw new RedRoomError("INTERNAL", "unable to publish; the store returned no entry");
    const { at } = JSON.parse(entry.leaf) as { at: number };
    return { seq: entry.seq, at, duplicate };
  }

  /** The encoded frame of an entry, where it is one of the newest. */
  recent(seq: number): Uint8Array | undefined {
    return this.#recent.get(seq);
  }

  /** Encoded frames from `from` upwards, read from the store: dense, at least one where there is one. */
  async read(from: number, limit = PAGE_ENTRIES): Promise<Uint8Array[]> {
    const entries = await this.#store.read(this.id, { from, limit, maxBytes: PAGE_BYTES });
    const strangers = entries.some((entry) => !this.#names.has(authorOf(entry)));
    if (strangers) this.#names = await this.#store.names(this.id);
    return entries.map((entry) => this.#encode(entry));
  }

  /** @returns The function that ends it. */
  follow(wake: () => void): () => void {
    this.#followers.add(wake);
    return () => this.#followers.delete(wake);
  }

  get followed(): boolean {
    return this.#followers.size > 0;
  }

  #pseudonym(person: Person): Promise<string> {
    const key = JSON.stringify([person.id, person.name]);
    const known = this.#pseudonyms.get(key);
    if (known !== undefined) return known;
    const asked = this.#store.pseudonym(this.id, person).then(
      (pseudonym) => {
        this.#names = new Map(this.#names).set(pseudonym, person.name);
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
      throw new RedRoomError("INTERNAL", `unable to send entry ${entry.seq}; its content is gone`);
    }
    return encodeMessage(packEntry({ author: this.#names.get(authorOf(entry)) ?? "", leaf, content, salt }));
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
