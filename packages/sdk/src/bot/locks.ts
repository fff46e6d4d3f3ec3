/** One at a time for each key, those that came first first. */
export class Locks {
  readonly #held = new Map<string, (() => void)[]>();

  /** @returns What gives it back. */
  async take(key: string): Promise<() => void> {
    const waiting = this.#held.get(key);
    if (waiting === undefined) this.#held.set(key, []);
    else await new Promise<void>((resolve) => waiting.push(resolve));
    return () => this.#release(key);
  }

  #release(key: string): void {
    const next = this.#held.get(key)?.shift();
    if (next === undefined) this.#held.delete(key);
    else next();
  }
}
