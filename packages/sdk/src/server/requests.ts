import { type Clock, systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { MessageChannel } from "../channel/message-channel.ts";
import { DEFAULT_LIMITS, type Limits } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { SessionUser } from "../session/client-session.ts";
import type { TopicRecord, TopicStore } from "../store/topic-store.ts";
import { checkTitle } from "./check-title.ts";
import type { TopicRooms } from "./topic-rooms.ts";

export type Request = MessageOf<"listTopics" | "createTopic" | "readHistory">;

export interface RequestContext {
  readonly user: SessionUser;
  readonly store: TopicStore;
  readonly rooms: TopicRooms;
  readonly limits: Limits;
  readonly clock: Clock;
}

/** So many that the longest titles fit a frame. */
const TOPICS_PER_PAGE = 64;

export function isRequest(message: Message): message is Request {
  return message.type === "listTopics" || message.type === "createTopic" || message.type === "readHistory";
}

/**
 * Sends the response to a request; the caller ends the stream.
 *
 * @throws {RedRoomError} What the client gets as `error`.
 */
export async function answerRequest(request: Request, channel: MessageChannel, context: RequestContext): Promise<void> {
  switch (request.type) {
    case "listTopics": {
      const page = await context.store.listTopics({ after: request.after, limit: TOPICS_PER_PAGE + 1 });
      const topics = page.slice(0, TOPICS_PER_PAGE).map((topic) => ({ ...topic, head: topic.head.seq }));
      channel.send({ type: "topicList", topics, more: page.length > TOPICS_PER_PAGE });
      return;
    }
    case "createTopic": {
      if (!context.user.admin) {
        throw new RedRoomError("NOT_ALLOWED", "unable to create the topic; only administrators can");
      }
      const topic = await createTopic(context.store, request.title, context);
      channel.send({ type: "topicCreated", topic: { ...topic, head: 0 } });
      return;
    }
    case "readHistory":
      await sendHistory(request, channel, context);
  }
}

/**
 * Adds a topic, also beside a server that runs on the same data.
 *
 * @throws {RedRoomError} `TITLE_INVALID`, `TOPIC_EXISTS`, `STORE_UNAVAILABLE`.
 */
export async function createTopic(
  store: TopicStore,
  title: string,
  { limits = DEFAULT_LIMITS, clock = systemClock }: { readonly limits?: Limits; readonly clock?: Clock } = {},
): Promise<TopicRecord> {
  const topic = { id: randomId(), title: checkTitle(title, limits), createdAt: clock.now() };
  await store.createTopic(topic);
  return topic;
}

async function sendHistory(
  { topic, from, limit }: MessageOf<"readHistory">,
  channel: MessageChannel,
  { rooms, limits }: RequestContext,
): Promise<void> {
  if (limit > limits.maxPageEntries) {
    throw new RedRoomError(
      "TOO_MANY_REQUESTS",
      `unable to read ${limit} entries at once; the limit is ${limits.maxPageEntries}`,
    );
  }
  const room = await rooms.enter({ id: topic });
  try {
    // One page, cut short where it grows large: the reader asks on from where it ends.
    if (from <= room.head) for (const frame of await room.read(from, limit)) channel.sendEncoded(frame);
    channel.send({ type: "historyRead", head: room.head });
  } finally {
    rooms.leave(room);
  }
}
