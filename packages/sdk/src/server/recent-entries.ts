import type { EntryForms } from "./entry-forms.ts";

/**
 * The newest entries of a topic as encoded frames, so that live readers are served without asking the store. Always a
 * gapless run up to `head`; what is older must be read from the store.
 */
export class RecentEntries {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #entries: EntryForms[] = [];
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

  /** @returns The entry, or `undefined` when it must be read from the store. */
  get(seq: number): EntryForms | undefined {
    return this.#entries[seq - this.#head + this.#entries.length - 1];
  }

  /** Adds the next entry; behind a gap (another process has written) the run starts anew. Known ones are left alone. */
  add(entry: EntryForms): void {
    const { seq } = entry.leaf;
    if (seq <= this.#head) return;
    if (seq > this.#head + 1) {
      this.#entries = [];
      this.#bytes = 0;
    }
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    this.#head = seq;
    if (this.#entries.length > 2 * this.#maxEntries || this.#bytes > 2 * this.#maxBytes) this.#trim();
  }

  /** Forgets all entries and goes on behind `head`. */
  restart(head: number): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#head = head;
  }

  /** Drops the older half at once: dropping one by one would move the whole array each time. */
  #trim(): void {
    let kept = this.#entries.length;
    let bytes = 0;
    while (kept > 0) {
      const size = this.#entries[kept - 1]?.bytes ?? 0;
      if (this.#entries.length - kept >= this.#maxEntries || bytes + size > this.#maxBytes) break;
      bytes += size;
      kept -= 1;
    }
    this.#entries = this.#entries.slice(kept);
    this.#bytes = bytes;
  }
}
