import { setMaxListeners } from "node:events";
import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { MessageChannel } from "../channel/message-channel.ts";
import { CLOSE_CODES } from "../protocol/close-code.ts";
import { toFailure } from "../protocol/failure.ts";
import { MAX_FRAME_BYTES_BEFORE_LOGIN, maxFrameBytes } from "../protocol/limits.ts";
import {
  type Admission,
  type ServerSession,
  type ServerSessionEffect,
  type ServerSessionInput,
  type ServerSessionSettings,
  startServerSession,
  stepServerSession,
} from "../session/server-session.ts";
import type { SessionUser } from "../session/session-user.ts";
import type { Connection, ConnectionEnd, Stream } from "../transport/transport.ts";
import type { Login } from "./authenticate.ts";
import type { Hooks } from "./hooks.ts";
import { consentNeeded } from "./own-account.ts";
import { PeerStreams, type PeerStreamsContext } from "./peer-streams.ts";
import type { QuotaBook, Spending } from "./quotas.ts";
import type { SessionCarrier, Sessions } from "./sessions.ts";
import { toldError } from "./told-error.ts";
import type { Visit } from "./visit.ts";

/** What all peers of a server share. */
export interface PeerContext {
  readonly settings: ServerSessionSettings;
  readonly streams: PeerStreamsContext;
  readonly sessions: Sessions;
  readonly login: Login;
  readonly hooks: Hooks;
  readonly quotas: QuotaBook;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Why the store cannot be used now. */
  readonly outage: () => RedRoomError | undefined;
}

/** How long a client may take to read why it is sent away, before the connection is closed all the same. */
const LINGER_MS = 1_000;

/** One connected client: runs its session, and gives its other streams to those who serve them. */
export class Peer implements SessionCarrier {
  readonly #connection: Connection;
  readonly #context: PeerContext;
  readonly #onOnline: (admission: Admission) => void;
  readonly #spending: Spending;
  readonly #gone = new AbortController();
  #session: ServerSession;
  #control: MessageChannel | undefined;
  #streams: PeerStreams | undefined;
  #admission: Admission | undefined;
  /** What the application knows of this connection. */
  #visit: Visit | undefined;
  #timer: Timer | undefined;
  /** Runs while the client has sent more than it may. */
  #holdTimer: Timer | undefined;
  /** Nothing is served before. */
  #consented = true;
  /** Why nobody is let in any more. */
  #leaving: RedRoomError | undefined;
  /** Whether it was the client, or the server, that ended the session of this connection in good order. */
  #endedBy: "client" | "server" | undefined;

  /** @param onOnline Called once, when somebody has logged in or has resumed a session. */
  constructor(connection: Connection, context: PeerContext, onOnline: (admission: Admission) => void) {
    this.#connection = connection;
    this.#context = context;
    this.#onOnline = onOnline;
    this.#spending = context.quotas.open(this.#address);
    // Each of its streams may wait for an application.
    setMaxListeners(0, this.#gone.signal);
    const [session, effects] = startServerSession(context.settings, context.clock.monotonic(), this.#spending.refusal);
    this.#session = session;
    for (const effect of effects) this.#run(effect);
    connection.onStream = (stream) => this.#accept(stream);
    void connection.closed.then((end) => this.#release(end));
  }

  /** Takes nothing new. Resolves when all that was taken is answered. */
  async drain(reason: RedRoomError): Promise<void> {
    this.#leaving = reason;
    await this.#streams?.drain(reason);
  }

  /** Sends the client away. Resolves when it is gone. */
  async dismiss(error: RedRoomError): Promise<void> {
    this.#streams?.fail(error);
    this.#step({ type: "dismissed", error, code: CLOSE_CODES.shuttingDown });
    await this.#connection.closed;
  }

  /** Tells whether the store can be used. While it cannot, nothing is acknowledged or delivered. */
  tellAvailability(outage: RedRoomError | undefined): void {
    if (outage !== undefined) this.#streams?.fail(outage);
    this.#step({
      type: "availability",
      available: outage === undefined,
      ...(outage !== undefined && { message: toFailure(outage).message }),
    });
  }

  replaced(): void {
    this.#step({ type: "dropped", code: CLOSE_CODES.revoked, reason: "REPLACED" });
  }

  revoked(error: RedRoomError): void {
    this.#streams?.abort(error);
    this.#step({ type: "dismissed", error, code: CLOSE_CODES.revoked });
  }

  renamed(user: SessionUser): void {
    this.#step({ type: "told", message: { type: "accountChanged", user } });
  }

  consented(at: number): void {
    if (this.#consented) return;
    this.#consented = true;
    this.#step({ type: "told", message: { type: "consentGiven", at } });
  }

  /** The application hears that this connection is over. */
  part(): void {
    this.#visit?.end();
  }

  get #address(): string {
    return this.#connection.remoteAddress.replace(/:\d+$/, "");
  }

  #accept(stream: Stream): void {
    if (this.#control === undefined) this.#control = this.#acceptControl(stream);
    else if (this.#streams !== undefined) this.#streams.accept(stream);
    else this.#violate(new RedRoomError("PROTOCOL_ERROR", "a stream before the login"));
  }

  #acceptControl(stream: Stream): MessageChannel {
    return new MessageChannel(
      stream,
      { maxFrameBytes: MAX_FRAME_BYTES_BEFORE_LOGIN, answering: true },
      {
        onMessage: (message, bytes) => {
          this.#pay(bytes);
          this.#step({ type: "message", message });
        },
        onEnd: () => {
          this.#endedBy ??= "client";
          this.#step({ type: "end" });
        },
        onReset: () => this.#step({ type: "end" }),
        onViolation: (error) => this.#violate(error),
        onDrain: () => {},
      },
    );
  }

  #step(input: ServerSessionInput): void {
    const { settings, clock } = this.#context;
    const [session, effects] = stepServerSession(this.#session, input, settings, clock.monotonic());
    this.#session = session;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: ServerSessionEffect): void {
    switch (effect.type) {
      case "send":
        if (this.#control?.send(effect.message) === false) this.#dropSlow();
        return;
      case "authenticate":
        void this.#authenticate(effect.name, effect.password);
        return;
      case "resume":
        void this.#resume(effect.token);
        return;
      case "online":
        this.#goOnline(effect.admission);
        return;
      case "confirm":
        if (this.#admission !== undefined) this.#context.sessions.confirm(this, this.#admission);
        return;
      case "setTimer":
        this.#setTimer(effect.at);
        return;
      case "disconnect":
        this.#disconnect(effect.code, effect.reason, effect.lingering);
    }
  }

  async #authenticate(name: string, password: string): Promise<void> {
    const { login, sessions, logger } = this.#context;
    const { signal } = this.#gone;
    const since = sessions.revocations;
    try {
      if (this.#leaving !== undefined) throw this.#leaving;
      const { remoteAddress } = this.#connection;
      const account = await login({ name, password }, { address: this.#address, remoteAddress, signal });
      if (this.#context.hooks.visit !== undefined) await this.#greet(account.user, false);
      if (signal.aborted || this.#session.phase !== "checking") return;
      if (this.#leaving !== undefined) throw this.#leaving;
      this.#spending.identify(account.user.id);
      this.#admit(sessions.begin(account, this, since));
    } catch (thrown) {
      const error = toldError(thrown, "log in", logger);
      if (!signal.aborted) this.#step({ type: "refused", error });
    }
  }

  async #resume(token: string): Promise<void> {
    const { sessions, hooks, logger } = this.#context;
    let admission: Admission;
    try {
      if (this.#leaving !== undefined) throw this.#leaving;
      if (hooks.visit !== undefined) {
        const user = sessions.userOf(token);
        if (user !== undefined) await this.#greet(user, true);
        if (this.#gone.signal.aborted || this.#session.phase !== "resuming") return;
        if (this.#leaving !== undefined) throw this.#leaving;
      }
    } catch (thrown) {
      const error = toldError(thrown, "resume a session", logger);
      if (!this.#gone.signal.aborted) this.#step({ type: "refused", error });
      return;
    }
    try {
      admission = sessions.resume(token, this);
    } catch (thrown) {
      this.#step({ type: "resumeRefused", error: toldError(thrown, "resume a session", logger) });
      return;
    }
    try {
      this.#spending.identify(admission.user.id);
      this.#admit(admission);
    } catch (thrown) {
      sessions.release(this, admission, false);
      this.#step({ type: "refused", error: toldError(thrown, "resume a session", logger) });
    }
  }

  /** Asks the application whether somebody may come in over this connection; of another one it hears that it is over. */
  async #greet(user: SessionUser, resumed: boolean): Promise<void> {
    this.part();
    this.#visit = this.#context.hooks.visit?.({ user, remoteAddress: this.#connection.remoteAddress, resumed });
    await this.#visit?.begin(this.#gone.signal);
  }

  #admit(admission: Admission): void {
    this.#step({ type: "admitted", admission });
    const outage = this.#context.outage();
    if (outage !== undefined) this.tellAvailability(outage);
  }

  #goOnline(admission: Admission): void {
    const { streams, settings } = this.#context;
    const { user, sessionId, consent } = admission;
    this.#admission = admission;
    this.#consented = consent === undefined;
    this.#streams = new PeerStreams(streams, {
      session: { user, sessionId, address: this.#address, signal: this.#gone.signal },
      spending: this.#spending,
      refusal: () =>
        this.#consented ? undefined : consentNeeded("nobody has consented yet in whose name this is asked"),
      onFrame: (bytes) => this.#pay(bytes),
      onViolation: (error) => this.#violate(error),
    });
    if (this.#control !== undefined) this.#control.maxFrameBytes = maxFrameBytes(settings.limits);
    this.#onOnline(admission);
  }

  #setTimer(at: number): void {
    const { clock } = this.#context;
    this.#timer?.cancel();
    this.#timer = clock.setTimer(() => this.#step({ type: "timer" }), Math.max(0, at - clock.monotonic()));
  }

  /** What a client sends beyond its quota is not read before its time. */
  #pay(bytes: number): void {
    const waitMs = this.#spending.frame(bytes);
    if (waitMs === 0 || this.#holdTimer !== undefined) return;
    this.#control?.pause("rate");
    this.#streams?.hold();
    this.#holdTimer = this.#context.clock.setTimer(() => {
      this.#holdTimer = undefined;
      this.#control?.resume("rate");
      this.#streams?.release();
    }, waitMs);
  }

  /** The client closes once it has read the last message; who does not is closed after a moment. */
  #disconnect(code: number, reason: string, lingering: boolean): void {
    if (code !== CLOSE_CODES.normal) this.#endedBy ??= "server";
    this.#timer?.cancel();
    this.#control?.end();
    if (!lingering) this.#connection.close(code, reason);
    else this.#timer = this.#context.clock.setTimer(() => this.#connection.close(code, reason), LINGER_MS);
  }

  /** Not even its control stream is read. */
  #dropSlow(): void {
    this.#context.logger.warn(
      { peer: this.#connection.remoteAddress, code: "SLOW_CONSUMER" },
      "a client reads nothing",
    );
    this.#step({ type: "dropped", code: CLOSE_CODES.slowConsumer, reason: "SLOW_CONSUMER" });
  }

  #violate(error: RedRoomError): void {
    this.#context.logger.warn({ peer: this.#connection.remoteAddress, code: error.code }, error.message);
    this.#step({ type: "dropped", code: CLOSE_CODES.protocolError, reason: error.message.slice(0, 200) });
  }

  /** The session outlives its connection, unless the client has left in good order. */
  #release({ by, code }: ConnectionEnd): void {
    this.#timer?.cancel();
    this.#holdTimer?.cancel();
    this.#gone.abort();
    this.part();
    this.#spending.close();
    if (by === "peer" && code === CLOSE_CODES.normal) this.#endedBy ??= "client";
    if (this.#admission !== undefined) {
      this.#context.sessions.release(this, this.#admission, this.#endedBy === "client");
    }
  }
}
