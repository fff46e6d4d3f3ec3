import type { RedRoomError } from "../base/errors.ts";
import type { StateChange } from "../session/client-state.ts";
import type { Topic } from "./topic.ts";
import type { TopicEvents } from "./topic-events.ts";

/** Each with the topic that it is about. */
type EventsOfTopics = { [E in keyof TopicEvents]: [{ readonly topic: Topic } & TopicEvents[E]] };

export interface ClientEvents extends EventsOfTopics {
  /** Where the client stands has changed. */
  state: [change: StateChange];
  /** Final. `undefined` after `close()`; `unsent`: messages not known to be stored. No event follows this one. */
  closed: [cause: RedRoomError | undefined, { readonly unsent: number }];
}
