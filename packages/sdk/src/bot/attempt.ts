import { type Clock, LONGEST_DELAY_MS, type Timer } from "../base/clock.ts";
import { RedRoomError } from "../base/errors.ts";
import { nextTurn } from "../base/next-turn.ts";
import type { Stored } from "../client/sending.ts";
import { Begun } from "./begun.ts";
import type { Waited, Within } from "./context.ts";
import type { Entry } from "./entry.ts";

/** So many messages one handler may wait for: until it has ended, the bot's place keeps each of them open. */
const MAX_TAKEN = 500;

const MAX_KEY_CHARACTERS = 64;

/** How an attempt has ended. */
export type Outcome =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "nak"; readonly delayMs: number }
  | { readonly kind: "term"; readonly reason: string }
  /** The bot stops; what has become of the entry is not known. */
  | { readonly kind: "stopped" };

/** What an attempt needs of the world. */
export interface AttemptHost {
  readonly clock: Clock;
  readonly handlerTimeoutMs: number;
  readonly maxSends: number;
  /** Whether what takes long may be the handler's fault: not while nothing can be sent. */
  online(): boolean;
  /** Something has happened to an attempt outside of its turn. */
  wake(): void;
}

/** A send, once its number or key is known. @returns When it was stored. */
type Send = (name: string | number) => Promise<Stored>;

interface Wait {
  readonly wanted: (entry: Entry) => boolean;
  deadline: number;
  timer?: Timer;
  readonly settle: (entry: Entry | undefined) => void;
  readonly fail: (error: unknown) => void;
  /** To the signal that may cut it short. */
  readonly stopListening: () => void;
}

/**
 * A handler at work on an entry, once. It runs in turns: a turn ends when the handler waits for a message, and when it has ended;
 * in both cases with everything that it has sent. Between two turns others of its topic have theirs.
 */
export class Attempt {
  /** 1 the first time. */
  readonly number: number;
  /** By the log's time: the newest of what it began with, has sent and has waited for. */
  #since: number;
  readonly #host: AttemptHost;
  readonly #abort = new AbortController();
  readonly #waits = new Set<Wait>();
  /** Messages that an earlier attempt has waited for. */
  readonly #earlier: Entry[];
  /** Messages that this one has waited for. */
  readonly #taken: Entry[] = [];
  readonly #sent = new Set<Begun<Stored>>();
  /** How much there is that the turn does not end before. */
  #underWay = 0;
  readonly #keys = new Set<string>();
  #sends = 0;
  #said: Outcome | undefined;
  #outcome: Outcome | undefined;
  #timer: Timer | undefined;
  /** Of the handler's time. */
  #leftMs: number;
  #turnBegan = 0;
  #endTurn: (() => void) | undefined;
  /** Called when a turn is over and the handler waits. */
  onRest: () => void = () => {};

  constructor(host: AttemptHost, number: number, since: number, earlier: readonly Entry[] = []) {
    this.#host = host;
    this.number = number;
    this.#since = since;
    this.#earlier = [...earlier];
    this.#leftMs = host.handlerTimeoutMs;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** How it has ended, with everything that it has sent. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Messages that belong to it: nobody else gets them. */
  get taken(): readonly Entry[] {
    return this.#taken;
  }

  /** Messages that an earlier attempt has waited for, and this one has not. */
  get untaken(): readonly Entry[] {
    return this.#earlier;
  }

  /** When the first of its waits is over; for ever where none is. */
  get deadline(): number {
    return Math.min(...[...this.#waits].map((wait) => wait.deadline));
  }

  /** Runs the handler. @returns When its first turn is over. */
  begin(handle: () => Promise<void>): Promise<void> {
    return this.#turn(() => void this.#run(handle));
  }

  /** Whether it waits for this message, or has a filter that throws at it. */
  wants(entry: Entry): boolean {
    return this.#waitFor(entry) !== undefined;
  }

  /** It gets the message that it wants: then it is one of `taken`. @returns When its turn is over. */
  give(entry: Entry): Promise<void> {
    return this.#turn(() => {
      const found = this.#waitFor(entry);
      if (found === undefined) return;
      this.#close(found.wait);
      if ("error" in found) return found.wait.fail(found.error);
      this.#take(entry);
      found.wait.settle(entry);
    });
  }

  /** What it waits for has not come until then. @returns When its turn is over. */
  expire(now: number): Promise<void> {
    return this.#turn(() => {
      for (const wait of [...this.#waits]) {
        if (wait.deadline > now) continue;
        this.#close(wait);
        wait.settle(undefined);
      }
    });
  }

  /** The bot stops: nothing that the handler does from now on counts. */
  stop(): void {
    this.#leave({ kind: "stopped" });
  }

  // What follows is for the handler, by its context.

  /** @throws {RedRoomError} `ABORTED` after its end, `TOO_MANY_REQUESTS`, `OPTIONS_INVALID` for a key that was used, or is none. */
  send(key: string | undefined, send: Send): Promise<Stored> {
    const sent = new Begun(this.#store(key, send));
    this.#sent.add(sent);
    void this.during(sent.settled);
    return sent;
  }

  /** The turn does not end before this has. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work;
    } finally {
      this.#underWay -= 1;
      this.#mayRest();
    }
  }

  /** @throws {RedRoomError} `ABORTED` after its end, or by `within.signal`; `TOO_MANY_REQUESTS`, `OPTIONS_INVALID`. */
  waitFor(wanted: (entry: Entry) => boolean, within: Within): Promise<Entry | undefined> {
    this.#checkAlive("wait for a message");
    if (this.#taken.length >= MAX_TAKEN) throw tooManyTaken();
    const deadline = Number("until" in within ? within.until : this.#since + Number(within.timeoutMs));
    if (Number.isNaN(deadline)) throw notATime(within);
    const { signal } = within;
    if (signal?.aborted) throw waitEnded(signal.reason);
    const index = this.#earlier.findIndex((entry) => entry.at <= deadline && wanted(entry));
    const [earlier] = index < 0 ? [] : this.#earlier.splice(index, 1);
    if (earlier !== undefined) {
      this.#take(earlier);
      return Promise.resolve(earlier);
    }
    return new Promise((settle, fail) => {
      const end = (entry: Entry | undefined): void => {
        if (entry === undefined && signal?.aborted) fail(waitEnded(signal.reason));
        else settle(entry);
      };
      const onAbort = (): void => this.#cutShort(wait);
      const stopListening = (): void => signal?.removeEventListener("abort", onAbort);
      const wait: Wait = { wanted, deadline, settle: end, fail, stopListening };
      this.#waits.add(wait);
      this.#wakeAtEnd(wait);
      signal?.addEventListener("abort", onAbort);
      this.#mayRest();
    });
  }

  /** @throws {RedRoomError} `ABORTED` after its end, `OPTIONS_INVALID`. */
  say(outcome: Outcome): void {
    this.#checkAlive("say what becomes of the entry");
    if (outcome.kind === "nak" && !(outcome.delayMs >= 0 && outcome.delayMs <= LONGEST_DELAY_MS)) {
      throw notADelay(outcome.delayMs);
    }
    this.#said = outcome;
  }

  async #store(key: string | undefined, send: Send): Promise<Stored> {
    this.#checkAlive("send");
    const { maxSends } = this.#host;
    if (this.#sends >= maxSends) throw tooManySends(maxSends);
    if (key !== undefined) this.#checkKey(key);
    this.#sends += 1;
    const name = key ?? this.#sends - this.#keys.size;
    if (key !== undefined) this.#keys.add(key);
    const stored = await send(name);
    this.#since = Math.max(this.#since, stored.at.getTime());
    return stored;
  }

  async #run(handle: () => Promise<void>): Promise<void> {
    try {
      await handle();
      for (let settled = 0; settled < this.#sent.size; ) {
        settled = this.#sent.size;
        for (const sent of this.#sent) await sent.settled;
      }
      for (const sent of this.#sent) sent.surface();
      this.#end(this.#said ?? { kind: "done" });
    } catch (error) {
      this.#end({ kind: "failed", error }); // whatever it has said before: nobody would hear of the error
    }
  }

  #end(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const wait of [...this.#waits]) this.#close(wait);
    this.#abort.abort();
    if (this.#endTurn === undefined) this.#host.wake();
    else this.#giveTurn();
  }

  /** Ends it while the handler is at work: who waits hears that nothing comes any more. */
  #leave(outcome: Outcome): void {
    const waits = [...this.#waits];
    this.#end(outcome);
    for (const { fail } of waits) fail(handlerEnded("wait for a message"));
  }

  #turn(act: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#endTurn = resolve;
      this.#turnBegan = this.#host.clock.monotonic();
      this.#watch(this.#leftMs);
      act();
      if (this.#outcome === undefined) this.#mayRest();
      else this.#giveTurn();
    });
  }

  /** Looks whether it only waits, once the handler has done what it does upon what has just happened. */
  #mayRest(): void {
    nextTurn(() => {
      if (this.#waits.size === 0 || this.#underWay > 0) return;
      this.onRest();
      if (this.#endTurn !== undefined) this.#giveTurn();
    });
  }

  #watch(forMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#host.clock.setTimer(() => this.#tooLate(), forMs);
  }

  /** Nothing can be stored while there is no connection: that is no handler's fault. */
  #tooLate(): void {
    const { handlerTimeoutMs } = this.#host;
    if (this.#host.online()) this.#leave({ kind: "failed", error: tookTooLong(handlerTimeoutMs) });
    else {
      this.#leftMs = handlerTimeoutMs;
      this.#turnBegan = this.#host.clock.monotonic();
      this.#watch(handlerTimeoutMs);
    }
  }

  #giveTurn(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#leftMs = Math.max(0, this.#leftMs - (this.#host.clock.monotonic() - this.#turnBegan));
    this.#endTurn?.();
    this.#endTurn = undefined;
  }

  #take(entry: Entry): void {
    this.#taken.push(entry);
    this.#since = Math.max(this.#since, entry.at);
  }

  /** A filter that throws fails its wait: the handler hears of it. */
  #waitFor(entry: Entry): { readonly wait: Wait } | { readonly wait: Wait; readonly error: unknown } | undefined {
    for (const wait of this.#waits) {
      try {
        if (entry.at <= wait.deadline && wait.wanted(entry)) return { wait };
      } catch (error) {
        return { wait, error };
      }
    }
    return undefined;
  }

  /** More than once where that lies further ahead than a timer reaches. */
  #wakeAtEnd(wait: Wait): void {
    const { clock, wake } = this.#host;
    const leftMs = wait.deadline - clock.now();
    wait.timer = clock.setTimer(
      () => {
        if (clock.now() < wait.deadline) this.#wakeAtEnd(wait);
        else wake();
      },
      Math.min(LONGEST_DELAY_MS, Math.max(0, leftMs)),
    );
  }

  #close(wait: Wait): void {
    wait.timer?.cancel();
    wait.stopListening();
    this.#waits.delete(wait);
  }

  /** Its time is over: at once while the handler has its turn, else in the next one. */
  #cutShort(wait: Wait): void {
    wait.deadline = Number.NEGATIVE_INFINITY;
    if (this.#endTurn !== undefined) {
      this.#close(wait);
      wait.settle(undefined);
    } else {
      this.#host.wake();
    }
  }

  #checkKey(key: string): void {
    const { length } = key;
    if (length === 0 || length > MAX_KEY_CHARACTERS) throw keyInvalid(length);
    if (this.#keys.has(key)) throw keyUsed(key);
  }

  #checkAlive(doing: string): void {
    if (this.#outcome !== undefined) throw handlerEnded(doing);
  }
}

/** A wait's answer as the handler gets it. */
export const waitedMessage = <F>(entry: Entry | undefined): Waited<F> | undefined =>
  entry !== undefined && "message" in entry.content ? (entry.content.message as Waited<F>) : undefined;

const handlerEnded = (doing: string): RedRoomError =>
  new RedRoomError("ABORTED", `unable to ${doing}; the handler has ended, or its time is over`);

const waitEnded = (cause: unknown): RedRoomError =>
  new RedRoomError("ABORTED", "unable to wait for a message; its signal was aborted", { cause });

const tookTooLong = (ms: number): RedRoomError =>
  new RedRoomError("TIMEOUT", `unable to go on with the handler; it has not ended within ${ms} ms`, {
    retryable: true,
  });

const tooManySends = (limit: number): RedRoomError =>
  new RedRoomError(
    "TOO_MANY_REQUESTS",
    `unable to send; the handler has sent ${limit} messages, the limit is ${limit}`,
    {
      remedy: "raise `maxSends`, or find out why it sends so many",
    },
  );

const tooManyTaken = (): RedRoomError =>
  new RedRoomError(
    "TOO_MANY_REQUESTS",
    `unable to wait; the handler has waited for ${MAX_TAKEN} messages, the limit is ${MAX_TAKEN}`,
    { remedy: "handle messages one by one, and remember in the session what belongs together" },
  );

const keyInvalid = (length: number): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to send; a key has 1 to ${MAX_KEY_CHARACTERS} characters, not ${length}`);

const keyUsed = (key: string): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to send; the handler has used the key ${JSON.stringify(key)} already`);

const notATime = (within: Within): RedRoomError =>
  new RedRoomError("OPTIONS_INVALID", `unable to wait; ${JSON.stringify(within)} is not a time`);

const notADelay = (delayMs: number): RedRoomError =>
  new RedRoomError(
    "OPTIONS_INVALID",
    `unable to try again in ${delayMs} ms; that is not from 0 to ${LONGEST_DELAY_MS}`,
  );
