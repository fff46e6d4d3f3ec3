import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { TopicStore } from "../store/topic-store.ts";
import { TopicRoom } from "./topic-room.ts";

/** How soon readers see what another process has appended, and a text that it has erased is no longer served. */
const REFRESH_MS = 1_000;

/** The topics in use: one room each, however many streams use it, and none for a topic that nobody uses. */
export class TopicRooms {
  readonly #store: TopicStore;
  readonly #clock: Clock;
  readonly #rooms = new Map<string, { readonly room: Promise<TopicRoom>; users: number }>();
  #timer: Timer | undefined;
  #refreshing = false;

  constructor(store: TopicStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Call `leave` once for each room entered, when nothing of it is under way any more.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  async enter(by: { readonly id: string } | { readonly title: string }): Promise<TopicRoom> {
    const topic = await this.#store.findTopic(by);
    if (topic === undefined) throw topicUnknown(by);
    const open = this.#rooms.get(topic.id) ?? { room: this.#make(topic.id), users: 0 };
    open.users += 1;
    this.#rooms.set(topic.id, open);
    this.#startTimer();
    try {
      return await open.room;
    } catch (error) {
      this.#leave(topic.id);
      throw error;
    }
  }

  /** Reads the head only once the room is known to all: nobody can then append past it unseen. */
  async #make(id: string): Promise<TopicRoom> {
    const people = await this.#store.people(id);
    const topic = await this.#store.findTopic({ id });
    if (topic === undefined) throw topicUnknown({ id });
    const room = new TopicRoom(topic, people, this.#store, this.#clock);
    await room.refresh();
    return room;
  }

  leave(room: TopicRoom): void {
    this.#leave(room.id);
  }

  #leave(id: string): void {
    const open = this.#rooms.get(id);
    if (open === undefined) return;
    open.users -= 1;
    if (open.users === 0) this.#rooms.delete(id);
    if (this.#rooms.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** One round at a time: a slow store is not asked again before it has answered. */
  async #refresh(): Promise<void> {
    // A store that fails now says so to whoever uses it next.
    this.#timer = undefined;
    this.#refreshing = true;
    await Promise.allSettled([...this.#rooms.values()].map(async ({ room }) => (await room).refresh()));
    this.#refreshing = false;
    if (this.#rooms.size > 0) this.#startTimer();
  }

  #startTimer(): void {
    if (!this.#refreshing) this.#timer ??= this.#clock.setTimer(() => void this.#refresh(), REFRESH_MS);
  }
}

function topicUnknown(by: { readonly id: string } | { readonly title: string }): RedRoomError {
  const wanted = "id" in by ? `the id ${by.id}` : `the title "${by.title}"`;
  return new RedRoomError("TOPIC_UNKNOWN", `unable to find the topic; there is none with ${wanted}`, {
    remedy: "look at the list of topics; a title must match exactly",
  });
}
