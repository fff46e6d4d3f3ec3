import { EventEmitter } from "eventemitter3";
import { type Clock, systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { type Address, parseAddress } from "../protocol/address.ts";
import { checkMessage } from "../protocol/codec.ts";
import type { Limits } from "../protocol/limits.ts";
import type { ClientSession, Established } from "../session/client-phases.ts";
import { type ClientState, stateChange } from "../session/client-state.ts";
import type { SessionUser } from "../session/session-user.ts";
import { quicTransport } from "../transport/quic/quic-transport.ts";
import type { ClientEvents } from "./client-events.ts";
import { outboxLimitsOf, type RedRoomClientOptions, settingsOf } from "./client-options.ts";
import { ConnectionDriver } from "./connection-driver.ts";
import { KnownLogs } from "./known-logs.ts";
import type { Link } from "./link.ts";
import type { OutboxLimits } from "./outbox.ts";
import { Topic } from "./topic.ts";
import type { TopicEvents } from "./topic-events.ts";
import { type CreateTopicOptions, createTopic, listTopics, type TopicListing } from "./topic-list.ts";

/**
 * A user's end of the conversation. Once connected, it comes back by itself whenever the connection is lost, until it is
 * closed.
 *
 * @example
 * const client = await RedRoomClient.connect(address, { auth: { name: "anna", password } });
 * const topic = await client.topic("Share Deal").open({ from: "start" });
 * const { seq } = await topic.ask("Wie hoch sind die Rückstellungen?");
 * await client.close();
 */
export class RedRoomClient extends EventEmitter<ClientEvents> {
  readonly #options: RedRoomClientOptions;
  readonly #outbox: OutboxLimits;
  readonly #clock: Clock;
  readonly #driver: ConnectionDriver;
  readonly #topics = new Map<string, Topic>();
  readonly #logs: KnownLogs;
  /** The session as it was confirmed last. */
  #established: Established | undefined;
  /** While there is a connection with a session. */
  #link: Link | undefined;
  #unsent = 0;
  #settleConnect: ((error: RedRoomError | undefined) => void) | undefined;
  #stopDraining: (() => void) | undefined;
  #closing: Promise<{ readonly unsent: number }> | undefined;

  /**
   * Resolves once the server is verified and the login accepted; the first attempt decides.
   *
   * @param address As the server printed it: `redroom://HOST:PORT/#sha256-…`.
   * @throws {RedRoomError} `ADDRESS_INVALID`, `UNREACHABLE`, `TIMEOUT`, `PIN_MISMATCH`, `CERTIFICATE_INVALID`,
   * `CERTIFICATE_EXPIRED`, `LOGIN_FAILED`, `CREDENTIALS_UNAVAILABLE`, `VERSION_UNSUPPORTED`, `ABORTED`, `OPTIONS_INVALID`.
   */
  static async connect(address: string, options: RedRoomClientOptions): Promise<RedRoomClient> {
    const client = new RedRoomClient(parseAddress(address), options);
    await client.#connect();
    return client;
  }

  private constructor(address: Address, options: RedRoomClientOptions) {
    super();
    const { auth, transport, ca, clock = systemClock, random = Math.random } = options;
    if (typeof auth !== "function") checkMessage({ type: "login", ...auth });
    if (options.onState !== undefined) this.on("state", options.onState);
    this.#options = options;
    this.#outbox = outboxLimitsOf(options);
    this.#logs = new KnownLogs(options.trusted ?? new Map());
    this.#clock = clock;
    this.#driver = new ConnectionDriver(
      {
        address,
        transport: transport ?? quicTransport(ca === undefined ? {} : { ca }),
        auth,
        clock,
        random,
        settings: settingsOf(options),
      },
      (before, after) => this.#changed(before, after),
    );
  }

  get state(): ClientState {
    return this.#driver.session.phase;
  }

  /** Who we are logged in as. */
  get user(): SessionUser {
    return this.#confirmed.user;
  }

  /** What the server accepts. */
  get limits(): Limits {
    return this.#confirmed.limits;
  }

  /** The newest checkpoint that we have verified of each topic's log, by the topic's id. */
  get trusted(): ReadonlyMap<string, string> {
    return this.#logs.checkpoints;
  }

  /** Ends the wait for the next attempt, where the client is `offline`: the network is back, or a person cannot wait. */
  connectNow(): void {
    this.#driver.step({ type: "connectNow" });
  }

  /** The topic of this title, the same object at each call. Nothing is asked of the server before it is opened. */
  topic(title: string): Topic {
    const normal = title.normalize("NFC");
    const known = this.#topics.get(normal);
    if (known !== undefined) return known;
    const { random = Math.random } = this.#options;
    const topic: Topic = new Topic(normal, {
      clock: this.#clock,
      random,
      outbox: this.#outbox,
      user: () => this.user,
      limits: () => this.limits,
      link: () => (this.state === "online" ? this.#link : undefined),
      online: () => this.#online(),
      alive: () => this.#alive(),
      tell: (event, about) => this.#tellOf(topic, event, about),
      listened: () => this.listenerCount("message") > 0,
    });
    this.#topics.set(normal, topic);
    return topic;
  }

  /**
   * The topics that we belong to, in the order of their creation; for an administrator all.
   *
   * @throws {RedRoomError} A retryable one when the client is not online.
   */
  async topics(): Promise<TopicListing[]> {
    return listTopics(this.#online());
  }

  /**
   * Makes a topic, with the people who belong to it from the beginning.
   *
   * @example
   * await client.createTopic("Share Deal", { regulated: true, members: { anna: ["interviewer", "interviewee"] } });
   *
   * @throws {RedRoomError} `NOT_ALLOWED` unless we are an administrator; `TITLE_INVALID`, `TOPIC_EXISTS`, `USER_UNKNOWN`,
   * `ROLE_INVALID`.
   */
  async createTopic(title: string, options: CreateTopicOptions = {}): Promise<TopicListing> {
    if (!title.isWellFormed()) {
      throw new RedRoomError("TITLE_INVALID", "unable to use the title; it is not Unicode text");
    }
    return createTopic(this.#online(), title, options);
  }

  /**
   * Leaves: waits for the answers to what was sent, as long as there is a connection that can bring them, then closes.
   * Every promise of this client ends. Idempotent.
   *
   * @param options.drainMs How long to wait for those answers; 5,000 by default.
   * @returns How many messages are not known to be stored: they have failed with `CONNECTION_CLOSED`.
   */
  close(options: { readonly drainMs?: number } = {}): Promise<{ readonly unsent: number }> {
    this.#closing ??= this.#close(options.drainMs ?? 5_000);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(drainMs: number): Promise<{ readonly unsent: number }> {
    if (this.#link !== undefined) await this.#drain(drainMs);
    this.#driver.step({ type: "close" });
    await this.#driver.connection?.closed;
    return { unsent: this.#unsent };
  }

  /** Ends early when the connection does: nothing more can be answered then. */
  #drain(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(resolve, drainMs);
      this.#stopDraining = () => {
        timer.cancel();
        resolve();
      };
      void Promise.all([...this.#topics.values()].map((topic) => topic.close())).then(this.#stopDraining);
    });
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#options;
      const onAbort = (): void => {
        const error = new RedRoomError("ABORTED", "unable to connect; the caller gave up", { cause: signal?.reason });
        this.#driver.step({ type: "fail", error });
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#settleConnect = (error) => {
        this.#settleConnect = undefined;
        signal?.removeEventListener("abort", onAbort);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#driver.step({ type: "connect" });
      if (signal?.aborted) onAbort();
    });
  }

  #changed(before: ClientSession, after: ClientSession): void {
    const change = stateChange(before, after, this.#clock.monotonic());
    if (change !== undefined) this.#tell("state", change);
    if (after.phase === "online" || after.phase === "unavailable") this.#established = after.established;
    if (after.phase === "online") this.#goOnline(after.established);
    else if (after.phase === "closed") this.#finish(undefined);
    else if (after.phase === "failed") this.#finish(after.cause);
    else if (after.phase === "resuming" || after.phase === "offline") this.#suspend(after.cause);
  }

  /** A new connection, or the record is available again on the old one. */
  #goOnline({ limits, logKey }: Established): void {
    const { connection } = this.#driver;
    if (connection === undefined) return;
    this.#link ??= {
      connection,
      limits,
      trust: (topicId) => this.#logs.trust(topicId, logKey),
      violated: (error) => this.#driver.step({ type: "fail", error }),
    };
    for (const topic of this.#topics.values()) topic.attach(this.#link);
    this.#settleConnect?.(undefined);
  }

  #suspend(cause: RedRoomError | undefined): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#stopDraining?.();
    for (const topic of this.#topics.values()) topic.suspend(cause ?? notOnline(this.state));
  }

  #finish(error: RedRoomError | undefined): void {
    this.#link = undefined;
    this.#stopDraining?.();
    for (const topic of this.#topics.values()) this.#unsent += topic.unstored;
    for (const topic of this.#topics.values()) topic.sessionOver(error);
    if (this.#settleConnect !== undefined) this.#settleConnect(error ?? clientClosed());
    else this.#tell("closed", error, { unsent: this.#unsent });
  }

  get #over(): boolean {
    return this.state === "closed" || this.state === "failed";
  }

  get #confirmed(): Established {
    if (this.#established === undefined) throw notOnline(this.state);
    return this.#established;
  }

  #alive(): void {
    if (this.#over || this.#closing !== undefined) throw clientClosed();
  }

  #online(): Link {
    this.#alive();
    if (this.#link === undefined) throw notOnline(this.state);
    return this.#link;
  }

  #tellOf<E extends keyof TopicEvents>(topic: Topic, event: E, about: TopicEvents[E]): boolean {
    if (event === "topicFailed" && this.#over) return false;
    return this.#tell(event, ...([{ topic, ...about }] as EventEmitter.EventArgs<ClientEvents, E>));
  }

  /**
   * What a listener throws is its own fault: it surfaces as an uncaught exception, and the session goes on.
   *
   * @returns Whether anybody has listened, and taken it.
   */
  #tell<E extends keyof ClientEvents>(event: E, ...args: EventEmitter.EventArgs<ClientEvents, E>): boolean {
    try {
      return this.emit(event, ...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
      return false;
    }
  }
}

const clientClosed = (): RedRoomError => new RedRoomError("CONNECTION_CLOSED", "unable to go on; the client is closed");

const notOnline = (state: ClientState): RedRoomError =>
  new RedRoomError("CONNECTION_LOST", `unable to reach the server now; the client is ${state}`, { retryable: true });
