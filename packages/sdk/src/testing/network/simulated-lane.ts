import type { Clock, Timer } from "../../base/clock.ts";

/** What a lane needs of the path that it belongs to. */
export interface LaneConditions {
  readonly clock: Clock;
  /** How long the next message takes. */
  drawDelayMs(): number;
  /** Whether messages are held back now; `release` is called when no longer. */
  held(): boolean;
}

/** Messages that arrive in the order in which they were sent, each after a delay of its own. */
export class SimulatedLane {
  readonly #conditions: LaneConditions;
  #waiting: { readonly due: number; readonly arrive: () => void }[] = [];
  #lastDue = 0;
  #timer: Timer | undefined;

  constructor(conditions: LaneConditions) {
    this.#conditions = conditions;
  }

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  push(arrive: () => void): void {
    const { clock } = this.#conditions;
    this.#lastDue = Math.max(this.#lastDue, clock.now() + this.#conditions.drawDelayMs());
    this.#waiting.push({ due: this.#lastDue, arrive });
    this.#arm();
  }

  /** What was held back travels on; it has been sent again, so that it takes its time. */
  release(): void {
    if (this.#waiting.length === 0) return;
    const earliest = this.#conditions.clock.now() + this.#conditions.drawDelayMs();
    this.#waiting = this.#waiting.map(({ due, arrive }) => ({ due: Math.max(due, earliest), arrive }));
    this.#lastDue = Math.max(this.#lastDue, earliest);
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#arm();
  }

  /** Nothing of it arrives any more. */
  drop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting = [];
  }

  #arm(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#timer !== undefined || this.#conditions.held()) return;
    const { clock } = this.#conditions;
    this.#timer = clock.setTimer(() => this.#deliver(), next.due - clock.now());
  }

  #deliver(): void {
    this.#timer = undefined;
    const now = this.#conditions.clock.now();
    for (let [next] = this.#waiting; next !== undefined && next.due <= now; [next] = this.#waiting) {
      if (this.#conditions.held()) return;
      this.#waiting.shift();
      next.arrive();
    }
    this.#arm();
  }
}
