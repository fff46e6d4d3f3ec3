import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import { randomId } from "../base/id.ts";
import type { Logger } from "../base/logger.ts";
import { MessageChannel, unexpected } from "../channel/message-channel.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { toFailure } from "../protocol/failure.ts";
import { MAX_FRAME_BYTES_BEFORE_LOGIN, maxFrameBytes } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import {
  type ServerSession,
  type ServerSessionEffect,
  type ServerSessionInput,
  type ServerSessionSettings,
  startServerSession,
  stepServerSession,
} from "../session/server-session.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { TopicStore } from "../store/topic-store.ts";
import type { Connection, Stream } from "../transport/transport.ts";
import type { Authenticate } from "./authenticate.ts";
import type { FaultLog } from "./fault-log.ts";
import type { LoginQueue } from "./login-queue.ts";
import { answerRequest, isRequest } from "./requests.ts";
import type { TopicRooms } from "./topic-rooms.ts";
import { shuttingDown, TopicStream } from "./topic-stream.ts";

/** What all peers of a server share. */
export interface PeerContext {
  readonly settings: ServerSessionSettings;
  readonly store: TopicStore;
  readonly rooms: TopicRooms;
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults: FaultLog;
  readonly logins: LoginQueue;
}

/** How long a client may take to read why it is sent away, before the connection is closed all the same. */
const LINGER_MS = 1_000;

/** One connected client: runs its session, and gives its other streams to those who serve them. */
export class Peer {
  readonly #connection: Connection;
  readonly #context: PeerContext;
  readonly #onOnline: (user: SessionUser) => void;
  readonly #topicStreams = new Set<TopicStream>();
  readonly #gone = new AbortController();
  #leaving = false;
  #control: MessageChannel | undefined;
  #session: ServerSession;
  #timer: Timer | undefined;
  #user: SessionUser | undefined;

  /** @param onOnline Called once, when the login has succeeded. */
  constructor(connection: Connection, context: PeerContext, onOnline: (user: SessionUser) => void) {
    this.#connection = connection;
    this.#context = context;
    this.#onOnline = onOnline;
    const [session, effects] = startServerSession(context.settings, context.clock.now());
    this.#session = session;
    for (const effect of effects) this.#run(effect);
    connection.onStream = (stream) => this.#accept(stream);
    void connection.closed.then(() => {
      this.#timer?.cancel();
      this.#gone.abort();
    });
  }

  /** Takes no more messages, answers those that were taken, and sends the client away. Resolves when it is gone. */
  async shutdown(): Promise<void> {
    this.#leaving = true;
    await Promise.all([...this.#topicStreams].map((stream) => stream.drain()));
    this.#step({ type: "shutdown" });
    await this.#connection.closed;
  }

  #accept(stream: Stream): void {
    if (this.#control === undefined) this.#control = this.#acceptControl(stream);
    else if (this.#user === undefined) this.#violate(new RedRoomError("PROTOCOL_ERROR", "a stream before the login"));
    else this.#serve(stream, this.#user);
  }

  #acceptControl(stream: Stream): MessageChannel {
    return new MessageChannel(
      stream,
      { maxFrameBytes: MAX_FRAME_BYTES_BEFORE_LOGIN, answering: true },
      {
        onMessage: (message) => this.#step({ type: "message", message }),
        onEnd: () => this.#step({ type: "end" }),
        onReset: () => this.#step({ type: "end" }),
        onViolation: (error) => this.#violate(error),
        onDrain: () => {},
      },
    );
  }

  /** The first message of a stream says what it is for. */
  #serve(stream: Stream, user: SessionUser): void {
    const { settings, store, rooms, clock, faults } = this.#context;
    let topicStream: TopicStream | undefined;
    let asked = false;
    const open = (message: Message): void => {
      if (asked) throw unexpected(message, "behind a request");
      asked = true;
      if (this.#leaving) {
        channel.send({ type: "error", ...toFailure(shuttingDown()) });
        channel.end();
      } else if (message.type === "openTopic") {
        if ((message.id === undefined) === (message.title === undefined)) {
          throw unexpected(message, "without one of id and title");
        }
        const opened = new TopicStream(channel, user, { rooms, faults, limits: settings.limits }, () =>
          this.#topicStreams.delete(opened),
        );
        this.#topicStreams.add(opened);
        topicStream = opened;
        void opened.open(message);
      } else if (isRequest(message)) {
        void answerRequest(message, channel, { user, store, rooms, clock, limits: settings.limits })
          .catch((thrown: unknown) => {
            const error = toRedRoomError(thrown, "INTERNAL", "answer the request");
            faults.note(error, "answer a request");
            channel.send({ type: "error", ...toFailure(error) });
          })
          .finally(() => channel.end());
      } else {
        throw unexpected(message, "at the start of a stream");
      }
    };
    const channel: MessageChannel = new MessageChannel(
      stream,
      { maxFrameBytes: maxFrameBytes(settings.limits), answering: true },
      {
        onMessage: (message) => (topicStream === undefined ? open(message) : topicStream.onMessage(message)),
        onEnd: () => {
          if (topicStream !== undefined) topicStream.onEnd();
          else if (!asked) channel.end();
        },
        onReset: () => topicStream?.onGone(),
        onViolation: (error) => {
          topicStream?.onGone();
          this.#violate(error);
        },
        onDrain: () => topicStream?.onDrain(),
      },
    );
  }

  #step(input: ServerSessionInput): void {
    const { settings, clock } = this.#context;
    const [session, effects] = stepServerSession(this.#session, input, settings, clock.now());
    this.#session = session;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: ServerSessionEffect): void {
    switch (effect.type) {
      case "send":
        this.#control?.send(effect.message);
        return;
      case "authenticate":
        void this.#authenticate(effect.name, effect.password);
        return;
      case "online":
        this.#user = effect.user;
        if (this.#control !== undefined) this.#control.maxFrameBytes = maxFrameBytes(this.#context.settings.limits);
        this.#onOnline(effect.user);
        return;
      case "setTimer":
        this.#setTimer(effect.at);
        return;
      case "disconnect":
        this.#disconnect(effect.code, effect.reason);
    }
  }

  async #authenticate(name: string, password: string): Promise<void> {
    try {
      const { logins, authenticate } = this.#context;
      const [address = ""] = this.#connection.remoteAddress.split(/:\d+$/);
      const user = await logins.run(address, this.#gone.signal, () => authenticate({ name, password }));
      this.#step({ type: "accepted", user, sessionId: randomId() });
    } catch (thrown) {
      const error = toRedRoomError(thrown, "INTERNAL", "log in");
      this.#context.faults.note(error, "check a login");
      this.#step({ type: "refused", error });
    }
  }

  #setTimer(at: number): void {
    this.#timer?.cancel();
    this.#timer = this.#context.clock.setTimer(
      () => this.#step({ type: "timer" }),
      Math.max(0, at - this.#context.clock.now()),
    );
  }

  /** The client closes once it has read the last message; who does not is closed after a moment. */
  #disconnect(code: number, reason: string): void {
    this.#timer?.cancel();
    this.#control?.end();
    if (code === CLOSE_CODES.protocolError || code === CLOSE_CODES.normal) {
      this.#connection.close(code, reason);
      return;
    }
    this.#timer = this.#context.clock.setTimer(() => this.#connection.close(code, reason), LINGER_MS);
  }

  #violate(error: RedRoomError): void {
    this.#context.logger.warn({ peer: this.#connection.remoteAddress, code: error.code }, error.message);
    this.#connection.close(CLOSE_CODES.protocolError, error.message.slice(0, 200));
  }
}
