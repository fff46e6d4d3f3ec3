import type { RedRoomError } from "../base/errors.ts";
import type { SealedMessage, TopicMessage } from "./message.ts";
import type { Person, Presence, Self, WaitingPair } from "./person.ts";
import type { Sending } from "./sending.ts";

/** What is told of a topic; the client's events add which one it is. */
export interface TopicEvents {
  /**
   * A message of a topic that is open; `live` is `false` for those that were there before it was opened. What came while
   * the connection was lost is live. An answer that was sealed comes behind its reveal, with `revealedBy`.
   */
  message: { readonly message: TopicMessage; readonly live: boolean };
  /** An answer to a question of ours has come, and may not be read yet: its `message` follows when it is revealed. */
  sealed: { readonly message: SealedMessage; readonly live: boolean };
  /** The record says that those named have received the entries from `first` to `last` of a topic that is open. */
  delivered: { readonly first: number; readonly last: number; readonly by: readonly string[] };
  /** An entry of a topic that is open has a text that we may not read, or nobody any more. */
  withheld: { readonly seq: number };
  /** A message of ours has changed its state. */
  outgoing: { readonly sending: Sending };
  /** Somebody has these roles from now on; none: no member any more. Also once for each member when the topic is opened. */
  member: { readonly member: Person; readonly roles: readonly string[] };
  /** Somebody has come, lost the connection, or left. */
  presence: { readonly member: Person; readonly presence: Presence };
  /** Somebody begins or stops writing. */
  typing: { readonly member: Person; readonly active: boolean };
  /** What we may do in the topic has changed; also once when it is opened. */
  rights: { readonly self: Self };
  /** Who of a regulated topic waits for whom has changed, as far as it concerns us. */
  waiting: { readonly waiting: readonly WaitingPair[] };
  /** A topic that was open cannot go on, while the client does: it no longer exists, or may no longer be read. */
  topicFailed: { readonly error: RedRoomError };
}

export type TellOfTopic = <E extends keyof TopicEvents>(event: E, about: TopicEvents[E]) => boolean;
