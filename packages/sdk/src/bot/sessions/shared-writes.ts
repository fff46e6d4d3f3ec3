interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes of a state that is always written as a whole: one at a time, and one for all who have asked while another was under way. */
export class SharedWrites {
  readonly #write: () => Promise<void>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /** @param write Writes the state as it is when it is called. */
  constructor(write: () => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when a write has succeeded that began after this call; rejects with what that write throws. */
  request(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is asked for any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // so that all who ask in this turn share the first write
    while (this.#waiting.length > 0) {
      const served = this.#waiting.splice(0);
      try {
        await this.#write();
        for (const { resolve } of served) resolve();
      } catch (error) {
        for (const { reject } of served) reject(error);
      }
    }
    this.#running = undefined;
  }
}
