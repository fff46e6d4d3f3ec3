import { encodeMessage } from "../protocol/codec.ts";
import type { Person, TopicStore } from "../store/topic-store.ts";

/** The server itself, where it writes into the log. */
export const SERVER: Person = { id: "server", name: "server" };

/** They write entries about the record, and are no members. */
const NO_MEMBERS: ReadonlySet<string> = new Set([SERVER.id, "operator"]);

/** Who is behind the pseudonyms of one topic. */
export class TopicPeople {
  readonly #topicId: string;
  readonly #store: TopicStore;
  readonly #onMember: () => void;
  readonly #people = new Map<string, Person>();
  /** From person to pseudonym, also while it is asked for. */
  readonly #pseudonyms = new Map<string, Promise<string>>();
  readonly #members: Uint8Array[] = [];

  /** @param onMember Called when `members` has grown. */
  constructor(topicId: string, store: TopicStore, onMember: () => void) {
    this.#topicId = topicId;
    this.#store = store;
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

  /** Takes in who was added elsewhere. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async load(): Promise<void> {
    for (const [pseudonym, person] of await this.#store.people(this.#topicId)) this.#note(pseudonym, person);
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
    if (this.#people.get(pseudonym)?.name === name) return;
    this.#people.set(pseudonym, { id, name });
    this.#pseudonyms.set(JSON.stringify([id, name]), Promise.resolve(pseudonym));
    if (NO_MEMBERS.has(id)) return;
    this.#members.push(encodeMessage({ type: "member", id: pseudonym, name }));
    this.#onMember();
  }
}
