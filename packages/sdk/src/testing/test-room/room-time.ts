import { AssertionError } from "node:assert";
import { turnOver } from "../../base/next-turn.ts";
import type { ManualClock } from "../manual-clock.ts";

/**
 * How time passes while the room waits for something.
 *
 * - `turns`: by itself, from timer to timer, each time when nothing is under way any more
 * - `wall`: as on the wall, for what cannot be seen to be under way: real networks, for instance
 */
export type Pace = "turns" | "wall";

interface Waiter {
  /** Whether it has come true, or the time has come. */
  readonly over: () => boolean;
  readonly resolve: (over: boolean) => void;
  /** How much may pass meanwhile. */
  leftMs: number;
}

/** So many turns of the event loop without anything under way, and nothing happens any more without time. */
const QUIET_TURNS = 3;
/** What is under way for longer than that on the wall hangs, or waits for the room's own time. */
const BUSY_MS = 1_000;
/** What nobody sees to be under way (an answer of another server) has so long on the wall before a wait has failed. */
const GRACE_MS = 250;
/** While the test waits for something else than the room: so often it is looked whether anything is under way, … */
const LOOK_MS = 5;
/** … and when nothing was for so many looks, so much time passes with each. */
const [IDLE_LOOKS, IDLE_PASSES_MS] = [10, 50];
/** Who has not used the room for so long on the wall has forgotten to dispose of it … */
const FORGOTTEN_MS = 60_000;
/** … and so long after its end somebody may still leave, such as a bot: then it keeps no process alive any more. */
const LEAVING_MS = 2_000;
/** More timers do not fall due at one moment. */
const TIMERS_AT_ONCE = 10_000;

// Taken before a test can put its own in their place.
const { setTimeout: later, setInterval: every, clearInterval: never } = globalThis;
const wallMs = performance.now.bind(performance);

/**
 * The room's time: it stands still while anything is under way, and passes while somebody waits here. One loop lets it pass for
 * all who do. A test that waits for something else (a bot that stops) may need it, too: then it passes ten times as fast as on
 * the wall.
 */
export class RoomTime {
  readonly #clock: ManualClock;
  readonly #pace: Pace;
  readonly #busy: () => boolean;
  readonly #waiters = new Set<Waiter>();
  #running = false;
  /** How many timers were called at this moment. */
  #atOnce = 0;
  /** How many calls of `pass` let time pass now: nothing else does meanwhile. */
  #passing = 0;
  readonly #looking: NodeJS.Timeout;
  readonly #forgottenMs: number;
  /** Until when, on the wall, the process is kept alive. */
  #aliveUntil: number;
  #over = false;
  #idleLooks = 0;
  /** What is under way was waited for in vain, until it has ended. */
  #hangs = false;

  /**
   * @param busy Whether something is under way that no clock drives; asked again and again.
   * @param forgottenMs How long it may go unused before it keeps no process alive any more.
   */
  constructor(clock: ManualClock, pace: Pace, busy: () => boolean, forgottenMs = FORGOTTEN_MS) {
    this.#clock = clock;
    this.#pace = pace;
    this.#busy = busy;
    this.#forgottenMs = forgottenMs;
    this.#aliveUntil = wallMs() + forgottenMs;
    this.#looking = every(() => this.#look(), LOOK_MS);
  }

  /** The room is over. Time passes for whoever still has to leave, until nobody has a timer any more. */
  end(): void {
    this.#over = true;
    this.#aliveUntil = wallMs() + LEAVING_MS;
    this.#look();
  }

  #look(): void {
    if (this.#over && this.#clock.pending === 0) never(this.#looking);
    if (this.#running || this.#passing > 0) this.#aliveUntil = wallMs() + this.#forgottenMs;
    else if (wallMs() > this.#aliveUntil) this.#forget();
    const idle = !this.#running && this.#passing === 0 && !this.#busy() && !waitsForTheSystem();
    this.#idleLooks = idle ? this.#idleLooks + 1 : 0;
    if (this.#idleLooks > IDLE_LOOKS) this.#step(IDLE_PASSES_MS);
  }

  #forget(): void {
    this.#aliveUntil = Number.POSITIVE_INFINITY;
    this.#looking.unref();
    if (this.#over) return;
    process.emitWarning(
      `a test room is open, and nobody has used it for ${this.#forgottenMs} ms: \`await using\` closes it`,
    );
  }

  /** Lets so much time pass, from timer to timer, so that everybody can do what falls due. */
  async pass(ms: number): Promise<void> {
    const end = this.#clock.monotonic() + ms;
    this.#passing += 1;
    try {
      for (;;) {
        await this.#quiet(() => false);
        const left = end - this.#clock.monotonic();
        if (left <= 0) return;
        this.#step(left);
        if (this.#stuck) throw new AssertionError({ message: `no time passes: ${this.#atOnce} timers at one moment` });
      }
    } finally {
      this.#passing -= 1;
    }
  }

  /**
   * Lets time pass until it is so. Rejects with what `condition` throws.
   *
   * @returns Whether it has become so, before so much time was over.
   */
  until(condition: () => boolean, withinMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const over = (): boolean => {
        try {
          return condition();
        } catch (error) {
          reject(error);
          return true;
        }
      };
      if (over()) return resolve(true);
      this.#waiters.add({ over, resolve, leftMs: withinMs });
      if (!this.#running) void this.#run();
    });
  }

  /** Lets time pass until the work is done. @returns Whether it was, before so much time was over. */
  done(work: PromiseLike<unknown>, withinMs: number): Promise<boolean> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    work.then(end, end);
    return this.until(() => over, withinMs);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiters.size > 0) {
      const passedMs = this.#pace === "wall" ? await this.#wall() : await this.#turns();
      for (const waiter of [...this.#waiters]) {
        waiter.leftMs -= passedMs;
        if (waiter.over()) this.#end(waiter, true);
        else if (waiter.leftMs <= 0) this.#end(waiter, await this.#grace(waiter));
      }
    }
    this.#running = false;
  }

  #end(waiter: Waiter, over: boolean): void {
    if (this.#waiters.delete(waiter)) waiter.resolve(over);
  }

  get #anyOver(): boolean {
    for (const { over } of this.#waiters) if (over()) return true;
    return false;
  }

  /** Once nothing is under way any more: on to the next timer. @returns How much time has passed. */
  async #turns(): Promise<number> {
    await this.#quiet(() => this.#anyOver);
    if (this.#anyOver || this.#passing > 0) return 0;
    return this.#step(Math.min(...[...this.#waiters].map(({ leftMs }) => leftMs))) || Number(this.#stuck);
  }

  /** On to the next timer, and calls it. @returns How much time has passed. */
  #step(atMostMs: number): number {
    const dueInMs = (this.#clock.nextDue ?? Number.POSITIVE_INFINITY) - this.#clock.monotonic();
    this.#atOnce = dueInMs > 0 ? 0 : this.#atOnce + 1;
    if (dueInMs <= atMostMs) this.#clock.step();
    else this.#clock.advance(atMostMs);
    return Math.max(0, Math.min(dueInMs, atMostMs));
  }

  /** Timers set others for the same moment, without end: what waits must fail, and not hang. */
  get #stuck(): boolean {
    return this.#atOnce > TIMERS_AT_ONCE;
  }

  async #wall(): Promise<number> {
    const before = wallMs();
    await new Promise((resolve) => later(resolve, 2));
    if (this.#passing > 0) return 0;
    const passedMs = Math.max(1, Math.round(wallMs() - before));
    this.#clock.advance(passedMs);
    return passedMs;
  }

  async #grace({ over }: Waiter): Promise<boolean> {
    for (const end = wallMs() + GRACE_MS; !over() && wallMs() < end; ) {
      await new Promise((resolve) => later(resolve, 2));
    }
    return over();
  }

  /** Resolves when nothing is under way any more, or `over` is so. */
  async #quiet(over: () => boolean): Promise<void> {
    const began = wallMs();
    for (let quiet = 0, turns = 0; quiet < QUIET_TURNS && !over(); turns += 1) {
      const hasty = this.#pace === "turns" && turns < 100;
      await (hasty ? turnOver() : new Promise((resolve) => later(resolve, 2)));
      const busy = this.#busy() || waitsForTheSystem();
      this.#hangs = busy && (this.#hangs || wallMs() - began > BUSY_MS);
      quiet = busy && !this.#hangs ? 0 : quiet + 1;
    }
  }
}

/** Whether the process has asked for files, names or connections, or runs another: what a bot may do before it answers. */
const waitsForTheSystem = (): boolean =>
  process.getActiveResourcesInfo().some((name) => /Req|ConnectWrap|ProcessWrap/.test(name));
