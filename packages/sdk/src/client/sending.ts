import type { RedRoomError } from "../base/errors.ts";
import type { MessageKind } from "../base/message-kind.ts";

/** Where a message on its way to the record is. `stored` and `failed` are final. */
export type SendState = "queued" | "sent" | "stored" | "failed";

/** The record's answer. */
export interface Stored {
  readonly seq: number;
  /** The message's id: sending it again under this id stores nothing twice. */
  readonly id: string;
  readonly at: Date;
  /** The message was there already. */
  readonly duplicate: boolean;
}

/** A message on its way. Awaiting it waits until it is stored durably. */
export class Sending implements PromiseLike<Stored> {
  readonly id: string;
  readonly kind: MessageKind;
  readonly text: string;
  readonly re: number | undefined;
  readonly #stored: Promise<Stored>;
  readonly #onState: (sending: Sending) => void;
  #resolve: (stored: Stored) => void = () => {};
  #reject: (error: RedRoomError) => void = () => {};
  #state: SendState = "queued";

  constructor(
    message: {
      readonly id: string;
      readonly kind: MessageKind;
      readonly text: string;
      readonly re?: number | undefined;
    },
    onState: (sending: Sending) => void,
  ) {
    this.id = message.id;
    this.kind = message.kind;
    this.text = message.text;
    this.re = message.re;
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

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what this class is for
  then<T = Stored, F = never>(
    onStored?: ((stored: Stored) => T | PromiseLike<T>) | null,
    onFailed?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<T | F> {
    return this.#stored.then(onStored, onFailed);
  }

  /** @internal */
  sent(): void {
    if (this.#state === "queued") this.#enter("sent");
  }

  /** @internal */
  stored(stored: Stored): void {
    this.#resolve(stored);
    this.#enter("stored");
  }

  /** @internal */
  fail(error: RedRoomError): void {
    this.#reject(error);
    this.#enter("failed");
  }

  #enter(state: SendState): void {
    this.#state = state;
    this.#onState(this);
  }
}
