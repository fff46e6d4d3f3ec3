import { EventEmitter } from "eventemitter3";
import { toBase64Url } from "../base/bytes.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { logKeyStatement } from "../evidence/log-key.ts";
import { formatAddress } from "../protocol/address.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { type Limits, resolveLimits } from "../protocol/limits.ts";
import type { ServerSessionSettings } from "../session/server-session.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { TopicRecord, TopicStore } from "../store/topic-store.ts";
import type { UserStore } from "../store/user-store.ts";
import { quicTransport, type TlsIdentity } from "../transport/quic/quic-transport.ts";
import type { Connection, Listener, ListenOptions, Transport } from "../transport/transport.ts";
import { type Authenticate, authenticateWith } from "./authenticate.ts";
import { FaultLog } from "./fault-log.ts";
import { LoginQueue } from "./login-queue.ts";
import { Peer, type PeerContext } from "./peer.ts";
import { createTopic } from "./requests.ts";
import { TopicRooms } from "./topic-rooms.ts";

export interface RedRoomServerOptions {
  /** The server's certificate and key (PEM), for QUIC. Either this or `transport` is needed. */
  readonly tls?: TlsIdentity;
  /** A transport made by yourself, such as the memory transport in a test. */
  readonly transport?: Transport;
  /** Where the topics live. The server opens it in `listen` and closes it in `close`. */
  readonly store: TopicStore & { readonly users?: UserStore };
  /** Who may log in; by default the users of the store. */
  readonly authenticate?: Authenticate;
  readonly limits?: Partial<Limits>;
  /** Clients show at least this often that they are there; 10,000 by default. Three silent intervals end a session. */
  readonly heartbeatMs?: number;
  /** How long a connection may take to log in; 5,000 by default. */
  readonly loginTimeoutMs?: number;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

export interface ServerEvents {
  /** Somebody has logged in. */
  online: [{ readonly user: SessionUser; readonly remoteAddress: string }];
  /** A session has ended. */
  offline: [{ readonly user: SessionUser; readonly remoteAddress: string }];
}

/**
 * Serves topics to clients.
 *
 * @example
 * const server = new RedRoomServer({ tls, store: sqliteStore("room.db") });
 * const { address } = await server.listen({ port: 4433 }); // redroom://127.0.0.1:4433/#sha256-…
 */
export class RedRoomServer extends EventEmitter<ServerEvents> {
  readonly #store: TopicStore;
  readonly #transport: Transport;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #settings: Pick<ServerSessionSettings, "limits" | "heartbeatMs" | "loginTimeoutMs">;
  readonly #shared: Omit<PeerContext, "settings">;
  readonly #peers = new Set<Peer>();
  #listener: Promise<Listener> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws {RedRoomError} `OPTIONS_INVALID`. */
  constructor(options: RedRoomServerOptions) {
    super();
    const { store, tls, logger = silentLogger, clock = systemClock } = options;
    const authenticate = options.authenticate ?? (store.users && authenticateWith(store.users));
    if (authenticate === undefined) {
      throw optionsInvalid("the store has no users, so `authenticate` is needed");
    }
    const transport = options.transport ?? (tls && quicTransport({ tls }));
    if (transport === undefined) throw optionsInvalid("either `tls` or `transport` is needed");
    this.#store = store;
    this.#transport = transport;
    this.#limits = resolveLimits(options.limits);
    this.#clock = clock;
    this.#settings = {
      limits: this.#limits,
      heartbeatMs: options.heartbeatMs ?? 10_000,
      loginTimeoutMs: options.loginTimeoutMs ?? 5_000,
    };
    this.#shared = {
      store,
      rooms: new TopicRooms(store, clock),
      authenticate,
      clock,
      logger,
      faults: new FaultLog(logger, clock),
      logins: new LoginQueue(),
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
      await this.close();
      throw error;
    }
  }

  async #open(options: ListenOptions): Promise<Listener> {
    await this.#store.open();
    const logKey = await this.#store.logKey();
    let settings: ServerSessionSettings | undefined;
    const listener = await this.#transport.listen(options, (connection) => {
      // No connection is handed over in the turn in which listening begins.
      if (settings === undefined || this.#closing !== undefined) {
        connection.close(CLOSE_CODES.shuttingDown, "SHUTTING_DOWN");
      } else {
        this.#accept(connection, settings);
      }
    });
    const certificate = listener.sign?.(logKeyStatement(logKey));
    settings = {
      ...this.#settings,
      logKey: toBase64Url(logKey),
      logKeyCertificate: certificate && toBase64Url(certificate),
    };
    return listener;
  }

  #accept(connection: Connection, settings: ServerSessionSettings): void {
    let online: SessionUser | undefined;
    const { remoteAddress } = connection;
    const peer = new Peer(connection, { ...this.#shared, settings }, (user) => {
      online = user;
      this.emit("online", { user, remoteAddress });
    });
    this.#peers.add(peer);
    void connection.closed.then(() => {
      this.#peers.delete(peer);
      if (online !== undefined) this.emit("offline", { user: online, remoteAddress });
    });
  }

  /**
   * Adds a topic.
   *
   * @throws {RedRoomError} `TITLE_INVALID`, `TOPIC_EXISTS`, `STORE_UNAVAILABLE`.
   */
  async createTopic(title: string): Promise<TopicRecord> {
    await this.#listener;
    return createTopic(this.#store, title, { limits: this.#limits, clock: this.#clock });
  }

  /**
   * Tells the clients, finishes what is under way, frees the port and closes the store. Idempotent.
   *
   * @param options.drainMs How long clients may take to leave; 2,000 by default.
   */
  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.drainMs ?? 2_000);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    const listener = await this.#listener?.catch(() => undefined);
    if (listener !== undefined) {
      await this.#sendAway(drainMs);
      await listener.close(CLOSE_CODES.shuttingDown, "SHUTTING_DOWN");
    }
    await this.#store.close();
  }

  /** Resolves when all clients have left, or the time is over. */
  #sendAway(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(resolve, timeoutMs);
      void Promise.all([...this.#peers].map((peer) => peer.shutdown())).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const optionsInvalid = (reason: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to serve; ${reason}`);
