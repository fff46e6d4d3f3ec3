import type { RedRoomError } from "../base/errors.ts";
import type { StateChange } from "../session/client-state.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { TopicMessage } from "./message.ts";
import type { Sending } from "./sending.ts";
import type { Topic } from "./topic.ts";

/** A text that the user has to consent to. */
export interface PendingConsent {
  readonly text: string;
  /**
   * Consents: the client goes on without another connection, and topics that were open go on by themselves.
   *
   * @throws {RedRoomError} `CONSENT_NEEDED` when the text is another one by now.
   */
  give(): Promise<void>;
}

export interface ClientEvents {
  /** Where the client stands has changed. */
  state: [change: StateChange];
  /**
   * A message of a topic that is open; `live` is `false` for those that were there before it was opened. What came while
   * the connection was lost is live.
   */
  message: [{ readonly topic: Topic; readonly message: TopicMessage; readonly live: boolean }];
  /** The record says that those named have received the entries from `first` to `last` of a topic that is open. */
  delivered: [{ readonly topic: Topic; readonly first: number; readonly last: number; readonly by: readonly string[] }];
  /** An entry of a topic that is open has a text that we may not read, or nobody any more. */
  withheld: [{ readonly topic: Topic; readonly seq: number }];
  /** A message of ours has changed its state. */
  outgoing: [{ readonly topic: Topic; readonly sending: Sending }];
  /** A topic that was open cannot go on, while the client does: it no longer exists, or may no longer be read. */
  topicFailed: [{ readonly topic: Topic; readonly error: RedRoomError }];
  /**
   * There is a text to consent to: until then the server serves nothing else. Comes with every connection for which that is
   * so; of the first one `client.consent` tells when `connect` has resolved.
   */
  consentNeeded: [consent: PendingConsent];
  /** We have another name, or other rights. */
  account: [user: SessionUser];
  /** Final. `undefined` after `close()`; `unsent`: messages not known to be stored. No event follows this one. */
  closed: [cause: RedRoomError | undefined, { readonly unsent: number }];
}
