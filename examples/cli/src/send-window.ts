import type { Sending, Stored } from "@redroom/sdk";
import { SendFailure } from "./failure.ts";

const MAX_MESSAGES = 256;
const MAX_BYTES = 8 * 1024 * 1024;

/** The messages that are on their way: never more than fit, whatever the speed of the input. */
export class SendWindow {
  readonly #onFailure: (failure: Error) => void;
  #messages = 0;
  #bytes = 0;
  #stored = 0;
  #failure: { readonly cause: unknown; readonly line: number | undefined } | undefined;
  #wake: () => void = () => {};

  /** @param onFailure Called with the first failure. */
  constructor(onFailure: (failure: Error) => void) {
    this.#onFailure = onFailure;
  }

  /** Resolves when another message of so many bytes may go, or none any more. */
  async room(bytes: number): Promise<void> {
    await this.#until(
      () =>
        this.#failure !== undefined ||
        this.#messages === 0 ||
        (this.#messages < MAX_MESSAGES && this.#bytes + bytes <= MAX_BYTES),
    );
    if (this.#failure !== undefined) throw this.#failure.cause;
  }

  /** @param onStored A message counts as on its way until this has resolved. */
  add(sending: Sending, line: number, bytes: number, onStored: (stored: Stored) => Promise<void>): void {
    this.#messages += 1;
    this.#bytes += bytes;
    void sending
      .then((stored) => {
        this.#stored += 1;
        return onStored(stored);
      })
      .catch((cause) => this.fail(cause, line))
      .then(() => {
        this.#messages -= 1;
        this.#bytes -= bytes;
        this.#wake();
      });
  }

  /** Only the first failure counts. */
  fail(cause: unknown, line?: number): void {
    if (this.#failure !== undefined) return;
    this.#failure = { cause, line };
    this.#onFailure(cause instanceof Error ? cause : new Error(String(cause)));
    this.#wake();
  }

  /** @throws {SendFailure} When nothing is on its way any more and something has failed. */
  async settled(): Promise<void> {
    await this.#until(() => this.#messages === 0);
    if (this.#failure !== undefined) throw new SendFailure(this.#failure.cause, this.#stored, this.#failure.line);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
