import type { Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { SessionUser } from "../session/session-user.ts";
import { type Capabilities, notInTopic } from "./access.ts";
import { TopicPresence } from "./topic-presence.ts";
import { type TopicMemory, TopicRoom, type TopicRoomContext } from "./topic-room.ts";

/** How soon readers see what another process has appended, and a text that it has erased is no longer served. */
const REFRESH_MS = 1_000;

interface OpenRoom {
  readonly room: Promise<TopicRoom>;
  /** Streams and requests in it, and the receipts that it still has to put on record. */
  users: number;
}

/** The topics in use: one room each, however many streams use it, and none for a topic that nobody uses. */
export class TopicRooms {
  readonly #context: TopicRoomContext;
  readonly #open = new Map<string, OpenRoom>();
  /** Whose users each room that was entered counts: also rooms of before the store failed. */
  readonly #entered = new WeakMap<TopicRoom, OpenRoom>();
  /** By topic, whether it is in use or not. */
  readonly #memories = new Map<string, TopicMemory>();
  #timer: Timer | undefined;
  #refreshing = false;

  constructor(context: TopicRoomContext) {
    this.#context = context;
  }

  /**
   * Call `leave` once for each room entered, when nothing of it is under way any more.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  async enter(by: { readonly id: string } | { readonly title: string }): Promise<TopicRoom> {
    const topic = await this.#context.store.findTopic(by);
    if (topic === undefined) throw topicUnknown(by);
    const open = this.#open.get(topic.id) ?? { room: this.#make(topic.id), users: 0 };
    open.users += 1;
    this.#open.set(topic.id, open);
    this.#startTimer();
    try {
      const room = await open.room;
      this.#entered.set(room, open);
      return room;
    } catch (error) {
      this.#release(topic.id, open);
      throw error;
    }
  }

  /**
   * Enters for somebody who may do what is needed there, see `enter`.
   *
   * @throws {RedRoomError} `NOT_ALLOWED`, the same whether there is such a topic or not.
   */
  async enterAs(
    user: SessionUser,
    by: { readonly id: string } | { readonly title: string },
    suffices: (capabilities: Capabilities) => boolean,
  ): Promise<TopicRoom> {
    const { access } = this.#context;
    try {
      const room = await this.enter(by);
      if (suffices(room.rightsOf(user).capabilities)) return room;
      this.leave(room);
      throw notInTopic();
    } catch (thrown) {
      const unknown = thrown instanceof RedRoomError && thrown.code === "TOPIC_UNKNOWN";
      throw unknown && !access.seesAllTopics(user) ? notInTopic() : thrown;
    }
  }

  /** Reads the head only once the room is known to all: nobody can then append past it unseen. */
  async #make(id: string): Promise<TopicRoom> {
    const topic = await this.#context.store.findTopic({ id });
    if (topic === undefined) throw topicUnknown({ id });
    const { access, clock } = this.#context;
    const memory = this.#memories.get(id) ?? {
      readers: access.open ? new Set() : undefined,
      presence: new TopicPresence(clock),
    };
    this.#memories.set(id, memory);
    const room = new TopicRoom(topic, memory, this.#context);
    await room.load();
    return room;
  }

  /** Does something in a room, and leaves it. @throws What `enter` and the work throw. */
  async within<T>(
    by: { readonly id: string } | { readonly title: string },
    work: (room: TopicRoom) => Promise<T>,
  ): Promise<T> {
    const room = await this.enter(by);
    try {
      return await work(room);
    } finally {
      this.leave(room);
    }
  }

  /** What was confirmed by those who leave is still put on record. */
  leave(room: TopicRoom): void {
    const open = this.#entered.get(room);
    if (open === undefined) return;
    if (open.users > 1) open.users -= 1;
    else void room.receipts.flush().then(() => this.#release(room.id, open));
  }

  /** The server stops. */
  close(): void {
    this.reset();
    for (const { presence } of this.#memories.values()) presence.close();
  }

  /** Puts on record what readers have confirmed. */
  async flush(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(async ({ room }) => (await room).receipts.flush()));
  }

  /** Somebody has another name, or none any more. A store that fails now says so to whoever uses it next. */
  async reloadPeople(): Promise<void> {
    await Promise.allSettled([...this.#open.values()].map(async ({ room }) => (await room).reloadPeople()));
  }

  /** Forgets what is known of all topics: the store has failed, and what it has may be something else. */
  reset(): void {
    for (const { room } of this.#open.values()) void room.then(({ receipts }) => receipts.close()).catch(() => {});
    this.#open.clear();
    this.#stopTimer();
  }

  #release(id: string, open: OpenRoom): void {
    open.users -= 1;
    if (open.users > 0 || this.#open.get(id) !== open) return;
    this.#open.delete(id);
    if (this.#open.size === 0) this.#stopTimer();
  }

  /** One round at a time: a slow store is not asked again before it has answered. */
  async #refresh(): Promise<void> {
    // A store that fails now says so to whoever uses it next.
    this.#timer = undefined;
    this.#refreshing = true;
    await Promise.allSettled([...this.#open.values()].map(async ({ room }) => (await room).refresh()));
    this.#refreshing = false;
    if (this.#open.size > 0) this.#startTimer();
  }

  #startTimer(): void {
    if (!this.#refreshing) this.#timer ??= this.#context.clock.setTimer(() => void this.#refresh(), REFRESH_MS);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

function topicUnknown(by: { readonly id: string } | { readonly title: string }): RedRoomError {
  const wanted = "id" in by ? `the id ${by.id}` : `the title "${by.title}"`;
  return new RedRoomError("TOPIC_UNKNOWN", `unable to find the topic; there is none with ${wanted}`, {
    remedy: "look at the list of topics; a title must match exactly",
  });
}
