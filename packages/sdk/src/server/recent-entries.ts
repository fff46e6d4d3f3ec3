/**
 * The newest entries of a topic as encoded frames, so that live readers are served without asking the store. Always a
 * gapless run up to `head`; what is older must be read from the store.
 */
export class RecentEntries {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #head: number;

  constructor(head: number, options: { readonly maxEntries?: number; readonly maxBytes?: number } = {}) {
    this.#head = head;
    this.#maxEntries = options.maxEntries ?? 1024;
    this.#maxBytes = options.maxBytes ?? 1024 * 1024;
  }

  /** The highest seq known to be durable. */
  get head(): number {
    return this.#head;
  }

  /** @returns The frame, or `undefined` when it must be read from the store. */
  get(seq: number): Uint8Array | undefined {
    return this.#frames[seq - this.#head + this.#frames.length - 1];
  }

  /** Adds the next entry; behind a gap (another process has written) the run starts anew. Known ones are left alone. */
  add(seq: number, frame: Uint8Array): void {
    if (seq <= this.#head) return;
    if (seq > this.#head + 1) {
      this.#frames = [];
      this.#bytes = 0;
    }
    this.#frames.push(frame);
    this.#bytes += frame.byteLength;
    this.#head = seq;
    if (this.#frames.length > 2 * this.#maxEntries || this.#bytes > 2 * this.#maxBytes) this.#trim();
  }

  /** Forgets all frames and goes on behind `head`. */
  restart(head: number): void {
    this.#frames = [];
    this.#bytes = 0;
    this.#head = head;
  }

  /** Drops the older half at once: dropping one by one would move the whole array each time. */
  #trim(): void {
    let kept = this.#frames.length;
    let bytes = 0;
    while (kept > 0) {
      const size = this.#frames[kept - 1]?.byteLength ?? 0;
      if (this.#frames.length - kept >= this.#maxEntries || bytes + size > this.#maxBytes) break;
      bytes += size;
      kept -= 1;
    }
    this.#frames = this.#frames.slice(kept);
    this.#bytes = bytes;
  }
}
