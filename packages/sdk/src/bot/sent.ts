import type { Stored } from "../client/sending.ts";

/** A message on its way, as its handler has it: what fails and nobody awaits is not lost, but fails the handler. */
export class Sent extends Promise<Stored> {
  /** When it is known what has become of it. */
  readonly settled: Promise<void>;
  #awaited = false;
  #failure: { readonly error: unknown } | undefined;

  // What `then` makes is a plain promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor(storing: Promise<Stored>) {
    super((resolve, reject) => void storing.then(resolve, reject));
    super.then(undefined, () => {}); // unhandled is for us to say
    this.settled = storing.then(
      () => {},
      (error) => {
        this.#failure = { error };
      },
    );
  }

  // biome-ignore lint/suspicious/noThenProperty: to be awaited is to be handled
  override then<T = Stored, F = never>(
    onStored?: ((stored: Stored) => T | PromiseLike<T>) | null,
    onFailed?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<T | F> {
    this.#awaited = true;
    return super.then(onStored, onFailed);
  }

  /** @throws What it has failed with, where nobody has awaited it. */
  surface(): void {
    if (this.#failure !== undefined && !this.#awaited) throw this.#failure.error;
  }
}
