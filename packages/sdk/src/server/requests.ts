import { toBase64Url } from "../base/bytes.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { Logger } from "../base/logger.ts";
import { DEFAULT_LIMITS, type Limits } from "../protocol/limits.ts";
import type { Message, MessageOf } from "../protocol/messages.ts";
import { isReader } from "../rules/visibility.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { CursorStore } from "../store/cursor-store.ts";
import type { PreparedStore } from "../store/prepared-store.ts";
import type { Person, TopicRecord, TopicStore } from "../store/topic-store.ts";
import type { UserStore } from "../store/user-store.ts";
import { type Access, type Capabilities, notInTopic, takesPart } from "./access.ts";
import type { Answer } from "./answer.ts";
import { checkTitle } from "./check-title.ts";
import { claimCursor, dropCursor, saveCursor } from "./cursor-requests.ts";
import type { Action } from "./extension.ts";
import {
  answerPeopleRequest,
  isPeopleRequest,
  type PeopleRequest,
  type PeopleRequestContext,
} from "./people-requests.ts";
import {
  proveEntry,
  sendDeliveries,
  sendFound,
  sendHistory,
  sendPrepared,
  sendQuestions,
  type TopicAsked,
} from "./topic-requests.ts";
import type { TopicRooms } from "./topic-rooms.ts";

/** Each request, with what answers it. */
const ANSWERS: {
  readonly [T in RequestType]: (request: MessageOf<T>, answer: Answer, context: RequestContext) => Promise<void>;
} = {
  listTopics: async (request, answer, { user, store, access, authorize }) => {
    if (authorize !== undefined) await authorize(request.type);
    const all = access.seesAllTopics(user);
    // How much is in a topic is only for those who read it.
    const readable = !all || isReader(access.everywhere(user));
    const member = all ? undefined : user.id;
    const page = await store.listTopics({ after: request.after, member, limit: TOPICS_PER_PAGE + 1 });
    const topics = page.slice(0, TOPICS_PER_PAGE).map((topic) => ({ ...topic, head: readable ? topic.head.seq : 0 }));
    answer.send({ type: "topicList", topics, more: page.length > TOPICS_PER_PAGE });
  },
  createTopic: async ({ type, title, regulated, members }, answer, context) => {
    const { access, user, rooms, authorize } = context;
    access.check(user, "manageTopics");
    if (authorize !== undefined) await authorize(type);
    const people = await Promise.all(
      members.map(async ({ user: name, roles }) => {
        access.checkRoles(roles);
        return { person: await memberCalled(name, context), roles };
      }),
    );
    const topic = await createTopic(context.store, title, { ...context, regulated });
    await rooms.within({ id: topic.id }, async (room) => {
      for (const { person, roles } of people) await room.setRoles(user, person, roles);
    });
    answer.send({ type: "topicCreated", topic: { ...topic, head: 0 } });
  },
  setRoles: async ({ type, topic, user: name, roles }, answer, context) => {
    const { access, user, rooms, authorize } = context;
    access.check(user, "manageTopics");
    access.checkRoles(roles);
    const person = await memberCalled(name, context);
    await rooms.within({ id: topic }, async (room) => {
      if (authorize !== undefined) await authorize(type, room);
      await room.setRoles(user, person, roles);
    });
    answer.send({ type: "rolesSet" });
  },
  readHistory: (request, answer, context) =>
    inTopic(request, context, queriesHistory, (asked) => sendHistory(request, answer, asked)),
  proveEntry: (request, answer, context) =>
    inTopic(request, context, isReader, async ({ store }) => {
      answer.send({ type: "entryProof", proof: await proveEntry(store, request) });
    }),
  proveConsistency: (request, answer, context) =>
    inTopic(request, context, isReader, async ({ store }) => {
      const hashes = await store.proveConsistency(request.topic, request.first, request.second);
      answer.send({ type: "consistencyProof", hashes: hashes.map(toBase64Url) });
    }),
  listQuestions: (request, answer, context) =>
    inTopic(request, context, isReader, (asked) => sendQuestions(request, answer, asked)),
  search: (request, answer, context) =>
    inTopic(request, context, queriesHistory, (asked) => sendFound(request, answer, asked)),
  listPrepared: (request, answer, context) =>
    inTopic(request, context, takesPart, (asked) => sendPrepared(context.prepared, answer, asked)),
  listDeliveries: (request, answer, context) =>
    inTopic(request, context, isReader, (asked) => sendDeliveries(request, answer, asked)),
  claimCursor: (request, answer, context) =>
    inTopic(request, context, isReader, () => claimCursor(request, answer, context)),
  saveCursor: (request, answer, context) =>
    inTopic(request, context, isReader, () => saveCursor(request, answer, context)),
  dropCursor: (request, answer, context) =>
    inTopic(request, context, isReader, () => dropCursor(request, answer, context)),
};

type RequestType =
  | "listTopics"
  | "createTopic"
  | "setRoles"
  | "readHistory"
  | "proveEntry"
  | "proveConsistency"
  | "listQuestions"
  | "search"
  | "listPrepared"
  | "listDeliveries"
  | "claimCursor"
  | "saveCursor"
  | "dropCursor";

export type Request = MessageOf<RequestType> | PeopleRequest;

export interface RequestContext extends PeopleRequestContext {
  readonly user: SessionUser;
  readonly store: TopicStore;
  /** `undefined` where the application has a login of its own. */
  readonly users: UserStore | undefined;
  readonly prepared: PreparedStore | undefined;
  readonly cursors: CursorStore | undefined;
  readonly rooms: TopicRooms;
  readonly access: Access;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** So many that the longest titles fit a frame. */
const TOPICS_PER_PAGE = 64;

export function isRequest(message: Message): message is Request {
  return message.type in ANSWERS || isPeopleRequest(message);
}

/**
 * Sends the response to a request; the caller ends the stream.
 *
 * @throws {RedRoomError} What the client gets as `error`.
 */
export async function answerRequest(request: Request, answer: Answer, context: RequestContext): Promise<void> {
  if (isPeopleRequest(request)) await answerPeopleRequest(request, answer, context);
  else await answerTopicRequest(request, answer, context);
}

function answerTopicRequest<T extends RequestType>(
  request: MessageOf<T>,
  answer: Answer,
  context: RequestContext,
): Promise<void> {
  const respond = ANSWERS[request.type] as (
    request: MessageOf<T>,
    answer: Answer,
    context: RequestContext,
  ) => Promise<void>;
  return respond(request, answer, context);
}

/** @throws {RedRoomError} `NOT_ALLOWED`; what `authorize` and `work` throw. */
async function inTopic(
  { type, topic }: { readonly type: Action; readonly topic: string },
  { rooms, user, store, limits, authorize }: RequestContext,
  suffices: (capabilities: Capabilities) => boolean,
  work: (asked: TopicAsked) => Promise<void>,
): Promise<void> {
  const room = await rooms.enterAs(user, { id: topic }, suffices);
  try {
    if (authorize !== undefined) {
      await authorize(type, room);
      // It may have taken its time.
      if (!suffices(room.rightsOf(user).capabilities)) throw notInTopic();
    }
    await work({
      room,
      store,
      limits,
      get reader() {
        const { capabilities } = room.rightsOf(user);
        if (!suffices(capabilities)) throw notInTopic();
        return { pseudonym: room.pseudonymOf(user) ?? "", capabilities };
      },
    });
  } finally {
    rooms.leave(room);
  }
}

const queriesHistory = (capabilities: Capabilities): boolean =>
  capabilities.has("queryHistory") && isReader(capabilities);

/** @throws {RedRoomError} `USER_UNKNOWN`, `ROLE_INVALID`. */
async function memberCalled(name: string, { users, access }: RequestContext): Promise<Person> {
  if (users === undefined) {
    throw new RedRoomError("USER_UNKNOWN", "unable to give roles by name; this server has no users of its own", {
      remedy: "let the application call server.setRoles",
    });
  }
  const user = await users.findUser(name);
  if (user === undefined) throw new RedRoomError("USER_UNKNOWN", `unable to give roles; nobody is called "${name}"`);
  access.checkMember(user);
  return { id: user.id, name: user.name };
}

export interface TopicOptions {
  /** Whether answers are exchanged one for the other; `false` by default. It stays as it is. */
  readonly regulated?: boolean;
}

/**
 * Adds a topic, also beside a server that runs on the same data. Nobody belongs to it yet.
 *
 * @throws {RedRoomError} `TITLE_INVALID`, `TOPIC_EXISTS`, `STORE_UNAVAILABLE`.
 */
export async function createTopic(
  store: TopicStore,
  title: string,
  {
    regulated = false,
    limits = DEFAULT_LIMITS,
    clock = systemClock,
  }: TopicOptions & { readonly limits?: Limits; readonly clock?: Clock } = {},
): Promise<TopicRecord> {
  const topic = { id: randomId(), title: checkTitle(title, limits), createdAt: clock.now(), regulated };
  await store.createTopic(topic);
  return topic;
}
