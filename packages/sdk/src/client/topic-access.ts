import { RedRoomError } from "../base/errors.ts";
import type { Limits } from "../protocol/limits.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Link } from "./link.ts";
import type { OutboxLimits } from "./outbox.ts";
import { SealedAnswers } from "./sealed-answers.ts";
import type { TellOfTopic } from "./topic-events.ts";
import { listTopics } from "./topic-list.ts";
import { TopicPeople } from "./topic-people.ts";
import type { ReaderHost } from "./topic-reader.ts";
import { type Opened, type TopicInfo, TopicStream } from "./topic-stream.ts";

/** What a topic needs of its client. */
export interface TopicHost extends ReaderHost {
  readonly outbox: OutboxLimits;
  user(): SessionUser;
  limits(): Limits;
  /** @throws {RedRoomError} Unless there is a session: a retryable error, if there will be one again. */
  online(): Link;
  /** @throws {RedRoomError} When the client is closed. */
  alive(): void;
  /** @returns Whether somebody has taken it. */
  readonly tell: TellOfTopic;
  /** Whether somebody listens to messages: who does gets what stands in their places, too. */
  listened(): boolean;
}

/** The topic that a request is about, and the way to the server. */
export interface Reached {
  readonly link: Link;
  readonly id: string;
}

/** What our side knows of a topic: which one it is, and who is in it. All that reads it or asks about it shares this. */
export class TopicAccess {
  readonly title: string;
  readonly host: TopicHost;
  readonly people: TopicPeople;
  #topic: TopicInfo | undefined;

  constructor(title: string, host: TopicHost) {
    this.title = title;
    this.host = host;
    this.people = new TopicPeople((event, about) => void host.tell(event, about));
  }

  /** As the server has shown it last; `undefined` before it was opened, or asked about. */
  get topic(): TopicInfo | undefined {
    return this.#topic;
  }

  /** @param first The first seq that is read; `undefined` where nothing is. */
  opened(opened: Opened, first: number | undefined): void {
    this.#topic = opened.topic;
    this.people.opened(opened, first, this.host.user().name);
  }

  /** @throws {RedRoomError} A retryable one when the client is not online; `TOPIC_UNKNOWN`, `NOT_ALLOWED`. */
  async reach(): Promise<Reached> {
    const link = this.host.online();
    if (this.#topic !== undefined) return { link, id: this.#topic.id };
    const stream = new TopicStream(link, { title: this.title }, { from: undefined }, new SealedAnswers(), {
      onOpened: (opened) => this.opened(opened, undefined),
      onOver: () => {},
    });
    const { id } = await stream.opened;
    stream.end();
    return { link, id };
  }

  /** As `reach`, for somebody who may manage the topic, and need not be let into it. */
  async reachListed(): Promise<Reached> {
    const link = this.host.online();
    if (this.#topic !== undefined) return { link, id: this.#topic.id };
    const listed = (await listTopics(link)).find(({ title }) => title === this.title);
    if (listed !== undefined) return { link, id: listed.id };
    throw new RedRoomError(
      "TOPIC_UNKNOWN",
      `unable to find the topic; there is none called ${JSON.stringify(this.title)}`,
    );
  }
}
