import type { Clock } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import type { MessageKind } from "../base/message-kind.ts";
import type { Person } from "./person.ts";

/**
 * Where a message on its way is: `queued ⇄ sent → stored → delivered | failed`. `sent` becomes `queued` again when the
 * connection is lost before the answer; the message is then sent again under the same id, and stored once.
 */
export type SendState = "queued" | "sent" | "stored" | "delivered" | "failed";

/** The record's answer. */
export interface Stored {
  readonly seq: number;
  /** The message's id: sending it again under this id stores nothing twice. */
  readonly id: string;
  readonly at: Date;
  /** The message was there already. */
  readonly duplicate: boolean;
}

export interface DeliveredOptions {
  /**
   * `all`: everybody whom it names, or, where it names nobody, every other member when it was stored; `any`: the first one.
   * `all` by default.
   */
  readonly by?: "all" | "any";
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface Delivered {
  /** The names of those who have confirmed it so far. */
  readonly by: readonly string[];
}

interface Waiter {
  readonly by: "all" | "any";
  readonly resolve: (delivered: Delivered) => void;
  readonly reject: (error: RedRoomError) => void;
}

/** A message on its way. Awaiting it waits until it is stored durably. */
export class Sending implements PromiseLike<Stored> {
  readonly id: string;
  readonly kind: MessageKind;
  readonly text: string;
  readonly re: number | undefined;
  /** Whom it names; `undefined`: all members. */
  readonly to: readonly Person[] | undefined;
  readonly #stored: Promise<Stored>;
  readonly #clock: Clock;
  readonly #onState: (sending: Sending) => void;
  readonly #receivedBy = new Set<string>();
  readonly #waiting = new Set<Waiter>();
  #resolve: (stored: Stored) => void = () => {};
  #reject: (error: RedRoomError) => void = () => {};
  #state: SendState = "queued";
  /** All who are awaited have it. */
  #complete = false;
  /** Why nothing more will be heard of it. */
  #error: RedRoomError | undefined;

  constructor(
    message: {
      readonly id: string;
      readonly kind: MessageKind;
      readonly text: string;
      readonly re?: number | undefined;
      readonly to?: readonly Person[] | undefined;
    },
    clock: Clock,
    onState: (sending: Sending) => void,
  ) {
    this.id = message.id;
    this.kind = message.kind;
    this.text = message.text;
    this.re = message.re;
    this.to = message.to;
    this.#clock = clock;
    this.#onState = onState;
    this.#stored = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#stored.catch(() => {}); // who awaits it gets the error; who does not hears it by `outgoing`
  }

  get state(): SendState {
    return this.#state;
  }

  /** The names of those who have confirmed that they have it. Only known where the topic is also read. */
  get receivedBy(): ReadonlySet<string> {
    return this.#receivedBy;
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what this class is for
  then<T = Stored, F = never>(
    onStored?: ((stored: Stored) => T | PromiseLike<T>) | null,
    onFailed?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<T | F> {
    return this.#stored.then(onStored, onFailed);
  }

  /**
   * Waits until others have confirmed that they have received it, as the record says. As long as nobody else is in the
   * topic, nobody has.
   *
   * @throws {RedRoomError} `OPTIONS_INVALID` where the topic was opened without reading; `TIMEOUT`, `ABORTED`; what the
   * message failed with; `CONNECTION_CLOSED` when the client closes.
   */
  async delivered({ by = "all", signal, timeoutMs }: DeliveredOptions = {}): Promise<Delivered> {
    if (this.#reached(by)) return this.#delivered;
    if (this.#error !== undefined) throw this.#error;
    if (signal?.aborted) throw gaveUp(signal);
    return new Promise((resolve, reject) => {
      const settle = <T>(how: (value: T) => void) => {
        return (value: T): void => {
          this.#waiting.delete(waiter);
          timer?.cancel();
          signal?.removeEventListener("abort", onAbort);
          how(value);
        };
      };
      const waiter: Waiter = { by, resolve: settle(resolve), reject: settle(reject) };
      const onAbort = (): void => waiter.reject(gaveUp(signal));
      const timer =
        timeoutMs === undefined
          ? undefined
          : this.#clock.setTimer(() => waiter.reject(tooLate(timeoutMs, this.#receivedBy.size)), timeoutMs);
      signal?.addEventListener("abort", onAbort);
      this.#waiting.add(waiter);
    });
  }

  /** @internal It has left for the network. */
  sent(): void {
    if (this.#state === "queued") this.#enter("sent");
  }

  /** @internal The connection was lost before the answer came. */
  requeued(): void {
    if (this.#state === "sent") this.#enter("queued");
  }

  /** @internal */
  stored(stored: Stored): void {
    this.#resolve(stored);
    this.#enter("stored");
    if (this.#complete) this.#enter("delivered");
  }

  /** @internal @param complete Whether all who are awaited now have it. */
  received(names: readonly string[], complete: boolean): void {
    for (const name of names) this.#receivedBy.add(name);
    this.#complete ||= complete;
    if (this.#state === "stored" && this.#complete) this.#enter("delivered");
    for (const waiter of [...this.#waiting]) if (this.#reached(waiter.by)) waiter.resolve(this.#delivered);
  }

  /** @internal */
  fail(error: RedRoomError): void {
    this.#reject(error);
    this.#enter("failed");
    this.unfollow(error);
  }

  /** @internal Nothing more will be heard of who receives it. */
  unfollow(error: RedRoomError): void {
    this.#error ??= error;
    for (const waiter of [...this.#waiting]) waiter.reject(error);
  }

  #reached(by: "all" | "any"): boolean {
    return this.#receivedBy.size > 0 && (by === "any" || this.#complete);
  }

  get #delivered(): Delivered {
    return { by: [...this.#receivedBy] };
  }

  #enter(state: SendState): void {
    this.#state = state;
    this.#onState(this);
  }
}

const gaveUp = (signal: AbortSignal | undefined): RedRoomError =>
  new RedRoomError("ABORTED", "unable to wait for the delivery; the caller gave up", { cause: signal?.reason });

const tooLate = (timeoutMs: number, count: number): RedRoomError =>
  new RedRoomError("TIMEOUT", `unable to see the delivery; within ${timeoutMs} ms ${count} have confirmed it`, {
    retryable: true,
  });
