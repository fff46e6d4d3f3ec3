import { EventEmitter } from "eventemitter3";
import { toBase64Url } from "../base/bytes.ts";
import { RedRoomError } from "../base/errors.ts";
import { logKeyStatement } from "../evidence/log-key.ts";
import { formatAddress } from "../protocol/address.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import type { ServerSessionSettings } from "../session/server-session.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Person, TopicRecord } from "../store/topic-store.ts";
import type { Connection, Listener, ListenOptions } from "../transport/transport.ts";
import { Access } from "./access.ts";
import { loginOf, loginWith } from "./authenticate.ts";
import { HookRunner } from "./hook-runner.ts";
import { Hooks } from "./hooks.ts";
import { LoginQueue } from "./login-queue.ts";
import { LoginThrottle } from "./login-throttle.ts";
import { MetadataRules } from "./metadata-rules.ts";
import { OwnAccount } from "./own-account.ts";
import { PasswordCheck } from "./password-check.ts";
import { Peer, type PeerContext } from "./peer.ts";
import { QuotaBook } from "./quotas.ts";
import { createTopic, type TopicOptions } from "./requests.ts";
import {
  optionsInvalid,
  type RedRoomServerOptions,
  resolveServerOptions,
  type ServerSettings,
  wholeMs,
} from "./server-options.ts";
import { SESSION_LIMITS, Sessions } from "./sessions.ts";
import { StoreGate } from "./store-gate.ts";
import { toldError } from "./told-error.ts";
import { SERVER } from "./topic-people.ts";
import { TopicRooms } from "./topic-rooms.ts";
import { UserAdministration } from "./user-administration.ts";
import { UserWatch } from "./user-watch.ts";

export interface ServerEvents {
  /** Somebody has logged in, or has come back and `resumed` a session. */
  online: [{ readonly user: SessionUser; readonly remoteAddress: string; readonly resumed: boolean }];
  /** A connection of somebody has ended; the session may be resumed. */
  offline: [{ readonly user: SessionUser; readonly remoteAddress: string }];
  /**
   * The store can be used again, or cannot: then nothing is stored, acknowledged or delivered, until it can. Again when it
   * still cannot, and `error` is another one.
   */
  availability: [{ readonly available: boolean; readonly error?: RedRoomError }];
}

export interface CloseOptions {
  /** How long what is under way, and then the clients' leaving, may take; 2,000 by default. A quarter is kept for the latter. */
  readonly drainMs?: number;
  /** When clients should come back, told to them; 1,000 by default. They spread themselves behind it. */
  readonly retryAfterMs?: number;
}

/** How long the store may take to close. */
const CLOSE_STORE_MS = 5_000;

/**
 * Serves topics to clients.
 *
 * @example
 * const server = new RedRoomServer({ tls, store: sqliteStore("room.db") });
 * const { address } = await server.listen({ port: 4433 }); // redroom://127.0.0.1:4433/#sha256-…
 */
export class RedRoomServer extends EventEmitter<ServerEvents> {
  readonly #settings: ServerSettings;
  /** The one way to the store. */
  readonly #store: StoreGate;
  readonly #rooms: TopicRooms;
  readonly #access: Access;
  readonly #hooks: Hooks;
  readonly #sessions: Sessions;
  readonly #watch: UserWatch | undefined;
  readonly #shared: Omit<PeerContext, "settings">;
  readonly #peers = new Set<Peer>();
  #listener: Promise<Listener> | undefined;
  #closing: Promise<void> | undefined;
  /** Why nothing new is taken. */
  #leaving: RedRoomError | undefined;

  /** @throws {RedRoomError} `OPTIONS_INVALID`. */
  constructor(options: RedRoomServerOptions) {
    super();
    const settings = resolveServerOptions(options);
    const { clock, logger, limits, extensions, hookTimeoutMs, consent, policy, typingNotices } = settings;
    const { quotas, slowConsumerMs, maxPeerBytes, sessionTtlMs } = settings;
    const store = new StoreGate(settings.store, { clock, logger, onChange: (outage) => this.#onAvailability(outage) });
    const access = new Access(policy);
    const { maxOpenQuestions, maxMetadataBytes } = limits;
    const runner = new HookRunner(hookTimeoutMs, clock, logger);
    const hooks = new Hooks(extensions, runner, maxMetadataBytes);
    const { authenticate, messages } = hooks;
    const metadata = new MetadataRules(settings.metadata, runner);
    const rooms = new TopicRooms({ store, clock, logger, access, maxOpenQuestions, metadata, hooks: messages });
    const sessions = new Sessions(clock, { ...SESSION_LIMITS, ttlMs: sessionTtlMs }, consent);
    // With a login of its own, an application keeps its people elsewhere.
    const users = authenticate ? undefined : store.users;
    const passwords = new PasswordCheck(new LoginQueue(), new LoginThrottle(clock));
    const login = authenticate ? loginWith(authenticate) : users && loginOf(users, passwords);
    if (login === undefined) throw optionsInvalid("nobody could log in");
    const accounts = users && { users, sessions, passwords, rooms, consent, clock, store };
    const people = accounts && { own: new OwnAccount(accounts), administration: new UserAdministration(accounts) };
    this.#settings = settings;
    this.#store = store;
    this.#rooms = rooms;
    this.#access = access;
    this.#hooks = hooks;
    this.#sessions = sessions;
    this.#watch = users && new UserWatch(users, sessions, rooms, clock);
    this.#shared = {
      streams: {
        store,
        users,
        people,
        prepared: store.prepared,
        cursors: store.cursors,
        rooms,
        access,
        hooks,
        limits,
        clock,
        logger,
        slowConsumerMs,
        maxPeerBytes,
        typingNotices,
      },
      sessions,
      login,
      hooks,
      quotas: new QuotaBook(quotas, clock),
      clock,
      logger,
      outage: () => store.outage,
    };
  }

  /**
   * Opens the store and serves.
   *
   * @returns What clients dial, with the pin of the server's key in it.
   * @throws {RedRoomError} `PORT_TAKEN`, `ADDRESS_UNAVAILABLE`, `CERTIFICATE_EXPIRED`, `CERTIFICATE_INVALID`,
   * `STORE_FOREIGN`, `STORE_TOO_NEW`, `STORE_UNAVAILABLE`.
   */
  async listen(options: ListenOptions = {}): Promise<{ address: string }> {
    if (this.#listener !== undefined || this.#closing !== undefined) {
      throw optionsInvalid("a server listens once; make a new one");
    }
    this.#listener = this.#open(options);
    try {
      return { address: formatAddress((await this.#listener).address) };
    } catch (error) {
      await this.close().catch(() => {}); // why it cannot listen is what counts
      throw error;
    }
  }

  async #open(options: ListenOptions): Promise<Listener> {
    await this.#store.open();
    const logKey = await this.#store.logKey();
    let settings: ServerSessionSettings | undefined;
    const listener = await this.#settings.transport.listen(options, (connection) => {
      // No connection is handed over in the turn in which listening begins.
      if (settings === undefined || this.#closing !== undefined) {
        connection.close(CLOSE_CODES.shuttingDown, "SHUTTING_DOWN");
      } else {
        this.#accept(connection, settings);
      }
    });
    const certificate = listener.sign?.(logKeyStatement(logKey));
    settings = {
      limits: this.#settings.limits,
      heartbeatMs: this.#settings.heartbeatMs,
      loginTimeoutMs: this.#settings.loginTimeoutMs,
      logKey: toBase64Url(logKey),
      logKeyCertificate: certificate && toBase64Url(certificate),
    };
    return listener;
  }

  #accept(connection: Connection, settings: ServerSessionSettings): void {
    let online: SessionUser | undefined;
    const { remoteAddress } = connection;
    const peer = new Peer(connection, { ...this.#shared, settings }, ({ user, resumed }) => {
      online = user;
      this.#watch?.start();
      this.#tell(() => this.emit("online", { user, remoteAddress, resumed }));
    });
    this.#peers.add(peer);
    void connection.closed.then(() => {
      this.#peers.delete(peer);
      const user = online;
      if (user !== undefined) this.#tell(() => this.emit("offline", { user, remoteAddress }));
    });
  }

  #onAvailability(outage: RedRoomError | undefined): void {
    this.#rooms.reset();
    for (const peer of this.#peers) peer.tellAvailability(outage);
    const event = { available: outage === undefined, ...(outage !== undefined && { error: outage }) };
    this.#tell(() => this.emit("availability", event));
  }

  /** A listener that throws must not keep anybody out, nor the server from going on. */
  #tell(emit: () => void): void {
    try {
      emit();
    } catch (thrown) {
      toldError(thrown, "go on with a listener of the application", this.#settings.logger);
    }
  }

  /**
   * Adds a topic, which nobody belongs to yet: see `setRoles`.
   *
   * @throws {RedRoomError} `TITLE_INVALID`, `TOPIC_EXISTS`, `STORE_UNAVAILABLE`, `SHUTTING_DOWN`.
   */
  async createTopic(title: string, options: TopicOptions = {}): Promise<TopicRecord> {
    await this.#ready();
    return createTopic(this.#store, title, { ...this.#settings, ...options });
  }

  /**
   * Gives somebody roles in a topic, in the name of the server; none: they are no member any more, and get nothing further of it.
   * Resolves when that is on record.
   *
   * @param member Their id and name, as `authenticate` or the store's users give them.
   * @throws {RedRoomError} `TOPIC_UNKNOWN`, `ROLE_INVALID`, `STORE_UNAVAILABLE`, `SHUTTING_DOWN`.
   */
  async setRoles(topicTitle: string, member: Person, roles: readonly string[]): Promise<void> {
    await this.#ready();
    this.#access.checkRoles(roles);
    const { id, name } = member;
    await this.#rooms.within({ title: topicTitle.normalize("NFC") }, (room) =>
      room.setRoles(SERVER, { id, name }, roles),
    );
  }

  async #ready(): Promise<void> {
    await this.#listener;
    if (this.#leaving !== undefined) throw this.#leaving;
  }

  /**
   * Ends all sessions of a user at once, also where they are online: after a change of rights or password that the store
   * does not know of. Those of the store are noticed within a second without a call.
   *
   * @returns How many sessions there were.
   */
  revoke(userId: string): number {
    return this.#sessions.revokeUser(userId, "the session was revoked");
  }

  /**
   * Takes nothing new, finishes what is under way, tells the clients when to come back, frees the port, waits for hooks, no longer
   * than they may take, and closes the store. Idempotent.
   *
   * @throws {RedRoomError} `OPTIONS_INVALID`: the server goes on. `STORE_UNAVAILABLE` when the store has not closed 5 seconds
   * after everything else: nobody is served any more, and what was acknowledged is stored.
   */
  async close({ drainMs = 2_000, retryAfterMs = 1_000 }: CloseOptions = {}): Promise<void> {
    const [patience, reason] = [wholeMs("drainMs", drainMs), shuttingDown(wholeMs("retryAfterMs", retryAfterMs))];
    this.#leaving ??= reason;
    this.#closing ??= this.#close(patience, reason);
    await this.#closing;
  }

  async #close(drainMs: number, reason: RedRoomError): Promise<void> {
    const listener = await this.#listener?.catch(() => undefined);
    this.#watch?.close();
    if (listener !== undefined) {
      const tellingMs = Math.ceil(drainMs / 4);
      await this.#within(drainMs - tellingMs, this.#drain(reason));
      await this.#within(tellingMs, this.#sendAway(reason));
      await listener.close(CLOSE_CODES.shuttingDown, "SHUTTING_DOWN");
    }
    this.#sessions.close();
    for (const peer of this.#peers) peer.part();
    await this.#within(this.#settings.hookTimeoutMs, this.#hooks.settled(), { keepAlive: true });
    this.#hooks.close(reason);
    try {
      await this.#closeStore();
    } finally {
      this.#rooms.close();
    }
  }

  /** A store that hangs must not keep the process for ever: nothing acknowledged depends on its end. */
  #closeStore(): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = (): void => reject(storeHangs());
      const timer = this.#settings.clock.setTimer(give, CLOSE_STORE_MS, { keepAlive: true });
      void this.#store
        .close()
        .finally(() => timer.cancel())
        .then(resolve, reject);
    });
  }

  /** Readers get what was stored last before anybody is sent away. */
  async #drain(reason: RedRoomError): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.drain(reason)));
    await this.#rooms.flush();
  }

  /** Everybody is told at once, also when something under way does not end. */
  async #sendAway(reason: RedRoomError): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.dismiss(reason)));
  }

  /** Resolves when the work is done, or the time is over. */
  #within(timeoutMs: number, work: Promise<void>, options?: { readonly keepAlive: true }): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#settings.clock.setTimer(resolve, timeoutMs, options);
      void work.finally(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const storeHangs = (): RedRoomError =>
  new RedRoomError(
    "STORE_UNAVAILABLE",
    `unable to close the store; no answer for ${CLOSE_STORE_MS} ms; what was acknowledged is stored`,
    { remedy: "end the process" },
  );

const shuttingDown = (retryAfterMs: number): RedRoomError =>
  new RedRoomError("SHUTTING_DOWN", "unable to go on; the server is shutting down", { retryable: true, retryAfterMs });
