import type { Clock } from "../base/clock.ts";

/** While somebody goes on writing, it is told this often. */
const REPEAT_MS = 3_000;

/** Tells others that somebody is writing: at the first key, every few seconds, and when it is over. */
export class TypingNotice {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #say: (active: boolean) => void;
  /** When it was told last that somebody is writing; `undefined` while nobody is. */
  #toldAt: number | undefined;

  constructor(clock: Pick<Clock, "monotonic">, say: (active: boolean) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  set(active: boolean): void {
    const now = this.#clock.monotonic();
    const told = this.#toldAt;
    if (active && told !== undefined && now - told < REPEAT_MS) return;
    if (!active && told === undefined) return;
    this.#toldAt = active ? now : undefined;
    this.#say(active);
  }
}
