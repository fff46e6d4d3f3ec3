import { placeOf } from "../../client/receipt-owed.ts";
import type { RedRoomClient } from "../../client/redroom-client.ts";
import type { Topic } from "../../client/topic.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { Inbox } from "./inbox.ts";
import { seededId } from "./seeded-id.ts";

interface Followed {
  readonly inbox: Inbox;
  /** Open from its start; `undefined` before that, and after it has failed. */
  opening: Promise<Topic> | undefined;
  /** Where reading goes on when it is opened again. */
  next: number;
}

/** One user of the room with one connection: made when the script first uses them, and what has come to them since. */
export class Player {
  readonly name: string;
  readonly #connect: () => Promise<RedRoomClient>;
  readonly #random: SeededRandom;
  readonly #topics = new Map<string, Followed>();
  #client: Promise<RedRoomClient> | undefined;

  constructor(name: string, random: SeededRandom, connect: () => Promise<RedRoomClient>) {
    this.name = name;
    this.#random = random;
    this.#connect = connect;
  }

  /** As `randomId()`, by the seed. */
  nextId(): string {
    return seededId(this.#random);
  }

  client(): Promise<RedRoomClient> {
    this.#client ??= this.#online().catch((error) => {
      this.#client = undefined;
      throw error;
    });
    return this.#client;
  }

  async #online(): Promise<RedRoomClient> {
    const client = await this.#connect();
    client.on("message", ({ topic, message }) => {
      const followed = this.#follow(topic.title);
      followed.next = Math.max(followed.next, placeOf(message) + 1);
      followed.inbox.put({ type: "message", message });
    });
    client.on("sealed", ({ topic, message }) => this.#follow(topic.title).inbox.put({ type: "sealed", message }));
    client.on("topicFailed", ({ topic, error }) => {
      const followed = this.#follow(topic.title);
      followed.opening = undefined;
      followed.inbox.failure = error;
    });
    return client;
  }

  inbox(title: string): Inbox {
    return this.#follow(title).inbox;
  }

  /** The topic, open for reading and writing. */
  topic(title: string): Promise<Topic> {
    const followed = this.#follow(title);
    followed.opening ??= this.#open(followed, title).catch((error) => {
      followed.opening = undefined;
      throw error;
    });
    return followed.opening;
  }

  async #open(followed: Followed, title: string): Promise<Topic> {
    const client = await this.client();
    const topic = await client.topic(title).open({ from: followed.next });
    followed.inbox.failure = undefined;
    return topic;
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.close({ drainMs: 0 });
  }

  #follow(title: string): Followed {
    const key = title.normalize("NFC");
    const followed = this.#topics.get(key) ?? { inbox: new Inbox(this.name), opening: undefined, next: 1 };
    this.#topics.set(key, followed);
    return followed;
  }
}
