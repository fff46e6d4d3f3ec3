import type { RedRoomError } from "../base/errors.ts";
import { MessageChannel, unexpected } from "../channel/message-channel.ts";
import { toFailure } from "../protocol/failure.ts";
import { maxFrameBytes } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import type { CursorStore } from "../store/cursor-store.ts";
import type { PreparedStore } from "../store/prepared-store.ts";
import type { TopicStore } from "../store/topic-store.ts";
import type { UserStore } from "../store/user-store.ts";
import type { Stream } from "../transport/transport.ts";
import type { Access } from "./access.ts";
import type { Hooks } from "./hooks.ts";
import type { OwnSession } from "./own-account.ts";
import { PageTurns } from "./page-turns.ts";
import type { People } from "./people-requests.ts";
import type { Spending } from "./quotas.ts";
import { RequestStream } from "./request-stream.ts";
import { isRequest } from "./requests.ts";
import type { ServedStream } from "./served-stream.ts";
import { toldError } from "./told-error.ts";
import { PAGE_BYTES } from "./topic-room.ts";
import { TopicStream, type TopicStreamContext } from "./topic-stream.ts";

/** What the streams of all peers share. */
export interface PeerStreamsContext extends Omit<TopicStreamContext, "pages" | "authorize"> {
  readonly store: TopicStore;
  readonly users: UserStore | undefined;
  readonly prepared: PreparedStore | undefined;
  readonly cursors: CursorStore | undefined;
  readonly access: Access;
  readonly people: People | undefined;
  /** Bytes of entries that one connection may have waiting to be sent, read from the store. */
  readonly maxPeerBytes: number;
  readonly hooks: Hooks;
}

export interface PeerStreamsOwner {
  readonly session: OwnSession;
  readonly spending: Spending;
  /** Why nothing is served until the user has consented. */
  refusal(): RedRoomError | undefined;
  /** A frame has arrived. */
  onFrame(bytes: number): void;
  /** The client has broken the protocol. */
  onViolation(error: RedRoomError): void;
}

/** The streams of one client beside its control stream: topics and requests. */
export class PeerStreams {
  readonly #context: TopicStreamContext & PeerStreamsContext;
  readonly #owner: PeerStreamsOwner;
  readonly #channels = new Set<MessageChannel>();
  readonly #served = new Map<ServedStream, MessageChannel>();
  /** Why nothing new is taken. */
  #leaving: RedRoomError | undefined;
  #held = false;

  constructor(context: PeerStreamsContext, owner: PeerStreamsOwner) {
    const pages = new PageTurns(Math.max(1, Math.floor(context.maxPeerBytes / PAGE_BYTES)));
    const { user, signal } = owner.session;
    this.#context = { ...context, pages, authorize: context.hooks.authorize?.(user, signal) };
    this.#owner = owner;
  }

  /** The first message of a stream says what it is for. */
  accept(stream: Stream): void {
    let served: ServedStream | undefined;
    let refused = false;
    const gone = (): void => {
      this.#channels.delete(channel);
      served?.onGone();
    };
    const channel: MessageChannel = new MessageChannel(
      stream,
      { maxFrameBytes: maxFrameBytes(this.#context.limits), answering: true },
      {
        onMessage: (message, bytes) => {
          this.#owner.onFrame(bytes);
          if (served !== undefined) served.onMessage(message);
          else if (refused) throw unexpected(message, "behind a request");
          else served = this.#serve(message, channel);
          refused = served === undefined;
        },
        onEnd: () => {
          this.#channels.delete(channel);
          if (served !== undefined) served.onEnd();
          else channel.end();
        },
        onReset: gone,
        onViolation: (error) => {
          gone();
          this.#owner.onViolation(error);
        },
        onDrain: () => served?.onDrain(),
      },
    );
    this.#channels.add(channel);
    if (this.#held) channel.pause("rate");
  }

  /** @returns `undefined` for a stream that was refused, and is ended. */
  #serve(message: Message, channel: MessageChannel): ServedStream | undefined {
    const { session, spending } = this.#owner;
    const { user } = session;
    const context = { ...this.#context, user, own: session };
    const onDone = (): void => void this.#served.delete(served);
    let served: ServedStream;
    if (message.type !== "openTopic" && !isRequest(message)) throw unexpected(message, "at the start of a stream");
    if (message.type === "openTopic" && (message.id === undefined) === (message.title === undefined)) {
      throw unexpected(message, "without one of id and title");
    }
    try {
      if (this.#leaving !== undefined) throw this.#leaving;
      const refusal = message.type === "giveConsent" ? undefined : this.#owner.refusal();
      if (refusal !== undefined) throw refusal;
      spending.request();
    } catch (thrown) {
      channel.send({ type: "error", ...toFailure(toldError(thrown, "open a stream", context.logger)) });
      channel.end();
      return undefined;
    }
    if (message.type === "openTopic") {
      const topic = new TopicStream(channel, user, context, onDone);
      served = topic;
      this.#served.set(served, channel);
      void topic.open(message);
    } else {
      served = new RequestStream(message, channel, context, onDone);
      this.#served.set(served, channel);
    }
    return served;
  }

  /** Reads no frame until `release`: the client has sent more than it may for now. */
  hold(): void {
    this.#held = true;
    for (const channel of this.#channels) channel.pause("rate");
  }

  release(): void {
    this.#held = false;
    for (const channel of this.#channels) channel.resume("rate");
  }

  /** Takes nothing new. Resolves when all that was taken is answered. */
  async drain(reason: RedRoomError): Promise<void> {
    this.#leaving = reason;
    await Promise.all([...this.#served.keys()].map((stream) => stream.drain(reason)));
  }

  /** Ends all streams that are open now, and says why. */
  fail(error: RedRoomError): void {
    for (const stream of [...this.#served.keys()]) stream.fail(error);
  }

  /** Ends all streams at once: nothing more goes in or out. */
  abort(reason: RedRoomError): void {
    this.#leaving = reason;
    for (const [stream, channel] of [...this.#served]) {
      channel.reset();
      stream.onGone(true);
    }
  }
}
