/** What a handler has begun, as it has it: what fails and nobody awaits is not lost, but fails the handler. */
export class Begun<T> extends Promise<T> {
  /** When it is known what has become of it. */
  readonly settled: Promise<void>;
  #awaited = false;
  #failure: { readonly error: unknown } | undefined;

  // What `then` makes is a plain promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor(work: Promise<T>) {
    super((resolve, reject) => void work.then(resolve, reject));
    super.then(undefined, () => {}); // unhandled is for us to say
    this.settled = work.then(
      () => {},
      (error) => {
        this.#failure = { error };
      },
    );
  }

  // biome-ignore lint/suspicious/noThenProperty: to be awaited is to be handled
  override then<R = T, F = never>(
    onDone?: ((result: T) => R | PromiseLike<R>) | null,
    onFailed?: ((error: unknown) => F | PromiseLike<F>) | null,
  ): Promise<R | F> {
    this.#awaited = true;
    return super.then(onDone, onFailed);
  }

  /** @throws What it has failed with, where nobody has awaited it. */
  surface(): void {
    if (this.#failure !== undefined && !this.#awaited) throw this.#failure.error;
  }
}
