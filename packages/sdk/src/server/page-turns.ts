/**
 * Whose turn it is to hold a page of entries on its way to the peer: so many at a time for one connection, however many
 * streams it has and however little it reads of them.
 */
export class PageTurns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(pages: number) {
    this.#free = pages;
  }

  /** Resolves with what gives the turn back; call it once. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}
