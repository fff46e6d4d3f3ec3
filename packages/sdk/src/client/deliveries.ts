import { RedRoomError } from "../base/errors.ts";
import type { Delivery } from "../evidence/delivery.ts";
import { addRange, type Range } from "../evidence/ranges.ts";
import type { Sending } from "./sending.ts";
import type { TopicPeople } from "./topic-people.ts";

/** So many messages of ours are followed at a time: the newest. */
const MAX_FOLLOWED = 1_024;

interface Followed {
  /** More than one where a message was sent again. */
  readonly sendings: Set<Sending>;
  /** Pseudonyms of those whom it is for; `undefined`: all members. What others confirm is that they have its place. */
  readonly to: readonly string[] | undefined;
  /** Those of them who have not confirmed it yet. */
  readonly awaited: Set<string>;
}

/** What must be known of people to say who has a message. */
type People = Pick<TopicPeople, "members" | "nameOf" | "self">;

/** Who of a topic's members has which of our messages, as far as the record has said since the topic was opened. */
export class Deliveries {
  readonly #people: People;
  readonly #received = new Map<string, readonly Range[]>();
  readonly #followed = new Map<number, Followed>();
  /** By id: acknowledged, and the entry itself is not here yet. */
  readonly #expected = new Map<string, Set<Sending>>();

  constructor(people: People) {
    this.#people = people;
  }

  /** The messages of ours with this id whose entry is still to come. */
  expected(id: string): ReadonlySet<Sending> {
    return this.#expected.get(id) ?? new Set();
  }

  /** A message was acknowledged; its entry, when it comes, says who wrote it. */
  expect(sending: Sending): void {
    this.#expected.set(sending.id, (this.#expected.get(sending.id) ?? new Set()).add(sending));
    this.#dropOldest();
  }

  /**
   * The entry of a message of ours has come.
   *
   * @param to Pseudonyms of those whom it is for; `undefined`: for all who are members now.
   */
  follow(seq: number, sending: Sending, to: readonly string[] | undefined): void {
    this.#expected.delete(sending.id);
    const others = this.#others(to ?? this.#people.members.map(({ id }) => id));
    const [having, awaited] = partition(others, (pseudonym) => this.#has(pseudonym, seq));
    const followed: Followed = this.#followed.get(seq) ?? { sendings: new Set(), to, awaited: new Set(awaited) };
    followed.sendings.add(sending);
    this.#followed.set(seq, followed);
    this.#tell(followed, having);
    this.#dropOldest();
  }

  /** @returns The names of those who have received it. */
  received({ first, last, to }: Delivery): string[] {
    for (const pseudonym of to) {
      this.#received.set(pseudonym, addRange(this.#received.get(pseudonym) ?? [], { first, last }));
    }
    for (const [seq, followed] of this.#followed) {
      if (seq < first || seq > last) continue;
      for (const pseudonym of to) followed.awaited.delete(pseudonym);
      const { to: named = to } = followed;
      this.#tell(
        followed,
        this.#others(to).filter((one) => named.includes(one)),
      );
    }
    return this.#namesOf(to);
  }

  /** Somebody is no member any more: nobody waits for them. */
  left(pseudonym: string): void {
    for (const followed of this.#followed.values()) {
      const last = followed.awaited.delete(pseudonym) && followed.awaited.size === 0;
      for (const sending of last ? followed.sendings : []) sending.received([], true);
    }
  }

  end(error: RedRoomError): void {
    for (const { sendings } of this.#followed.values()) for (const sending of sendings) sending.unfollow(error);
    for (const sendings of this.#expected.values()) for (const sending of sendings) sending.unfollow(error);
    this.#followed.clear();
    this.#expected.clear();
    this.#received.clear();
  }

  #has(pseudonym: string, seq: number): boolean {
    return this.#received.get(pseudonym)?.some(({ first, last }) => first <= seq && seq <= last) ?? false;
  }

  /** At another device, one may receive one's own messages. */
  #others(people: readonly string[]): string[] {
    return people.filter((pseudonym) => pseudonym !== this.#people.self?.id);
  }

  #namesOf(people: readonly string[]): string[] {
    return people.map(this.#people.nameOf).filter((name) => name !== "");
  }

  #tell({ sendings, awaited }: Followed, people: readonly string[]): void {
    if (people.length === 0) return;
    for (const sending of sendings) sending.received(this.#namesOf(people), awaited.size === 0);
  }

  #dropOldest(): void {
    if (this.#expected.size + this.#followed.size <= MAX_FOLLOWED) return;
    const [seq, followed] = this.#followed.entries().next().value ?? [];
    const [id, unseen] = this.#expected.entries().next().value ?? [];
    if (seq !== undefined) this.#followed.delete(seq);
    else if (id !== undefined) this.#expected.delete(id);
    const why = `${MAX_FOLLOWED} newer messages are followed`;
    for (const sending of followed?.sendings ?? unseen ?? []) {
      sending.unfollow(new RedRoomError("TOO_MANY_REQUESTS", `unable to follow the delivery any longer; ${why}`));
    }
  }
}

function partition<T>(all: readonly T[], holds: (one: T) => boolean): [T[], T[]] {
  const those: T[] = [];
  const others: T[] = [];
  for (const one of all) (holds(one) ? those : others).push(one);
  return [those, others];
}
