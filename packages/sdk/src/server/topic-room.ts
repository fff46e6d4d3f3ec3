import { toBase64Url } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { readCheckpoint } from "../evidence/checkpoint.ts";
import { type LeafFields, peopleIn } from "../evidence/leaf.ts";
import { encodeMessage } from "../protocol/codec.ts";
import type { MessageOf } from "../protocol/messages.ts";
import { type Waiting, waitingIn } from "../rules/regulation.ts";
import { emptyState, type TopicState } from "../rules/topic-state.ts";
import { visibilityOf } from "../rules/visibility.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Appended, Person, StoredEntry, TopicStore, TopicSummary } from "../store/topic-store.ts";
import type { Rights } from "./access.ts";
import { Bulletin } from "./bulletin.ts";
import { EntryForms } from "./entry-forms.ts";
import type { MessageHooks } from "./message-hooks.ts";
import { Receipts } from "./receipts.ts";
import { RecentEntries } from "./recent-entries.ts";
import { toldError } from "./told-error.ts";
import { TopicHooks } from "./topic-hooks.ts";
import { TopicPeople } from "./topic-people.ts";
import type { TopicPresence } from "./topic-presence.ts";
import { type Published, type Series, type Submission, TopicWriter, type TopicWriterContext } from "./topic-writer.ts";

export interface SignedHead {
  readonly size: number;
  readonly note: string;
  readonly frame: Uint8Array;
}

export interface TopicRoomContext extends TopicWriterContext {
  readonly logger: Logger;
  /** What applications say to messages; `undefined` where none says anything. */
  readonly hooks: MessageHooks | undefined;
}

/** What of a topic outlives its room. */
export interface TopicMemory {
  /** Pseudonyms of those who have read it since the server started; `undefined` where only members can. */
  readonly readers: Set<string> | undefined;
  readonly presence: TopicPresence;
}

/** Somebody who follows a topic. */
export interface Follower {
  /** There is something new: entries, a checkpoint, people, rights. */
  wake(): void;
  /** Of no consequence, and nobody waits for it. @param by Whom it is about. */
  notice(frame: Uint8Array, by: string): void;
}

/** Bytes of content that one page read from the store for a reader may hold. */
export const PAGE_BYTES = 256 * 1024;
const PAGE_ENTRIES = 256;

/** One topic while it is in use: its newest entries, its state, and those who follow it. */
export class TopicRoom {
  readonly id: string;
  readonly title: string;
  readonly createdAt: number;
  readonly regulated: boolean;
  readonly receipts: Receipts;
  readonly presence: TopicPresence;
  /** What every reader is to know: `member` and `presence` frames. */
  readonly bulletin = new Bulletin();
  readonly #context: TopicRoomContext;
  readonly #store: TopicStore;
  readonly #recent: RecentEntries;
  readonly #followers = new Set<Follower>();
  readonly #people: TopicPeople;
  readonly #writer: TopicWriter;
  #checkpoint: SignedHead | undefined;
  #state: TopicState;
  /** How many entries the state is of. */
  #stateSize = -1;
  #epoch = 0;
  /** The log has entries of another process that were not looked at yet. */
  #foreign = false;

  constructor(topic: TopicSummary, { readers, presence }: TopicMemory, context: TopicRoomContext) {
    const { store, clock, logger } = context;
    this.id = topic.id;
    this.title = topic.title;
    this.createdAt = topic.createdAt;
    this.regulated = topic.regulated;
    this.presence = presence;
    this.#context = context;
    this.#store = store;
    this.#recent = new RecentEntries(topic.head.seq);
    this.#state = emptyState(topic.regulated);
    this.#people = new TopicPeople(topic.id, store, readers, this.bulletin, () => this.#wake());
    const hooks = context.hooks && new TopicHooks(topic, context.hooks, (some) => this.#people.peopleBehind(some));
    this.#writer = new TopicWriter(topic, context, this.#people, (appended) => this.#advance(appended), hooks);
    this.receipts = new Receipts(
      {
        received: () => store.received(topic.id),
        record: (deliveries) => this.#writer.record(deliveries),
        onFailure: (thrown) => toldError(thrown, "record who has received what", logger),
      },
      clock,
    );
    presence.onChange = (pseudonym) => this.#announce(pseudonym);
  }

  /** Before anything else. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async load(): Promise<void> {
    await this.#people.load();
    await this.refresh();
    await this.#loadState();
    for (const pseudonym of this.presence.people) this.#announce(pseudonym);
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

  /** What the log says of members, questions and sealed answers: another object whenever that changes. */
  get state(): TopicState {
    return this.#state;
  }

  /** How many entries the state is of: none beyond may be shown. */
  get stateSize(): number {
    return this.#stateSize;
  }

  /** The newest checkpoint, as it is signed and as it is sent. */
  get checkpoint(): SignedHead | undefined {
    return this.#checkpoint;
  }

  /** Another number after texts were erased elsewhere: frames read before may hold them. */
  get epoch(): number {
    return this.#epoch;
  }

  /** What somebody may do here now. */
  rightsOf(user: SessionUser): Rights {
    return this.#context.access.in(this.#state, this.pseudonymOf(user), user.admin);
  }

  /** Somebody's pseudonym here, where they have one. */
  pseudonymOf({ id }: Person): string | undefined {
    return this.#people.find(id);
  }

  /** Whether somebody may read an entry, by what the log says now. */
  shows(leaf: LeafFields, pseudonym: string): boolean {
    const { capabilities } = this.#context.access.in(this.#state, pseudonym, false);
    return visibilityOf(leaf, { pseudonym, capabilities }, this.#state) === "full";
  }

  /** Who of a regulated conversation waits for whom. */
  waiting(): readonly Waiting[] {
    const { access } = this.#context;
    return waitingIn(this.#state, (one) => access.in(this.#state, one, false).capabilities.has("answer"));
  }

  /** Somebody's pseudonym here. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  identify(person: Person): Promise<string> {
    return this.#people.pseudonymOf(person);
  }

  /** Notes that somebody reads. @returns The pseudonym. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  join(person: Person): Promise<string> {
    return this.#people.join(person);
  }

  /** See `TopicWriter.publish`. */
  async publish(author: SessionUser, submission: Submission, series: Series): Promise<Published> {
    return this.#writer.publish(author, await this.#people.pseudonymOf(author), submission, series);
  }

  /** See `TopicWriter.setRoles`. */
  setRoles(by: Person, member: Person, roles: readonly string[]): Promise<void> {
    return this.#writer.setRoles(by, member, roles);
  }

  /**
   * What a new stream begins with: the head, and the tree before the first entry that it will get.
   *
   * @param wanted The first seq; 0 or `undefined` for what comes behind the head.
   * @throws {RedRoomError} `REFERENCE_INVALID` for a seq that does not follow any entry yet.
   */
  async start(
    wanted: number | undefined,
    you: () => MessageOf<"topicOpened">["you"],
    reads: boolean,
  ): Promise<{ from: number; opened: MessageOf<"topicOpened"> }> {
    const { id, title, createdAt, regulated } = this;
    // The store may have shown somebody an entry whose commit has not been answered here yet.
    if ((wanted ?? 0) > (this.#checkpoint?.size ?? 0) + 1) await this.refresh();
    const checkpoint = this.#checkpoint;
    const head = checkpoint?.size ?? 0;
    const from = wanted === undefined || wanted === 0 ? head + 1 : wanted;
    if (from > head + 1) throw beyondHead(from, head);
    const frontier = await this.#store.frontier(id, from - 1);
    return {
      from,
      opened: {
        type: "topicOpened",
        topic: { id, title, createdAt, head, regulated },
        you: you(),
        people: reads ? this.bulletin.size : 0,
        frontier: frontier.peaks.map(toBase64Url),
        ...(checkpoint !== undefined && { checkpoint: checkpoint.note }),
      },
    };
  }

  /** Takes in what others have appended: another process, such as the operator's command, which may have erased a text. */
  async refresh(): Promise<void> {
    const checkpoint = await this.#store.checkpoint(this.id);
    const head = checkpoint === undefined ? 0 : (readCheckpoint(checkpoint)?.size ?? 0);
    if (checkpoint === undefined || head < this.head) return;
    if (head === this.#checkpoint?.size && !this.#foreign) return;
    this.#foreign = false;
    // What it says of members comes first: nobody may see what another process has kept from them.
    await this.#loadState();
    // Newest entries are forgotten, and read again from the store: an erased text among them must not live on here.
    this.#epoch += 1;
    this.#recent.restart(head);
    this.#advance({ entries: [], checkpoint });
  }

  async #loadState(): Promise<void> {
    const { seq, state } = await this.#store.head(this.id);
    if ([...state.members.keys()].some((member) => !this.#people.knows(member))) await this.#people.load();
    this.#enter(seq, state);
  }

  #enter(size: number, state: TopicState): void {
    if (size <= this.#stateSize) return;
    this.#stateSize = size;
    this.#state = state;
    this.#people.setMembers(state.members);
  }

  #advance({ entries, checkpoint, head }: Pick<Appended, "entries" | "checkpoint" | "head">): void {
    // Another process has written in between: what it did is looked at anew, and it may have erased a text.
    if ((entries[0]?.seq ?? 0) > this.head + 1) {
      this.#foreign = true;
      this.#epoch += 1;
    }
    if (head !== undefined) this.#enter(head.seq, head.state);
    for (const entry of entries) this.#recent.add(this.#formsOf(entry));
    const size = readCheckpoint(checkpoint)?.size ?? 0;
    if (size > (this.#checkpoint?.size ?? 0)) {
      this.#checkpoint = { size, note: checkpoint, frame: encodeMessage({ type: "checkpoint", note: checkpoint }) };
    }
    this.#wake();
  }

  #announce(pseudonym: string): void {
    const presence = this.presence.of(pseudonym);
    if (presence === undefined) return;
    const frame = encodeMessage({ type: "presence", id: pseudonym, ...presence });
    this.bulletin.post(`presence ${pseudonym}`, frame);
    this.#wake();
  }

  #wake(): void {
    for (const follower of [...this.#followers]) follower.wake();
  }

  /** Tells the others that somebody writes, or no longer does. */
  tellTyping(pseudonym: string, active: boolean): void {
    const frame = encodeMessage({ type: "typing", id: pseudonym, active });
    for (const follower of [...this.#followers]) follower.notice(frame, pseudonym);
  }

  /** An entry, where it is one of the newest. */
  recent(seq: number): EntryForms | undefined {
    return this.#recent.get(seq);
  }

  /** Entries from `from` upwards, read from the store: dense, at least one where there is one. */
  async read(from: number, limit = PAGE_ENTRIES): Promise<EntryForms[]> {
    const entries = await this.#store.read(this.id, { from, limit, maxBytes: PAGE_BYTES });
    return this.formsOf(entries);
  }

  /** The forms of entries that were read from the store. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async formsOf(entries: readonly StoredEntry[]): Promise<EntryForms[]> {
    const forms = entries.map((entry) => this.#formsOf(entry));
    if (forms.every(({ leaf }) => peopleIn(leaf).every((one) => this.#people.knows(one)))) return forms;
    await this.#people.load();
    return entries.map((entry) => this.#formsOf(entry));
  }

  /** @returns The function that ends it. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #formsOf(entry: StoredEntry): EntryForms {
    const { by } = JSON.parse(entry.leaf) as { by: string };
    return new EntryForms(entry, this.#people.nameOf(by));
  }
}

const beyondHead = (from: number, head: number): RedRoomError =>
  new RedRoomError("REFERENCE_INVALID", `unable to read from ${from}; the newest entry of this topic is ${head}`);
