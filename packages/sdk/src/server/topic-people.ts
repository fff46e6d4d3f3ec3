import { encodeMessage } from "../protocol/codec.ts";
import type { Person, TopicStore } from "../store/topic-store.ts";

/** The server itself, where it writes into the log. */
export const SERVER: Person = { id: "server", name: "server" };

/** Who is behind the pseudonyms of one topic, and who of them are members: those who read it, not those who only write. */
export class TopicPeople {
  readonly #topicId: string;
  readonly #store: TopicStore;
  readonly #readers: Set<string>;
  readonly #onMember: () => void;
  readonly #people = new Map<string, Person>();
  /** From person to pseudonym, also while it is asked for. */
  readonly #pseudonyms = new Map<string, Promise<string>>();
  /** From pseudonym to the name in its last `member` frame, and where that is. */
  readonly #introduced = new Map<string, { readonly name: string; readonly at: number }>();
  readonly #members: Uint8Array[] = [];

  /**
   * @param readers Pseudonyms of those who have opened the topic for reading; grows here, and outlives the room.
   * @param onMember Called when `members` has grown.
   */
  constructor(topicId: string, store: TopicStore, readers: Set<string>, onMember: () => void) {
    this.#topicId = topicId;
    this.#store = store;
    this.#readers = readers;
    this.#onMember = onMember;
  }

  /**
   * The encoded `member` frames in the order in which members became known; a later frame of the same pseudonym has the
   * present name. It only grows.
   */
  get members(): readonly Uint8Array[] {
    return this.#members;
  }

  nameOf(pseudonym: string): string {
    return this.#people.get(pseudonym)?.name ?? "";
  }

  knows(pseudonym: string): boolean {
    return this.#people.has(pseudonym);
  }

  /**
   * Takes in who was added elsewhere. Who has a receipt on record is a reader, also after a restart.
   *
   * @throws {RedRoomError} `STORE_UNAVAILABLE`.
   */
  async load(): Promise<void> {
    for (const pseudonym of (await this.#store.received(this.#topicId)).keys()) this.#readers.add(pseudonym);
    for (const [pseudonym, person] of await this.#store.people(this.#topicId)) this.#note(pseudonym, person);
  }

  /** Makes somebody a member. @returns The pseudonym. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async join(person: Person): Promise<string> {
    const pseudonym = await this.pseudonymOf(person);
    this.#readers.add(pseudonym);
    this.#introduce(pseudonym, person);
    return pseudonym;
  }

  /** Durable when it resolves. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  pseudonymOf(person: Person): Promise<string> {
    const key = JSON.stringify([person.id, person.name]);
    const known = this.#pseudonyms.get(key);
    if (known !== undefined) return known;
    const asked = this.#store.pseudonym(this.#topicId, person).then(
      (pseudonym) => {
        this.#note(pseudonym, person);
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

  #note(pseudonym: string, { id, name }: Person): void {
    if (this.#people.get(pseudonym)?.name !== name) {
      this.#people.set(pseudonym, { id, name });
      const key = JSON.stringify([id, name]);
      // Whoever waits for it already stays in front of whoever asks now.
      if (!this.#pseudonyms.has(key)) this.#pseudonyms.set(key, Promise.resolve(pseudonym));
    }
    if (this.#readers.has(pseudonym)) this.#introduce(pseudonym, { id, name });
  }

  #introduce(pseudonym: string, { name }: Person): void {
    const before = this.#introduced.get(pseudonym);
    if (before?.name === name) return;
    const frame = encodeMessage({ type: "member", id: pseudonym, name });
    // Nobody who comes later is to hear a name that somebody had before, least of all one that was erased.
    if (before !== undefined) this.#members[before.at] = frame;
    this.#introduced.set(pseudonym, { name, at: this.#members.push(frame) - 1 });
    this.#onMember();
  }
}
