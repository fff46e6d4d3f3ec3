import { RedRoomError } from "../base/errors.ts";
import type { Delivery } from "../evidence/delivery.ts";
import type { Sending } from "./sending.ts";

/** So many messages of ours are followed at a time: the newest. */
const MAX_FOLLOWED = 1_024;

type IsAuthor = (pseudonym: string, name: string) => boolean;

interface Followed {
  readonly sending: Sending;
  /** Whether a member is ourselves: at another device, one may receive one's own messages. */
  readonly isAuthor: IsAuthor;
  /** Pseudonyms of those who were there when it was stored and have not confirmed it yet. */
  readonly awaited: Set<string>;
}

/** Who of a topic's members has which of our messages, as the record says. */
export class Deliveries {
  readonly #names = new Map<string, string>();
  /** By seq, ascending: the record has them, and so do we. */
  readonly #followed = new Map<number, Followed>();
  /** By id: acknowledged, and the entry itself is not here yet. */
  readonly #expected = new Map<string, Sending>();

  /** A pseudonym's present name; who has one is a member. */
  member(pseudonym: string, name: string): void {
    this.#names.set(pseudonym, name);
  }

  /** The message of ours, where its entry is still to come. */
  expected(id: string): Sending | undefined {
    return this.#expected.get(id);
  }

  /** Whether the entry has come already. */
  follows(seq: number): boolean {
    return this.#followed.has(seq);
  }

  /** A message was acknowledged; its entry, when it comes, says who wrote it. */
  expect(sending: Sending): void {
    this.#expected.set(sending.id, sending);
    if (this.#expected.size + this.#followed.size > MAX_FOLLOWED) this.#dropOldest();
  }

  /** The entry of a message of ours. */
  follow(seq: number, sending: Sending, isAuthor: IsAuthor): void {
    this.#expected.delete(sending.id);
    const others = [...this.#names].filter(([pseudonym, name]) => !isAuthor(pseudonym, name));
    this.#followed.set(seq, { sending, isAuthor, awaited: new Set(others.map(([pseudonym]) => pseudonym)) });
    if (this.#expected.size + this.#followed.size > MAX_FOLLOWED) this.#dropOldest();
  }

  /** @returns The names of those who have received it. */
  received({ first, last, to }: Delivery): string[] {
    const known = to.flatMap((pseudonym) => {
      const name = this.#names.get(pseudonym);
      return name === undefined ? [] : [{ pseudonym, name }];
    });
    for (const [seq, { sending, awaited, isAuthor }] of this.#followed) {
      if (seq < first || seq > last) continue;
      for (const pseudonym of to) awaited.delete(pseudonym);
      const others = known.filter(({ pseudonym, name }) => !isAuthor(pseudonym, name));
      if (others.length > 0)
        sending.received(
          others.map(({ name }) => name),
          awaited.size === 0,
        );
    }
    return known.map(({ name }) => name);
  }

  end(error: RedRoomError): void {
    for (const { sending } of this.#followed.values()) sending.unfollow(error);
    for (const sending of this.#expected.values()) sending.unfollow(error);
    this.#followed.clear();
    this.#expected.clear();
  }

  #dropOldest(): void {
    const [seq, followed] = this.#followed.entries().next().value ?? [];
    const [id, unseen] = this.#expected.entries().next().value ?? [];
    if (seq !== undefined) this.#followed.delete(seq);
    else if (id !== undefined) this.#expected.delete(id);
    const why = `${MAX_FOLLOWED} newer messages are followed`;
    (followed?.sending ?? unseen)?.unfollow(
      new RedRoomError("TOO_MANY_REQUESTS", `unable to follow the delivery any longer; ${why}`),
    );
  }
}
