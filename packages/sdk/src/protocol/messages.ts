import * as v from "valibot";
import { utf8 } from "../base/bytes.ts";
import { ID_PATTERN } from "../base/id.ts";
import { MESSAGE_KINDS, PRIORITIES } from "../base/message-kind.ts";
import { CURSOR_NAME_PATTERN, MAX_LINE_BYTES, MAX_RECIPIENTS, MAX_ROLES, ROLE_PATTERN } from "./limits.ts";
import { WIRE_CODES } from "./wire-codes.ts";

/** The version that this library speaks. */
export const PROTOCOL_VERSION = 1;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const id = v.pipe(v.string(), v.regex(ID_PATTERN));
/** No lone surrogates: they have no UTF-8. A UTF-16 unit takes at most three bytes, so short texts need no counting. */
const line = v.pipe(
  v.string(),
  v.check(
    (text) => text.isWellFormed() && (3 * text.length <= MAX_LINE_BYTES || utf8(text).byteLength <= MAX_LINE_BYTES),
    `Unicode text of at most ${MAX_LINE_BYTES} bytes`,
  ),
);
/** 32 bytes in base64url. */
const hash = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/));

/** A signed checkpoint: C2SP tlog-checkpoint. */
const note = v.pipe(line, v.minLength(1));
/** A tree of 2^53 leaves has 53 peaks, and proofs of it are as long. */
const hashes = v.pipe(v.array(hash), v.maxLength(64));

const topic = v.strictObject({ id, title: line, createdAt: count, head: count, regulated: v.boolean() });
const kind = v.picklist(MESSAGE_KINDS);
const questionState = v.picklist(["open", "answered", "withdrawn", "closed"]);
const people = v.pipe(v.array(id), v.minLength(1), v.maxLength(MAX_RECIPIENTS));
const roles = v.pipe(v.array(v.pipe(v.string(), v.regex(ROLE_PATTERN))), v.maxLength(MAX_ROLES));
/** Names of capabilities: `CAPABILITIES` of the room `rules`. */
const capabilities = v.pipe(v.array(line), v.maxLength(MAX_ROLES));
const cursorName = v.pipe(v.string(), v.regex(CURSOR_NAME_PATTERN));
/** Who is logged in. */
const user = v.strictObject({ id: line, name: line, admin: v.boolean() });
/** What administrators see of a user. */
const account = v.strictObject({
  id: line,
  name: line,
  admin: v.boolean(),
  disabled: v.boolean(),
  createdAt: count,
  consentedAt: v.exactOptional(count),
  legalHold: v.boolean(),
});

const failure = {
  code: v.picklist(WIRE_CODES),
  message: line,
  remedy: v.exactOptional(line),
  retryable: v.exactOptional(v.boolean()),
  retryAfterMs: v.exactOptional(count),
};

/**
 * Every message of the protocol: the number of its frame type, the members of its head, and whether a body follows.
 * `docs/protocol.md` says who sends which when; the order of members is the order on the wire.
 */
export const MESSAGES = {
  // The control stream: the first one that the client opens.
  hello: {
    frameType: 0x01,
    head: v.strictObject({ versions: v.pipe(v.array(count), v.minLength(1), v.maxLength(16)) }),
    body: false,
  },
  welcome: {
    frameType: 0x02,
    head: v.strictObject({
      version: count,
      limits: v.strictObject({
        maxTextBytes: count,
        maxTitleBytes: count,
        maxPageEntries: count,
        maxUnacknowledged: count,
        maxOpenQuestions: count,
        maxMetadataBytes: count,
      }),
      heartbeatMs: count,
      logKey: hash,
      // Absent where the transport has no key of its own to certify with.
      logKeyCertificate: v.exactOptional(line),
    }),
    body: false,
  },
  login: { frameType: 0x03, head: v.strictObject({ name: line, password: line }), body: false },
  // `token` continues this session on another connection; `resumed` says that one was continued.
  session: {
    frameType: 0x04,
    head: v.strictObject({
      session: id,
      token: hash,
      resumed: v.boolean(),
      user,
    }),
    body: false,
  },
  ping: { frameType: 0x05, head: v.strictObject({ nonce: count }), body: false },
  pong: { frameType: 0x06, head: v.strictObject({ nonce: count }), body: false },
  goodbye: { frameType: 0x07, head: v.strictObject(failure), body: false },
  error: { frameType: 0x08, head: v.strictObject(failure), body: false },
  // In the place of `login`, on a new connection.
  resume: { frameType: 0x09, head: v.strictObject({ token: hash }), body: false },
  // The answer to a `resume` whose session is over: a `login` may follow on the same connection.
  resumeRefused: { frameType: 0x0a, head: v.strictObject(failure), body: false },
  // Whether the record can be written and read; told when it changes, and behind `session` while it cannot.
  availability: {
    frameType: 0x0b,
    head: v.strictObject({ available: v.boolean(), message: v.exactOptional(line) }),
    body: false,
  },

  // Request streams: one request, its response, and both sides end.
  listTopics: { frameType: 0x10, head: v.strictObject({ after: v.exactOptional(id) }), body: false },
  topicList: { frameType: 0x11, head: v.strictObject({ topics: v.array(topic), more: v.boolean() }), body: false },
  createTopic: {
    frameType: 0x12,
    head: v.strictObject({
      title: line,
      regulated: v.boolean(),
      // Who belongs to it from the beginning: login names.
      members: v.pipe(v.array(v.strictObject({ user: line, roles })), v.maxLength(MAX_RECIPIENTS)),
    }),
    body: false,
  },
  topicCreated: { frameType: 0x13, head: v.strictObject({ topic }), body: false },
  readHistory: { frameType: 0x14, head: v.strictObject({ topic: id, from: seq, limit: seq }), body: false },
  historyRead: {
    frameType: 0x15,
    head: v.strictObject({ head: count, frontier: hashes, checkpoint: v.exactOptional(note), consistency: hashes }),
    body: false,
  },
  proveEntry: { frameType: 0x16, head: v.strictObject({ topic: id, seq }), body: false },
  entryProof: { frameType: 0x17, head: v.strictObject({ proof: line }), body: false },
  proveConsistency: { frameType: 0x18, head: v.strictObject({ topic: id, first: count, second: count }), body: false },
  consistencyProof: { frameType: 0x19, head: v.strictObject({ hashes }), body: false },
  // Somebody's roles from now on, by login name; none: no member any more.
  setRoles: { frameType: 0x1a, head: v.strictObject({ topic: id, user: line, roles }), body: false },
  rolesSet: { frameType: 0x1b, head: v.strictObject({}), body: false },
  listQuestions: {
    frameType: 0x1c,
    head: v.strictObject({
      topic: id,
      state: v.exactOptional(questionState),
      of: v.exactOptional(id),
      for: v.exactOptional(id),
      after: v.exactOptional(seq),
      limit: seq,
    }),
    body: false,
  },
  // Behind the entries of these questions, in the same order. `asked`: who still has to answer, in a regulated conversation.
  questionList: {
    frameType: 0x1d,
    head: v.strictObject({
      questions: v.array(
        v.strictObject({
          seq,
          state: questionState,
          asked: v.exactOptional(v.array(id)),
        }),
      ),
      more: v.boolean(),
    }),
    body: false,
  },
  search: {
    frameType: 0x1e,
    head: v.strictObject({
      topic: id,
      text: v.exactOptional(line),
      kinds: v.exactOptional(v.array(kind)),
      authors: v.exactOptional(people),
      recipients: v.exactOptional(people),
      state: v.exactOptional(questionState),
      from: v.exactOptional(count),
      until: v.exactOptional(count),
      newestFirst: v.boolean(),
      after: v.exactOptional(seq),
      limit: seq,
    }),
    body: false,
  },
  // Behind the entries found. `next`: ask on behind this seq, there may be more.
  found: { frameType: 0x1f, head: v.strictObject({ next: v.exactOptional(seq) }), body: false },

  // Topic streams.
  // `from`: the first seq wanted; 0 for live entries only; absent for none, to publish only.
  openTopic: {
    frameType: 0x20,
    head: v.strictObject({ id: v.exactOptional(id), title: v.exactOptional(line), from: v.exactOptional(count) }),
    body: false,
  },
  topicOpened: {
    frameType: 0x21,
    head: v.strictObject({
      topic,
      you: v.strictObject({ id, roles, capabilities }),
      // So many `member` and `presence` frames follow at once, where the stream reads: then the reader knows everybody.
      people: count,
      frontier: hashes,
      checkpoint: v.exactOptional(note),
    }),
    body: false,
  },
  publish: {
    frameType: 0x22,
    head: v.strictObject({
      id,
      kind,
      to: v.exactOptional(people),
      re: v.exactOptional(seq),
      priority: v.exactOptional(v.picklist(PRIORITIES)),
      due: v.exactOptional(seq),
      // The last bytes of the body are metadata: a JSON object.
      metadataBytes: v.exactOptional(seq),
    }),
    body: true,
  },
  ack: { frameType: 0x23, head: v.strictObject({ id, seq, at: count, duplicate: v.boolean() }), body: false },
  refused: { frameType: 0x24, head: v.strictObject({ id, ...failure }), body: false },
  entry: { frameType: 0x25, head: v.strictObject({ author: line, salt: hash, leafBytes: count }), body: true },
  // In the place of an entry whose content the reader may not see, or nobody any more: the hash of its leaf.
  placeholder: { frameType: 0x26, head: v.strictObject({ leafHash: hash }), body: false },
  checkpoint: { frameType: 0x27, head: v.strictObject({ note }), body: false },
  // Who is behind a pseudonym: all members when a reader opens, others as they come. Present names, not part of the log.
  member: { frameType: 0x28, head: v.strictObject({ id, name: line, roles }), body: false },
  // "I have received the entries from `first` to `last`."
  receipt: { frameType: 0x29, head: v.strictObject({ first: seq, last: seq }), body: false },
  // In the place of an answer that the reader may not read yet: its leaf, without content and salt.
  sealed: { frameType: 0x2a, head: v.strictObject({ author: line }), body: true },
  // Behind a reveal: the answer that was sealed, as an entry.
  revealed: { frameType: 0x2b, head: v.strictObject({ author: line, salt: hash, leafBytes: count }), body: true },
  // Our own roles have changed.
  rights: { frameType: 0x2c, head: v.strictObject({ roles, capabilities }), body: false },
  // Whether a member is there, and since when, by the server's clock.
  presence: {
    frameType: 0x2d,
    head: v.strictObject({ id, state: v.picklist(["online", "away", "offline"]), since: count }),
    body: false,
  },
  // Somebody begins or stops writing: from a client without `id`, to the others with it. Not part of the record.
  typing: { frameType: 0x2e, head: v.strictObject({ id: v.exactOptional(id), active: v.boolean() }), body: false },
  // Who of a regulated conversation waits for whom, as far as it concerns the reader: all of it, whenever it has changed.
  waiting: {
    frameType: 0x2f,
    head: v.strictObject({
      pairs: v.array(v.strictObject({ reader: id, answerer: id, answers: v.array(seq), questions: v.array(seq) })),
    }),
    body: false,
  },

  // More requests.
  listPrepared: { frameType: 0x30, head: v.strictObject({ topic: id }), body: false },
  // One of the messages to pick from; `shared`: of the server's pool, not of the topic's own.
  prepared: {
    frameType: 0x31,
    head: v.strictObject({ id, kind, title: v.exactOptional(line), shared: v.boolean() }),
    body: true,
  },
  preparedListed: { frameType: 0x34, head: v.strictObject({}), body: false },
  // Who has received an entry, and when the record says so.
  listDeliveries: { frameType: 0x32, head: v.strictObject({ topic: id, seq }), body: false },
  deliveryList: {
    frameType: 0x33,
    head: v.strictObject({ deliveries: v.array(v.strictObject({ id, at: count })) }),
    body: false,
  },

  // How far a program of the user has come in the topic, in words of its own. The newest claim holds the cursor.
  claimCursor: { frameType: 0x35, head: v.strictObject({ topic: id, name: cursorName }), body: false },
  // `epoch`: which claim this is. The body: what was saved last, empty for nothing yet. `head`: the topic's, now.
  cursor: { frameType: 0x36, head: v.strictObject({ epoch: seq, head: count }), body: true },
  // `number`: which save of this claim it is, so that one that comes late takes nothing back.
  saveCursor: {
    frameType: 0x37,
    head: v.strictObject({ topic: id, name: cursorName, epoch: seq, number: seq }),
    body: true,
  },
  cursorSaved: { frameType: 0x38, head: v.strictObject({}), body: false },
  dropCursor: { frameType: 0x39, head: v.strictObject({ topic: id, name: cursorName }), body: false },
  cursorDropped: { frameType: 0x3a, head: v.strictObject({}), body: false },

  // People. On the control stream, before `session`: nothing is served until the text in the body was consented to.
  consentNeeded: { frameType: 0x40, head: v.strictObject({ digest: hash }), body: true },
  // On the control stream, when another session has changed it; and the answer to `changeName` and `changePassword`.
  accountChanged: { frameType: 0x41, head: v.strictObject({ user }), body: false },
  giveConsent: { frameType: 0x42, head: v.strictObject({ digest: hash }), body: false },
  consentGiven: { frameType: 0x43, head: v.strictObject({ at: count }), body: false },
  changeName: { frameType: 0x44, head: v.strictObject({ name: line }), body: false },
  changePassword: { frameType: 0x45, head: v.strictObject({ current: line, password: line }), body: false },
  // For administrators.
  listUsers: { frameType: 0x46, head: v.strictObject({ after: v.exactOptional(line) }), body: false },
  userList: { frameType: 0x47, head: v.strictObject({ users: v.array(account), more: v.boolean() }), body: false },
  addUser: {
    frameType: 0x48,
    head: v.strictObject({ name: line, password: line, admin: v.boolean() }),
    body: false,
  },
  changeUser: {
    frameType: 0x49,
    head: v.strictObject({
      name: line,
      admin: v.exactOptional(v.boolean()),
      disabled: v.exactOptional(v.boolean()),
      password: v.exactOptional(line),
    }),
    body: false,
  },
  userChanged: { frameType: 0x4a, head: v.strictObject({ account }), body: false },
  eraseUser: { frameType: 0x4b, head: v.strictObject({ name: line }), body: false },
  userErased: { frameType: 0x4c, head: v.strictObject({}), body: false },
  exportUser: { frameType: 0x4d, head: v.strictObject({ name: line }), body: false },
  userTopics: {
    frameType: 0x4e,
    head: v.strictObject({ topics: v.array(v.strictObject({ id, title: line, pseudonym: id })) }),
    body: false,
  },
  userExported: { frameType: 0x4f, head: v.strictObject({ account }), body: false },
} as const;

export type MessageType = keyof typeof MESSAGES;

type HeadOf<T extends MessageType> = v.InferOutput<(typeof MESSAGES)[T]["head"]>;
type BodyOf<T extends MessageType> = (typeof MESSAGES)[T]["body"] extends true ? { readonly body: Uint8Array } : object;

/** A message of one type, such as `MessageOf<"ack">`. */
export type MessageOf<T extends MessageType> = T extends MessageType
  ? { readonly type: T } & Readonly<HeadOf<T>> & BodyOf<T>
  : never;

/** Any message: a union that narrows by `type`. */
export type Message = MessageOf<MessageType>;
