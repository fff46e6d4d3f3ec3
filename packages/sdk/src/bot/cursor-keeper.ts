import type { Clock } from "../base/clock.ts";
import { type RedRoomError, toRedRoomError } from "../base/errors.ts";
import { turnOver } from "../base/next-turn.ts";
import { delayBehind, judge } from "./failures.ts";

export interface KeeperHost {
  readonly clock: Clock;
  /** @returns When it is durable. */
  save(text: string): Promise<void>;
  /** What is to be saved now. */
  current(): string;
  /** It cannot be saved, now or later. */
  onFailed(error: RedRoomError): void;
}

/** Keeps a cursor up to date: one save at a time, each with the newest state, until it is durable. */
export class CursorKeeper {
  readonly #host: KeeperHost;
  #saved: string | undefined;
  #saving: Promise<void> | undefined;
  #stopped = false;
  #stopWaiting: () => void = () => {};

  /** @param saved What the cursor holds already. */
  constructor(host: KeeperHost, saved: string | undefined) {
    this.#host = host;
    this.#saved = saved;
  }

  /** Something has changed. @returns When everything is durable that has changed until now, or nothing more can be saved. */
  save(): Promise<void> {
    this.#saving ??= this.#save();
    return this.#saving;
  }

  /** What is being saved may still succeed; what fails is not tried again. */
  stop(): void {
    this.#stopped = true;
    this.#stopWaiting();
  }

  async #save(): Promise<void> {
    // What finishes in one turn of the event loop is one save; and an answer is read together with the reveal before it.
    await turnOver();
    for (let failures = 0; ; ) {
      const text = this.#host.current();
      // At once: what changes from here on is another save.
      if (text === this.#saved) return this.#over();
      try {
        await this.#host.save(text);
        this.#saved = text;
        failures = 0;
      } catch (thrown) {
        const error = toRedRoomError(thrown, "INTERNAL", "save the bot's place");
        if (this.#stopped) return this.#over();
        if (judge(error) === "hopeless") {
          this.#over();
          return this.#host.onFailed(error);
        }
        failures += 1;
        await this.#wait(delayBehind(failures, error));
      }
    }
  }

  #over(): void {
    this.#saving = undefined;
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = this.#host.clock.setTimer(resolve, delayMs);
      this.#stopWaiting = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
