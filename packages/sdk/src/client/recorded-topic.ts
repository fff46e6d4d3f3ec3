import { type Cursor, claimCursor, dropCursor } from "./cursor.ts";
import type { TopicMessage } from "./message.ts";
import type { Reached, TopicAccess } from "./topic-access.ts";
import { type QuestionsOptions, readQuestions, type TopicQuestion } from "./topic-questions.ts";
import { confirmCheckpoint, type HistoryOptions, proveEntry, readHistory } from "./topic-record.ts";
import { listPrepared, type PreparedMessage, type Receipt, readDeliveries, setRoles } from "./topic-requests.ts";
import { type Found, type SearchOptions, search } from "./topic-search.ts";
import { watched } from "./watched.ts";

/**
 * What can be asked about a topic, whether or not it is open. Each question fails with a retryable error when the client is
 * not online or the connection is lost meanwhile, with `NOT_ALLOWED` where the role does not allow it, and ends the session
 * where the server breaks the protocol.
 */
export class RecordedTopic {
  readonly #access: TopicAccess;

  /** @internal */
  constructor(access: TopicAccess) {
    this.#access = access;
  }

  /**
   * A part of the record, in order. Deliveries and memberships are left out.
   *
   * @returns Fewer than `limit` only where the topic ends.
   */
  history(options: HistoryOptions = {}): Promise<TopicMessage[]> {
    return this.#ask(({ link, id }) => readHistory(link, id, options, this.#access.people.nameOf));
  }

  /**
   * Questions with their states, oldest first: who has open ones, and for whom.
   *
   * @example
   * const mine = await topic.questions({ state: "open", for: "me" });
   *
   * @throws {RedRoomError} `RECIPIENT_INVALID` for a name that nobody of the topic has. Names are known once it is open.
   */
  questions(options: QuestionsOptions = {}): Promise<TopicQuestion[]> {
    return this.#ask((reached) => readQuestions(reached, this.#access.people, options));
  }

  /**
   * Searches old correspondence, newest first by default. Pages are asked for as the loop comes to them; to go on another
   * time, give the last message's `seq` as `after`.
   *
   * @example
   * for await (const { message } of topic.search({ text: "rückstell", by: ["anna"], limit: 20 })) print(message);
   *
   * @throws {RedRoomError} `RECIPIENT_INVALID` for a name that nobody of the topic has.
   */
  search(options: SearchOptions = {}): AsyncIterableIterator<Found> {
    return search(() => this.#access.reach(), this.#access.people, options);
  }

  /**
   * Who has received a message, and when the record says so, in that order. Receipts do not tell who could read it: of a
   * message to chosen people, look at its `to`.
   */
  deliveries(message: Pick<TopicMessage, "seq">): Promise<Receipt[]> {
    return this.#ask((reached) => readDeliveries(reached, this.#access.people, message.seq));
  }

  /** The messages to pick from: the server's, and the topic's own. */
  prepared(): Promise<PreparedMessage[]> {
    return this.#ask(listPrepared);
  }

  /**
   * Says what somebody is in the topic from now on; no roles: no member any more. For administrators.
   *
   * @param user The login name.
   * @throws {RedRoomError} `ROLE_INVALID`, `USER_UNKNOWN`.
   */
  setRoles(user: string, roles: readonly string[]): Promise<void> {
    return this.#ask((reached) => setRoles(reached, user, roles), this.#access.reachListed());
  }

  /** The newest signed checkpoint that we have verified: what the whole record was at that point. `undefined` while empty. */
  checkpoint(): Promise<string | undefined> {
    return this.#ask(async ({ link, id }) => link.trust(id).checkpoint?.note);
  }

  /**
   * Holds somebody else's checkpoint of this topic against our view: the same log must have led to both.
   *
   * @throws {RedRoomError} `LOG_FORK`, with both checkpoints; `PROTOCOL_ERROR` when the log's key did not sign it.
   */
  async confirm(checkpoint: string): Promise<void> {
    const { link, id } = await this.#access.reach();
    await confirmCheckpoint(link, id, checkpoint);
  }

  /**
   * Proves offline, to anybody, that an entry is in the log: the text of a `.tlog-proof` file (C2SP tlog-proof), checked
   * before it is returned.
   *
   * @throws {RedRoomError} `PROOF_UNAVAILABLE` for a seq beyond the head; `NOT_ALLOWED` without `queryHistory`; `LOG_FORK`.
   */
  proof(seq: number): Promise<string> {
    return this.#ask(({ link, id }) => proveEntry(link, id, seq));
  }

  /**
   * Takes over the cursor of this name, or makes it: a place on the server where a program of ours notes how far it has come.
   * Whoever claims it holds it; what the one before still saves is refused with `CURSOR_TAKEN`. For who may read the topic.
   *
   * @param name 1 to 32 characters: small letters, digits and `-`, a letter first. A user has at most 16 in a topic.
   * @example
   * const cursor = await topic.claimCursor("archivist");
   * for await (const message of topic.messages({ from: Number(cursor.value ?? 0) + 1 })) {
   *   await archive(message);
   *   await cursor.save(`${message.revealedBy ?? message.seq}`);
   * }
   *
   * @throws {RedRoomError} `OPTIONS_INVALID` for a name that cannot be one, `TOO_MANY_CURSORS`.
   */
  claimCursor(name: string): Promise<Cursor> {
    return claimCursor(name, (work) => this.#ask(work));
  }

  /** Removes a cursor of ours, also while somebody holds it, who then saves in vain. Where there is none, there is nothing to do. */
  dropCursor(name: string): Promise<void> {
    return this.#ask((reached) => dropCursor(reached, name));
  }

  async #ask<T>(work: (reached: Reached) => Promise<T>, reaching = this.#access.reach()): Promise<T> {
    const reached = await reaching;
    return watched(reached.link, work(reached));
  }
}
