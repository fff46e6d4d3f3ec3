import type { RedRoomError } from "../base/errors.ts";
import type { StateChange } from "../session/client-state.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Topic } from "./topic.ts";
import type { TopicEvents } from "./topic-events.ts";

/** Each with the topic that it is about. */
type EventsOfTopics = { [E in keyof TopicEvents]: [{ readonly topic: Topic } & TopicEvents[E]] };

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

export interface ClientEvents extends EventsOfTopics {
  /** Where the client stands has changed. */
  state: [change: StateChange];
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
