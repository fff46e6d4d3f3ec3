import type { PreparedKind } from "../rules/prepared.ts";

/**
 * Messages to choose from, for all topics of a server and for each topic. They are no part of the record: they are replaced, and
 * leave no trace. Opened and closed with its topic store; held to this page by `preparedStoreContract` of
 * `@redroom/sdk/testing`.
 */
export interface PreparedStore {
  /**
   * Puts messages in the place of those that a topic has, or the server where there is none, all or none. MUST be durable
   * when it resolves. Each gets a random id.
   *
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  replace(topicId: string | undefined, messages: readonly PreparedDraft[]): Promise<void>;

  /**
   * The server's messages, and behind them those of the topic, each in the order in which they were given. MUST see what
   * other processes have written.
   *
   * @param topicId `undefined` for the server's alone.
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `STORE_UNAVAILABLE`.
   */
  list(topicId: string | undefined): Promise<PreparedMessage[]>;
}

export interface PreparedDraft {
  readonly kind: PreparedKind;
  /** With placeholders, see `placeholdersOf`. */
  readonly text: string;
  /** What it is chosen by. */
  readonly title?: string | undefined;
}

export interface PreparedMessage extends PreparedDraft {
  readonly id: string;
  /** The topic's id; `undefined` for one of the server's. */
  readonly topic?: string | undefined;
}
