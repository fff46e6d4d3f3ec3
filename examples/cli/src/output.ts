import type { Writable } from "node:stream";

/** Standard output as lines, at the pace of who reads them. */
export class Output {
  readonly #stream: Writable;
  #gone = false;
  /** Those who wait for room. */
  #waiting: (() => void)[] = [];

  constructor(stream: Writable) {
    this.#stream = stream;
    const wake = (): void => {
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
    stream.on("drain", wake).on("close", wake);
    stream.on("error", () => {
      this.#gone = true; // EPIPE: `| head -1` has seen enough
      wake();
    });
  }

  /** The reader has closed its end; lines go nowhere. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Resolves when there is room for more: whoever awaits it holds one line in memory. */
  async line(text: string): Promise<void> {
    if (this.#gone || this.#stream.write(`${text}\n`)) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Resolves when everything written has left the process, or nobody reads it any more. */
  flush(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#gone) resolve();
      else this.#stream.write("", () => resolve());
    });
  }
}
