import { encodeMessage } from "../protocol/codec.ts";
import type { Person, TopicStore } from "../store/topic-store.ts";
import type { Bulletin } from "./bulletin.ts";
import type { TopicPerson } from "./extension.ts";

/** The server itself, where it writes into the log. */
export const SERVER: Person = { id: "server", name: "server" };

/** What somebody is called who reads without being a member: only a policy of one's own lets them. */
const READER_ROLES = ["reader"];

/** Who somebody is in one topic. */
export interface Pseudonyms {
  /** Durable when it resolves. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  pseudonymOf(person: Person): Promise<string>;
}

/** Who is behind the pseudonyms of one topic, and who of them belong to it: its members, and whoever else reads it. */
export class TopicPeople implements Pseudonyms {
  readonly #topicId: string;
  readonly #store: TopicStore;
  readonly #readers: Set<string> | undefined;
  readonly #bulletin: Bulletin;
  readonly #onNews: () => void;
  readonly #people = new Map<string, Person>();
  /** From person to pseudonym, also while it is asked for. */
  readonly #pseudonyms = new Map<string, Promise<string>>();
  /** From a person's id to the pseudonym, of those who have one. */
  readonly #known = new Map<string, string>();
  /** From pseudonym to what was last told of them. */
  readonly #introduced = new Map<string, string>();
  #members: ReadonlyMap<string, readonly string[]> = new Map();

  /**
   * @param readers Pseudonyms of those who have opened the topic for reading; grows here, and outlives the room. `undefined`
   * where only members can.
   * @param bulletin Gets a `member` frame for everybody who belongs to the topic, and whenever that, a role or a name changes.
   * @param onNews Called when there is something new in it.
   */
  constructor(
    topicId: string,
    store: TopicStore,
    readers: Set<string> | undefined,
    bulletin: Bulletin,
    onNews: () => void,
  ) {
    this.#topicId = topicId;
    this.#store = store;
    this.#readers = readers;
    this.#bulletin = bulletin;
    this.#onNews = onNews;
  }

  nameOf(pseudonym: string): string {
    return this.#people.get(pseudonym)?.name ?? "";
  }

  knows(pseudonym: string): boolean {
    return this.#people.has(pseudonym);
  }

  /** The pseudonym of somebody who has one. */
  find(personId: string): string | undefined {
    return this.#known.get(personId);
  }

  /** Who is behind pseudonyms; without id and name where nobody is (any more). @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async peopleBehind(pseudonyms: readonly string[]): Promise<TopicPerson[]> {
    if (!pseudonyms.every((one) => this.knows(one))) await this.load();
    return pseudonyms.map((pseudonym) => ({ pseudonym, ...(this.#people.get(pseudonym) ?? { id: "", name: "" }) }));
  }

  /**
   * Takes in who was added, or has another name, elsewhere.
   *
   * @throws {RedRoomError} `STORE_UNAVAILABLE`.
   */
  async load(): Promise<void> {
    if (this.#readers !== undefined) {
      // Who has a receipt on record is a reader, also after a restart.
      for (const pseudonym of (await this.#store.received(this.#topicId)).keys()) this.#readers.add(pseudonym);
    }
    for (const [pseudonym, person] of await this.#store.people(this.#topicId)) this.#note(pseudonym, person);
  }

  /** Who belongs to the topic from now on, with their roles. */
  setMembers(members: ReadonlyMap<string, readonly string[]>): void {
    if (members === this.#members) return;
    const before = this.#members;
    this.#members = members;
    for (const pseudonym of new Set([...before.keys(), ...members.keys()])) this.#introduce(pseudonym);
  }

  /** Notes that somebody reads. @returns The pseudonym. @throws {RedRoomError} `STORE_UNAVAILABLE`. */
  async join(person: Person): Promise<string> {
    const pseudonym = await this.pseudonymOf(person);
    this.#readers?.add(pseudonym);
    this.#introduce(pseudonym);
    return pseudonym;
  }

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
    this.#known.set(id, pseudonym);
    if (this.#people.get(pseudonym)?.name !== name) {
      this.#people.set(pseudonym, { id, name });
      const key = JSON.stringify([id, name]);
      // Whoever waits for it already stays in front of whoever asks now.
      if (!this.#pseudonyms.has(key)) this.#pseudonyms.set(key, Promise.resolve(pseudonym));
    }
    this.#introduce(pseudonym);
  }

  /** Tells who somebody is, unless all is known already, or they have never belonged here. */
  #introduce(pseudonym: string): void {
    const person = this.#people.get(pseudonym);
    const told = this.#introduced.get(pseudonym);
    const roles = this.#members.get(pseudonym) ?? (this.#readers?.has(pseudonym) ? READER_ROLES : []);
    if (person === undefined || (told === undefined && roles.length === 0)) return;
    const news = JSON.stringify([person.name, roles]);
    if (told === news) return;
    this.#introduced.set(pseudonym, news);
    this.#bulletin.post(
      `member ${pseudonym}`,
      encodeMessage({ type: "member", id: pseudonym, name: person.name, roles: [...roles] }),
    );
    this.#onNews();
  }
}
