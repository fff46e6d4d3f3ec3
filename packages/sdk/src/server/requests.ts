import { toBase64Url } from "../base/bytes.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { Logger } from "../base/logger.ts";
import type { MessageChannel } from "../channel/message-channel.ts";
import { readCheckpoint } from "../evidence/checkpoint.ts";
import { formatLogProof, proofUnavailable } from "../evidence/log-proof.ts";
import { DEFAULT_LIMITS, type Limits } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { TopicRecord, TopicStore } from "../store/topic-store.ts";
import { checkTitle } from "./check-title.ts";
import {
  answerPeopleRequest,
  isPeopleRequest,
  type PeopleRequest,
  type PeopleRequestContext,
} from "./people-requests.ts";
import type { TopicRooms } from "./topic-rooms.ts";

type TopicRequest = MessageOf<"listTopics" | "createTopic" | "readHistory" | "proveEntry" | "proveConsistency">;
export type Request = TopicRequest | PeopleRequest;

export interface RequestContext extends PeopleRequestContext {
  readonly user: SessionUser;
  readonly store: TopicStore;
  readonly rooms: TopicRooms;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where an answer goes. */
export type Answer = Pick<MessageChannel, "send" | "sendEncoded">;

/** So many that the longest titles fit a frame. */
const TOPICS_PER_PAGE = 64;

const REQUESTS: readonly Message["type"][] = [
  "listTopics",
  "createTopic",
  "readHistory",
  "proveEntry",
  "proveConsistency",
] satisfies TopicRequest["type"][];

export function isRequest(message: Message): message is Request {
  return REQUESTS.includes(message.type) || isPeopleRequest(message);
}

/**
 * Sends the response to a request; the caller ends the stream.
 *
 * @throws {RedRoomError} What the client gets as `error`.
 */
export async function answerRequest(request: Request, answer: Answer, context: RequestContext): Promise<void> {
  if (isPeopleRequest(request)) {
    await answerPeopleRequest(request, answer, context);
    return;
  }
  switch (request.type) {
    case "listTopics": {
      const page = await context.store.listTopics({ after: request.after, limit: TOPICS_PER_PAGE + 1 });
      const topics = page.slice(0, TOPICS_PER_PAGE).map((topic) => ({ ...topic, head: topic.head.seq }));
      answer.send({ type: "topicList", topics, more: page.length > TOPICS_PER_PAGE });
      return;
    }
    case "createTopic": {
      if (!context.user.admin) {
        throw new RedRoomError("NOT_ALLOWED", "unable to create the topic; only administrators can");
      }
      const topic = await createTopic(context.store, request.title, context);
      answer.send({ type: "topicCreated", topic: { ...topic, head: 0 } });
      return;
    }
    case "readHistory":
      await sendHistory(request, answer, context);
      return;
    case "proveEntry":
      answer.send({ type: "entryProof", proof: await proveEntry(context.store, request) });
      return;
    case "proveConsistency": {
      const hashes = await context.store.proveConsistency(request.topic, request.first, request.second);
      answer.send({ type: "consistencyProof", hashes: hashes.map(toBase64Url) });
    }
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
  answer: Answer,
  { rooms, limits, store }: RequestContext,
): Promise<void> {
  if (limit > limits.maxPageEntries) {
    throw new RedRoomError(
      "TOO_MANY_REQUESTS",
      `unable to read ${limit} entries at once; the limit is ${limits.maxPageEntries}`,
    );
  }
  const room = await rooms.enter({ id: topic });
  try {
    // Another process may have added it, and a list or a proof have told of it already.
    if (from > (room.checkpoint?.size ?? 0)) await room.refresh();
    // One page, cut short where it grows large: the reader asks on from where it ends.
    const { checkpoint } = room;
    const head = checkpoint?.size ?? 0;
    const frames = from > head ? [] : await room.read(from, Math.min(limit, head - from + 1));
    for (const frame of frames) answer.sendEncoded(frame);
    if (checkpoint === undefined || frames.length === 0) {
      const signed = checkpoint && { checkpoint: checkpoint.note };
      answer.send({ type: "historyRead", head, frontier: [], ...signed, consistency: [] });
      return;
    }
    const frontier = await store.frontier(topic, from - 1);
    const consistency = await store.proveConsistency(topic, from - 1 + frames.length, head);
    answer.send({
      type: "historyRead",
      head,
      frontier: frontier.peaks.map(toBase64Url),
      checkpoint: checkpoint.note,
      consistency: consistency.map(toBase64Url),
    });
  } finally {
    rooms.leave(room);
  }
}

/** The text of a C2SP tlog-proof, by the newest checkpoint. */
async function proveEntry(store: TopicStore, { topic, seq }: MessageOf<"proveEntry">): Promise<string> {
  const checkpoint = await store.checkpoint(topic);
  const size = checkpoint === undefined ? 0 : (readCheckpoint(checkpoint)?.size ?? 0);
  if (checkpoint === undefined || seq > size) throw proofUnavailable(seq, size);
  return formatLogProof({ index: seq - 1, hashes: await store.proveInclusion(topic, seq, size), checkpoint });
}
