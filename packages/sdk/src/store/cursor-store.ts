/** Cursors that one person may have in one topic. */
export const MAX_CURSORS = 16;

/**
 * How far programs have come in a topic, in words of their own: small values, one for each person, topic and name. They are no
 * part of the record. Whoever claims a cursor holds it until somebody claims it again: what the one before still saves is
 * refused. Where the store keeps users, erasing one MUST remove all cursors of that person with it. Opened and closed with its
 * topic store; held to this page by `cursorStoreContract` of `@redroom/sdk/testing`.
 */
export interface CursorStore {
  /**
   * Takes a cursor over, or makes it. MUST be durable when it resolves, and MUST look and write in one transaction: of two who
   * claim at the same time, each gets an epoch of its own.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `TOO_MANY_CURSORS` when the person has `MAX_CURSORS` others in the topic,
   * `USER_UNKNOWN` for a person who was erased, `STORE_UNAVAILABLE`.
   */
  claim(key: CursorKey): Promise<ClaimedCursor>;

  /**
   * Puts a value in the place of the one before, whole or not at all. MUST be durable when it resolves. MUST leave everything as
   * it is, and resolve, when a save of a higher number is there already: what comes late takes nothing back.
   *
   * @throws {RedRoomError} `CURSOR_TAKEN` unless `epoch` is that of the newest claim, also when the cursor was dropped;
   * `STORE_UNAVAILABLE`.
   */
  save(key: CursorKey, save: CursorSave): Promise<void>;

  /**
   * Removes a cursor. MUST be durable when it resolves; where there is none, there is nothing to do. The next claim of any cursor of
   * this person in this topic MUST get a higher epoch than every one that was dropped: so what a program still saves that does not
   * know of it is refused for ever.
   *
   * @throws {RedRoomError} `STORE_UNAVAILABLE`.
   */
  drop(key: CursorKey): Promise<void>;
}

export interface CursorKey {
  readonly topicId: string;
  /** The id of a user, of the store or of the application. */
  readonly person: string;
  /** As the protocol allows it: 1 to 32 of `a` to `z`, `0` to `9` and `-`, a letter first. */
  readonly name: string;
}

export interface ClaimedCursor {
  /** Which claim it is: 1 for the first, and higher with each. */
  readonly epoch: number;
  /** What was saved last; empty for nothing yet. */
  readonly value: string;
}

export interface CursorSave {
  readonly epoch: number;
  /** Which save of this claim it is, from 1. */
  readonly number: number;
  /** At most 65,536 bytes of UTF-8. */
  readonly value: string;
}
