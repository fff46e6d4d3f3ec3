import type { Clock, Timer } from "../base/clock.ts";
import { Attempt, type AttemptHost, type Outcome } from "./attempt.ts";
import type { Entry } from "./entry.ts";
import { delayBehind, judge, reasonOf } from "./failures.ts";
import type { Slots } from "./slots.ts";

/** So many entries are read ahead. */
const MAX_AHEAD = 16;
/** So many entries may be in the hands of handlers that wait. */
const MAX_WAITING = 1_000;
/** So many notices wait for their turn; of more, the oldest are dropped. */
const MAX_NOTICES = 100;

/** What became of a failure. */
export type Fate =
  | { readonly outcome: "again"; readonly delayMs: number }
  | { readonly outcome: "given up" | "reported" };

export interface WorkHost extends AttemptHost {
  readonly clock: Clock;
  readonly maxAttempts: number;
  /** Runs the handlers for an entry. */
  handle(entry: Entry, attempt: Attempt): Promise<void>;
  /** Whether everything has been read that was there at the start: then what has not come by now is not there. */
  caughtUp(): boolean;
  /** How often an entry has failed before. */
  failuresOf(entry: Entry): number;
  failed(entry: Entry, count: number): void;
  /** @returns When the next entry may begin; at once where there is nothing to wait for. */
  finished(entries: readonly Entry[]): Promise<void> | undefined;
  /** Throws when the list is full: the topic ends with it. */
  giveUp(entry: Entry, reason: string, attempts: number): void;
  tell(error: unknown, entry: Entry, fate: Fate): void;
}

/** An entry at work, from its first attempt until it is finished. */
interface Work {
  readonly entry: Entry;
  attempt: Attempt;
}

/** What stands beside the log, to be handled once. */
export interface Notice {
  readonly attempt: Attempt;
  /** @returns When it has ended. */
  begin(): Promise<void>;
}

/**
 * The entries of one topic, each in its turn: the next one begins when the one before is finished, or waits for a message. What
 * fails is tried again before anything else is done.
 */
export class TopicWork {
  readonly #host: WorkHost;
  readonly #slots: Slots;
  /** Read, and not begun. */
  readonly #ahead: Entry[] = [];
  /** In the order of their entries. */
  #waiting: readonly Work[] = [];
  readonly #notices: Notice[] = [];
  #active: Attempt | undefined;
  #stopped = false;
  #onWake: () => void = () => {};
  #onRoom: () => void = () => {};

  constructor(host: Omit<WorkHost, "wake">, slots: Slots) {
    this.#host = { ...host, wake: () => this.wake() };
    this.#slots = slots;
  }

  /** Takes the next entry of the log. */
  take(entry: Entry): void {
    this.#ahead.push(entry);
    this.wake();
  }

  /** Takes what stands beside the log. */
  notice(notice: Notice): void {
    this.#notices.push(notice);
    if (this.#notices.length > MAX_NOTICES) this.#notices.shift();
    this.wake();
  }

  /** Something may have become due. */
  wake(): void {
    this.#onWake();
  }

  /** Resolves when there is room for another entry, or nothing is done any more. */
  async room(): Promise<void> {
    while (this.#ahead.length >= MAX_AHEAD && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
      });
    }
  }

  /** Does what there is to do, until it is stopped. @throws What `giveUp` throws. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const step = this.#next();
      if (step !== undefined) {
        await step();
        continue;
      }
      await new Promise<void>((resolve) => {
        this.#onWake = resolve;
      });
    }
  }

  /** Nothing new is begun. What a handler is at goes on until `abort`. */
  stop(): void {
    this.#stopped = true;
    this.#onRoom();
    this.wake();
  }

  /** Stops, and what handlers do from now on does not count. */
  abort(): void {
    this.stop();
    this.#active?.stop();
    for (const { attempt } of this.#waiting) attempt.stop();
  }

  #next(): (() => Promise<void>) | undefined {
    const ended = this.#waiting.find(({ attempt }) => attempt.outcome !== undefined);
    if (ended !== undefined) return () => this.#settle(ended);
    const [head] = this.#ahead;
    const taker = head && this.#waiting.find(({ attempt }) => attempt.wants(head));
    const full = this.#atWaiting >= MAX_WAITING;
    const now = this.#logTime(full && taker === undefined ? undefined : head);
    const expired = this.#waiting.find(({ attempt }) => attempt.deadline <= now);
    if (expired !== undefined) return () => this.#turn(expired, () => expired.attempt.expire(now));
    const notice = this.#notices.shift();
    if (notice !== undefined) return () => this.#act(notice.attempt, () => notice.begin());
    if (head === undefined) return undefined;
    if (taker !== undefined) return () => this.#turn(taker, () => this.#give(head, taker.attempt));
    return full ? undefined : () => this.#begin(head);
  }

  /** Until when everything has come: what is waited for until then, and is not there, does not come any more. */
  #logTime(head: Entry | undefined): number {
    if (head !== undefined) return head.at - 1;
    return this.#host.caughtUp() ? this.#host.clock.now() : Number.NEGATIVE_INFINITY;
  }

  get #atWaiting(): number {
    return this.#waiting.reduce((count, { attempt }) => count + 1 + attempt.taken.length, 0);
  }

  #begin(head: Entry): Promise<void> {
    this.#shift();
    const work = { entry: head, attempt: new Attempt(this.#host, this.#host.failuresOf(head) + 1, head.at) };
    return this.#turn(work, () => this.#start(work));
  }

  #start({ entry, attempt }: Work): Promise<void> {
    return attempt.begin(() => this.#host.handle(entry, attempt));
  }

  async #give(head: Entry, taker: Attempt): Promise<void> {
    const turn = taker.give(head);
    if (taker.taken.includes(head)) this.#shift();
    await turn;
  }

  #shift(): void {
    this.#ahead.shift();
    this.#onRoom();
  }

  /** One turn of a handler, then what follows from it. */
  async #turn(work: Work, turn: () => Promise<void>): Promise<void> {
    await this.#act(work.attempt, turn);
    if (work.attempt.outcome !== undefined) await this.#settle(work);
    else this.#setWaiting(work);
  }

  #act(attempt: Attempt, turn: () => Promise<void>): Promise<void> {
    return this.#slots.use(async () => {
      if (this.#stopped) return;
      this.#active = attempt;
      await turn();
      this.#active = undefined;
    });
  }

  #setWaiting(work: Work): void {
    if (this.#waiting.includes(work)) return;
    this.#waiting = [...this.#waiting, work].sort((one, other) => one.entry.place - other.entry.place);
  }

  async #settle(work: Work): Promise<void> {
    this.#waiting = this.#waiting.filter((one) => one !== work);
    const { entry, attempt } = work;
    const outcome = attempt.outcome as Outcome;
    switch (outcome.kind) {
      case "stopped":
        return;
      case "done":
        return this.#finish(work);
      case "term":
        return this.#giveUp(work, outcome.reason);
      case "nak":
        return this.#again(work, outcome.delayMs);
      case "failed": {
        const { error } = outcome;
        const judged = judge(error);
        const failures = this.#host.failuresOf(entry) + (judged === "innocent" ? 0 : 1);
        if (judged === "hopeless" || failures >= this.#host.maxAttempts) {
          const finished = this.#giveUp(work, reasonOf(error));
          this.#host.tell(error, entry, { outcome: "given up" });
          return finished;
        }
        const delayMs = delayBehind(judged === "innocent" ? attempt.number : failures, error);
        this.#host.failed(entry, failures);
        this.#host.tell(error, entry, { outcome: "again", delayMs });
        return this.#again(work, delayMs);
      }
    }
  }

  async #finish({ entry, attempt }: Work): Promise<void> {
    this.#ahead.unshift(...attempt.untaken);
    const mayGoOn = this.#host.finished([entry, ...attempt.taken]);
    if (mayGoOn !== undefined) await this.#untilStopped(mayGoOn);
  }

  #giveUp(work: Work, reason: string): Promise<void> {
    this.#host.giveUp(work.entry, reason, work.attempt.number);
    return this.#finish(work);
  }

  /** The topic waits: what comes behind an entry is not done before it. */
  async #again(work: Work, delayMs: number): Promise<void> {
    await this.#sleep(delayMs);
    if (this.#stopped) return;
    const { entry, attempt } = work;
    const earlier = [...attempt.taken, ...attempt.untaken];
    work.attempt = new Attempt(this.#host, attempt.number + 1, entry.at, earlier);
    return this.#turn(work, () => this.#start(work));
  }

  async #sleep(delayMs: number): Promise<void> {
    let timer: Timer | undefined;
    const due = new Promise<void>((resolve) => {
      timer = this.#host.clock.setTimer(resolve, delayMs);
    });
    await this.#untilStopped(due);
    timer?.cancel();
  }

  async #untilStopped(due: Promise<void>): Promise<void> {
    let over = false;
    const ended = due.then(() => {
      over = true;
    });
    while (!over && !this.#stopped) {
      const woken = new Promise<void>((resolve) => {
        this.#onWake = resolve;
      });
      await Promise.race([ended, woken]);
    }
  }
}
