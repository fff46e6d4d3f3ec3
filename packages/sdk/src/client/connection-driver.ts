import type { Clock, Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { Address } from "../protocol/address.ts";
import { checkMessage } from "../protocol/codec.ts";
import {
  type ClientSession,
  type ClientSessionEffect,
  type ClientSessionInput,
  type ClientSessionSettings,
  isUsable,
} from "../session/client-phases.ts";
import { initialClientSession, stepClientSession } from "../session/client-session.ts";
import type { Credentials, CredentialsRequest, CredentialsSource } from "../session/credentials.ts";
import type { Connection, Transport } from "../transport/transport.ts";
import { ControlLink } from "./control-link.ts";

export interface ConnectionDriverOptions {
  readonly address: Address;
  readonly transport: Transport;
  readonly auth: CredentialsSource;
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: ClientSessionSettings;
}

/** Does what the session's machine asks for: owns the dial, the control stream, its one timer, and the open question. */
export class ConnectionDriver {
  readonly #options: ConnectionDriverOptions;
  #auth: CredentialsSource;
  readonly #onChange: (before: ClientSession, after: ClientSession) => void;
  /** What happens while a step is being carried out waits for its end. */
  readonly #inputs: ClientSessionInput[] = [];
  #stepping = false;
  #session: ClientSession = initialClientSession;
  #link: ControlLink | undefined;
  #timer: { readonly due: number; readonly timer: Timer } | undefined;
  #asking: AbortController | undefined;

  /** @param onChange Called whenever the phase, or what a usable session knows, has changed, when all is done that this asks for. */
  constructor(options: ConnectionDriverOptions, onChange: (before: ClientSession, after: ClientSession) => void) {
    this.#options = options;
    this.#auth = options.auth;
    this.#onChange = onChange;
  }

  get session(): ClientSession {
    return this.#session;
  }

  /** The newest connection; it may have ended. */
  get connection(): Connection | undefined {
    return this.#link?.connection;
  }

  /** Credentials that were given once, and not as a function, are others from now on. */
  renew(change: Partial<Credentials>): void {
    if (typeof this.#auth !== "function") this.#auth = { ...this.#auth, ...change };
  }

  step(input: ClientSessionInput): void {
    this.#inputs.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#take(next);
    } finally {
      this.#stepping = false;
    }
  }

  #take(input: ClientSessionInput): void {
    const { clock, random, settings } = this.#options;
    const before = this.#session;
    const [after, effects] = stepClientSession(before, input, settings, { now: clock.monotonic(), random: random() });
    this.#session = after;
    for (const effect of effects) this.#run(effect);
    this.#setTimer("due" in after ? after.due : undefined);
    if (before.phase !== after.phase || hasLearnt(before, after)) this.#onChange(before, after);
  }

  #run(effect: ClientSessionEffect): void {
    switch (effect.type) {
      case "ask":
        void this.#ask(effect.refused);
        return;
      case "withdraw":
        this.#asking?.abort();
        return;
      case "dial":
        this.#link = this.#dial();
        return;
      case "send":
        this.#link?.send(effect.message);
        return;
      case "disconnect":
        this.#link?.drop(effect.code, effect.reason);
    }
  }

  #dial(): ControlLink {
    const { transport, address, settings } = this.#options;
    return new ControlLink(transport, address, settings.timeoutMs, {
      onConnected: () => this.step({ type: "connected" }),
      onMessage: (message) => this.step({ type: "message", message }),
      onLost: (error) => this.step({ type: "lost", error }),
      onBreach: (error) => this.step({ type: "fail", error }),
    });
  }

  async #ask(refused: RedRoomError | undefined): Promise<void> {
    const auth = this.#auth;
    const asking = new AbortController();
    const { signal } = asking;
    this.#asking = asking;
    try {
      const request = { signal, ...(refused !== undefined && { refused }) };
      const credentials = typeof auth === "function" ? await obtain(auth, request) : auth;
      if (!signal.aborted) this.step({ type: "credentials", credentials });
    } catch (thrown) {
      if (!signal.aborted) this.step({ type: "noCredentials", error: thrown as RedRoomError });
    }
  }

  #setTimer(due: number | undefined): void {
    if (this.#timer?.due === due) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (due === undefined) return;
    const { clock } = this.#options;
    const onTime = (): void => {
      this.#timer = undefined;
      this.step({ type: "timer" });
    };
    // Between two connections nothing else would keep the process from ending.
    const timer = clock.setTimer(onTime, Math.max(0, due - clock.monotonic()), { keepAlive: true });
    this.#timer = { due, timer };
  }
}

/** What the session rests on has changed while it went on. */
const hasLearnt = (before: ClientSession, after: ClientSession): boolean =>
  isUsable(before) && isUsable(after) && before.established !== after.established;

async function obtain(
  source: (request: CredentialsRequest) => Credentials | Promise<Credentials>,
  request: CredentialsRequest,
): Promise<Credentials> {
  try {
    const { name, password } = await source(request);
    checkMessage({ type: "login", name, password });
    return { name, password };
  } catch (cause) {
    if (cause instanceof RedRoomError && cause.code === "ABORTED") throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RedRoomError("CREDENTIALS_UNAVAILABLE", `unable to obtain credentials; ${reason}`, {
      cause,
      retryable: true,
    });
  }
}
