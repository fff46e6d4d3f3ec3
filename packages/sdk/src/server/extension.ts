import type { MessageKind, Priority } from "../base/message-kind.ts";
import type { Annotations, MetadataOf } from "../base/metadata.ts";
import type { Credentials } from "../session/credentials.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Person } from "../store/topic-store.ts";

/**
 * What an application adds to a server: an object with some of these hooks, or an instance of a class. Each gets one payload,
 * which is a frozen copy, and is awaited. **To throw is to refuse**: the code and the text of a `RedRoomError` go to the
 * client; anything else is logged and becomes `NOT_ALLOWED`, with a text that tells nothing. A `retryable` error lets the
 * client try again, `retryAfterMs` later (1,000 by default), in the order in which it has sent.
 *
 * The hooks of several extensions are called one after the other, those of the server's own options first, and have
 * `hookTimeoutMs` together. Beyond it `signal` is aborted, the client is told `TIMEOUT` (retryable), and what the hook says
 * later counts no more. A hook is the server's own code and sees everything, also what regulation keeps from readers.
 *
 * @example
 * const noLinks: Extension = {
 *   name: "no links",
 *   beforeAppend({ message }) {
 *     if (/https?:/.test(message.text)) throw new RedRoomError("TEXT_INVALID", "unable to take the message; it has a link");
 *   },
 * };
 */
export interface Extension {
  /** What the log calls it. */
  readonly name?: string;
  /** Says who somebody is, instead of the users of the store. Only one extension of a server can. */
  authenticate?: Authenticate;
  /**
   * Asked once the policy has allowed a request, or the opening of a topic: may refuse it, never grant one. What was opened
   * stays open; to end that, call `server.setRoles` or `server.revoke`.
   */
  authorize?(asked: AuthorizePayload): void | Promise<void>;
  /**
   * Asked about each message that the rules allow, before it is stored; the rules then decide once more. Messages of one author
   * in a topic are asked about one after the other, in their order. A message that is stored already is not asked about
   * again; one whose storing has failed is, under the same `message.id`.
   *
   * May add annotations, which become part of the record, and of what the entry commits to: a JSON object. Those of several
   * extensions are put together; the same member twice, and more than `limits.maxMetadataBytes` in all, is an error of the later
   * one: the message is refused.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return, also an async one, adds nothing
  beforeAppend?(submitted: BeforeAppendPayload): void | Annotated | Promise<void | Annotated>;
  /**
   * Told of each message that was stored, in the order of the topic, one after the other. Nobody waits for it: acks and
   * readers are faster. What it throws is logged. A crash, or a store that fails before it has answered, loses calls; a bot
   * loses none. With 256 messages waiting for it, the authors of that topic wait too.
   */
  afterAppend?(stored: AfterAppendPayload): void | Promise<void>;
  /** Asked about each connection of somebody who has proved who they are: at a login, and when a session is resumed. */
  onConnect?(connection: ConnectPayload): void | Promise<void>;
  /**
   * Told when that connection is over: once for each `onConnect` that has resolved, whatever became of the login behind it, and
   * however late it was. What it throws is logged.
   */
  onDisconnect?(connection: DisconnectPayload): void | Promise<void>;
}

/**
 * Says who somebody is: the hook for applications with a login of their own. `id` must be stable and never reused; call
 * `server.revoke(id)` when a password or the rights have changed. `id` and `name` have 1 to 1,024 bytes of UTF-8. One that
 * takes long holds up no other.
 *
 * @throws {RedRoomError} `LOGIN_FAILED` for wrong credentials, without telling which part is wrong.
 */
export type Authenticate = (login: AuthenticatePayload) => SessionUser | Promise<SessionUser>;

interface HookPayload {
  /** Aborted when the answer counts no more: the time is over, the client has gone, or the server has closed. */
  readonly signal: AbortSignal;
}

export interface AuthenticatePayload extends HookPayload, Credentials {
  /** IP address and port. */
  readonly remoteAddress: string;
}

export interface AuthorizePayload extends HookPayload {
  readonly user: SessionUser;
  readonly action: Action;
  /** Where it is about one that is there. */
  readonly topic?: HookTopic;
}

/** What somebody asks for: the type of the request in `docs/protocol.md`. */
export type Action =
  | "openTopic"
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
  | "dropCursor"
  | "giveConsent"
  | "changeName"
  | "changePassword"
  | "listUsers"
  | "addUser"
  | "changeUser"
  | "eraseUser"
  | "exportUser";

/** A topic, as hooks are told of it. */
export interface HookTopic {
  readonly id: string;
  readonly title: string;
  readonly regulated: boolean;
}

export interface BeforeAppendPayload extends HookPayload {
  readonly topic: HookTopic;
  /** The author. */
  readonly user: SessionUser;
  readonly message: SubmittedMessage;
}

/** What an extension adds to a message. */
export interface Annotated {
  readonly annotations?: Partial<Annotations>;
}

export interface AfterAppendPayload extends BeforeAppendPayload {
  /** With what all extensions have added. */
  readonly message: SubmittedMessage & { readonly annotations?: Annotations };
  /** Its number in the topic. */
  readonly seq: number;
  /** When it was stored: milliseconds since the Unix epoch, by the server's clock. */
  readonly at: number;
}

/** A message, as hooks are told of it: a union over its kinds. */
export type SubmittedMessage<Kind extends MessageKind = MessageKind> = Kind extends MessageKind
  ? MessageFacts<Kind>
  : never;

interface MessageFacts<Kind extends MessageKind> {
  /** Given by its author, unique among their messages of the topic. */
  readonly id: string;
  readonly kind: Kind;
  /** The author's pseudonym in the topic. */
  readonly by: string;
  readonly text: string;
  /** Whom it is for, as the author has said; absent: nobody was named. */
  readonly to?: readonly TopicPerson[];
  /** The seq of the message that this one refers to. */
  readonly re?: number;
  /** Of a question; absent: normal. */
  readonly priority?: Priority;
  /** Of a question: until when it wants an answer, in milliseconds since the Unix epoch. */
  readonly due?: number;
  /** What its author's application added, and the server's schema has let pass. */
  readonly metadata?: MetadataOf<Kind>;
}

/** Somebody, and who they are in one topic. */
export interface TopicPerson extends Person {
  readonly pseudonym: string;
}

export interface ConnectPayload extends HookPayload {
  readonly user: SessionUser;
  /** IP address and port. */
  readonly remoteAddress: string;
  /** Whether it goes on with a session that it had. */
  readonly resumed: boolean;
}

export interface DisconnectPayload extends HookPayload {
  readonly user: SessionUser;
  readonly remoteAddress: string;
}
