import type { Clock } from "../../base/clock.ts";
import type { Happening, HistoryEvent } from "./history.ts";

/** Writes the history down while it happens. */
export class Recorder {
  readonly events: HistoryEvent[] = [];
  readonly #clock: Clock;
  readonly #start: number;
  #step = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#start = clock.now();
  }

  /** Milliseconds since the beginning. */
  get at(): number {
    return this.#clock.now() - this.#start;
  }

  note(happening: Happening): void {
    this.events.push({ ...happening, at: this.at, step: this.#step });
  }

  /** Another timer is about to fall due. */
  nextStep(): void {
    this.#step += 1;
  }
}
