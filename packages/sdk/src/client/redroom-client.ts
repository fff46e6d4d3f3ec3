import { EventEmitter } from "eventemitter3";
import { type Clock, systemClock, type Timer } from "../base/clock.ts";
import { RedRoomError, toRedRoomError } from "../base/errors.ts";
import { MessageChannel } from "../channel/message-channel.ts";
import { originOf, readCheckpoint } from "../evidence/checkpoint.ts";
import { LogTrust } from "../evidence/log-follower.ts";
import { verifyLogKey } from "../evidence/log-key.ts";
import { type Address, parseAddress } from "../protocol/address.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { checkMessage } from "../protocol/codec.ts";
import { DEFAULT_LIMITS, type Limits, maxFrameBytes } from "../protocol/limits.ts";
import {
  type ClientSession,
  type ClientSessionEffect,
  type ClientSessionInput,
  initialClientSession,
  type SessionUser,
  stepClientSession,
} from "../session/client-session.ts";
import { quicTransport } from "../transport/quic/quic-transport.ts";
import type { Connection, Transport } from "../transport/transport.ts";
import type { Link } from "./link.ts";
import type { TopicMessage } from "./message.ts";
import { expectLast, request } from "./request.ts";
import type { Sending } from "./sending.ts";
import { Topic } from "./topic.ts";
import type { TopicInfo } from "./topic-stream.ts";

export interface RedRoomClientOptions {
  readonly auth: { readonly name: string; readonly password: string };
  /** PEM of the authority that certified the server, for an address without a pin. */
  readonly ca?: string;
  /** A transport made by yourself, such as the memory transport in a test. */
  readonly transport?: Transport;
  /** How long connecting and logging in may take; 10,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** What an earlier client has verified (its `trusted`): a server that has changed the record since is found out. */
  readonly trusted?: ReadonlyMap<string, string>;
}

export interface ClientEvents {
  /** A message of a topic that is open; `live` is `false` for those that were there before it was opened. */
  message: [{ readonly topic: Topic; readonly message: TopicMessage; readonly live: boolean }];
  /** A message of ours has changed its state. */
  outgoing: [{ readonly topic: Topic; readonly sending: Sending }];
  /** Final. `undefined` after `close()`. No event follows this one. */
  closed: [cause: RedRoomError | undefined];
}

/** A topic as the list shows it. */
export interface TopicListing {
  readonly id: string;
  readonly title: string;
  readonly createdAt: Date;
  /** How many entries it has: the highest seq. */
  readonly head: number;
}

/**
 * A user's end of the conversation.
 *
 * @example
 * const client = await RedRoomClient.connect(address, { auth: { name: "anna", password } });
 * const topic = await client.topic("Share Deal").open({ from: "start" });
 * const { seq } = await topic.ask("Wie hoch sind die Rückstellungen?");
 * await client.close();
 */
export class RedRoomClient extends EventEmitter<ClientEvents> {
  readonly #address: Address;
  readonly #options: RedRoomClientOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #topics = new Map<string, Topic>();
  readonly #trust = new Map<string, LogTrust>();
  readonly #abort = new AbortController();
  #session: ClientSession = initialClientSession;
  #connection: Connection | undefined;
  #control: MessageChannel | undefined;
  #timer: Timer | undefined;
  #settleConnect: ((error: RedRoomError | undefined) => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Resolves once the server is verified and the login accepted.
   *
   * @param address As the server printed it: `redroom://HOST:PORT/#sha256-…`.
   * @throws {RedRoomError} `ADDRESS_INVALID`, `UNREACHABLE`, `TIMEOUT`, `PIN_MISMATCH`, `CERTIFICATE_INVALID`,
   * `CERTIFICATE_EXPIRED`, `LOGIN_FAILED`, `VERSION_UNSUPPORTED`, `ABORTED`, `OPTIONS_INVALID`.
   */
  static async connect(address: string, options: RedRoomClientOptions): Promise<RedRoomClient> {
    const client = new RedRoomClient(parseAddress(address), options);
    await client.#connect();
    return client;
  }

  private constructor(address: Address, options: RedRoomClientOptions) {
    super();
    checkMessage({ type: "login", ...options.auth });
    for (const [topicId, note] of options.trusted ?? []) {
      if (readCheckpoint(note)?.origin === originOf(topicId)) continue;
      throw new RedRoomError("OPTIONS_INVALID", `unable to trust a checkpoint; it is not one of the topic ${topicId}`);
    }
    this.#address = address;
    this.#options = options;
    this.#transport = options.transport ?? quicTransport(options.ca === undefined ? {} : { ca: options.ca });
    this.#clock = options.clock ?? systemClock;
  }

  /** Who we are logged in as. */
  get user(): SessionUser {
    if (this.#session.phase !== "online") throw sessionOver();
    return this.#session.user;
  }

  /** The newest checkpoint that we have verified of each topic's log, by the topic's id. */
  get trusted(): ReadonlyMap<string, string> {
    const notes = [...this.#trust].flatMap(([id, { checkpoint }]) =>
      checkpoint ? [[id, checkpoint.note] as const] : [],
    );
    return new Map([...(this.#options.trusted ?? []), ...notes]);
  }

  /** What the server accepts. */
  get limits(): Limits {
    return this.#link().limits;
  }

  /** The topic of this title, the same object at each call. Nothing is asked of the server before it is opened. */
  topic(title: string): Topic {
    const normal = title.normalize("NFC");
    const known = this.#topics.get(normal);
    if (known !== undefined) return known;
    const topic = new Topic(normal, {
      link: () => this.#link(),
      message: (from, message, live) => this.emit("message", { topic: from, message, live }),
      outgoing: (from, sending) => this.emit("outgoing", { topic: from, sending }),
    });
    this.#topics.set(normal, topic);
    return topic;
  }

  /** All topics, in the order of their creation. */
  async topics(): Promise<TopicListing[]> {
    const topics: TopicInfo[] = [];
    for (let more = true; more; ) {
      const after = topics.at(-1)?.id;
      const page = await request(this.#link(), { type: "listTopics", ...(after !== undefined && { after }) });
      const list = expectLast(page, "topicList");
      topics.push(...list.topics);
      more = list.more;
    }
    return topics.map(toListing);
  }

  /** @throws {RedRoomError} `NOT_ALLOWED` unless we are an administrator; `TITLE_INVALID`, `TOPIC_EXISTS`. */
  async createTopic(title: string): Promise<TopicListing> {
    if (!title.isWellFormed())
      throw new RedRoomError("TITLE_INVALID", "unable to use the title; it is not Unicode text");
    const response = await request(this.#link(), { type: "createTopic", title });
    return toListing(expectLast(response, "topicCreated").topic);
  }

  /**
   * Leaves: waits for the answers to what was sent, then closes. Every promise of this client ends. Idempotent.
   *
   * @param options.drainMs How long to wait for those answers; 5,000 by default.
   */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? 5_000);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(drainMs: number): Promise<void> {
    if (this.#session.phase === "online") {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimer(resolve, drainMs);
        void Promise.all([...this.#topics.values()].map((topic) => topic.close())).then(() => {
          timer.cancel();
          resolve();
        });
      });
    }
    this.#step({ type: "close" });
    await this.#connection?.closed;
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs = 10_000 } = this.#options;
      const giveUp = (error: RedRoomError): void => this.#step({ type: "lost", error });
      const onAbort = (): void =>
        giveUp(new RedRoomError("ABORTED", "unable to connect; the caller gave up", { cause: signal?.reason }));
      const deadline = this.#clock.setTimer(
        () => giveUp(new RedRoomError("TIMEOUT", `unable to connect within ${timeoutMs} ms`, { retryable: true })),
        timeoutMs,
      );
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#settleConnect = (error) => {
        this.#settleConnect = undefined;
        deadline.cancel();
        signal?.removeEventListener("abort", onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#step({ type: "connect" });
      if (signal?.aborted) onAbort();
    });
  }

  #link(): Link {
    if (this.#session.phase !== "online" || this.#connection === undefined) throw sessionOver();
    const { limits, logKey } = this.#session;
    return {
      connection: this.#connection,
      limits,
      trust: (topicId) => this.#trustOf(topicId, logKey),
      violated: (error) => this.#violated(error),
    };
  }

  #trustOf(topicId: string, logKey: Uint8Array): LogTrust {
    const known = this.#trust.get(topicId);
    if (known !== undefined) return known;
    const note = this.#options.trusted?.get(topicId);
    const checkpoint = note === undefined ? undefined : readCheckpoint(note);
    const log = { origin: originOf(topicId), publicKey: logKey };
    const trust = new LogTrust(log, checkpoint && note !== undefined ? { ...checkpoint, note } : undefined);
    this.#trust.set(topicId, trust);
    return trust;
  }

  #violated(error: RedRoomError): void {
    this.#connection?.close(CLOSE_CODES.protocolError, error.message.slice(0, 200));
    this.#step({ type: "lost", error });
  }

  #step(input: ClientSessionInput): void {
    const before = this.#session;
    const [session, effects] = stepClientSession(before, input, this.#clock.now());
    this.#session = session;
    for (const effect of effects) this.#run(effect);
    if (session.phase === before.phase) return;
    if (session.phase === "online") this.#settleConnect?.(undefined);
    else if (session.phase === "closed") this.#finish(undefined);
    else if (session.phase === "failed") this.#finish(session.error);
  }

  #run(effect: ClientSessionEffect): void {
    switch (effect.type) {
      case "dial":
        void this.#dial();
        return;
      case "send":
        this.#control?.send(effect.message);
        return;
      case "login":
        this.#logIn(effect.logKey, effect.logKeyCertificate);
        return;
      case "setTimer":
        this.#timer?.cancel();
        this.#timer = this.#clock.setTimer(
          () => this.#step({ type: "timer" }),
          Math.max(0, effect.at - this.#clock.now()),
        );
        return;
      case "disconnect":
        this.#connection?.close(effect.code, effect.reason.slice(0, 200));
    }
  }

  /** The key of the log must be certified by the key that the address pins, before anything is entrusted to the server. */
  #logIn(logKey: Uint8Array, certificate: Uint8Array | undefined): void {
    const serverKey = this.#connection?.peerKey;
    if (serverKey !== undefined && !verifyLogKey(logKey, certificate ?? new Uint8Array(), serverKey)) {
      this.#violated(
        new RedRoomError(
          "CERTIFICATE_INVALID",
          "unable to trust the server's log; its key is not certified by the server's",
        ),
      );
      return;
    }
    this.#control?.send({ type: "login", ...this.#options.auth });
  }

  async #dial(): Promise<void> {
    try {
      const { timeoutMs } = this.#options;
      const connection = await this.#transport.connect(this.#address, {
        signal: this.#abort.signal,
        ...(timeoutMs !== undefined && { timeoutMs }),
      });
      if (this.#session.phase !== "connecting") return connection.close();
      this.#connection = connection;
      this.#control = this.#openControl(connection);
      void connection.closed.then(({ error }) => this.#step({ type: "lost", error: error ?? connectionClosed() }));
      this.#step({ type: "connected" });
    } catch (thrown) {
      this.#step({ type: "lost", error: toRedRoomError(thrown, "UNREACHABLE", "connect") });
    }
  }

  #openControl(connection: Connection): MessageChannel {
    const onGone = (error: RedRoomError): void => this.#step({ type: "lost", error });
    return new MessageChannel(
      connection.openStream(),
      { maxFrameBytes: maxFrameBytes(DEFAULT_LIMITS) },
      {
        onMessage: (message) => this.#step({ type: "message", message }),
        onEnd: () => onGone(connectionClosed()),
        onReset: onGone,
        onViolation: (error) => this.#violated(error),
        onDrain: () => {},
      },
    );
  }

  #finish(error: RedRoomError | undefined): void {
    this.#timer?.cancel();
    this.#abort.abort();
    this.#connection?.close();
    for (const topic of this.#topics.values()) topic.sessionOver(error);
    if (this.#settleConnect !== undefined) this.#settleConnect(error ?? sessionOver());
    else this.emit("closed", error);
  }
}

function toListing({ createdAt, ...topic }: TopicInfo): TopicListing {
  return { ...topic, createdAt: new Date(createdAt) };
}

const sessionOver = (): RedRoomError => new RedRoomError("CONNECTION_CLOSED", "unable to go on; the client is closed");

const connectionClosed = (): RedRoomError =>
  new RedRoomError("CONNECTION_CLOSED", "unable to go on; the server closed the connection", { retryable: true });
