import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { BotCall, BotEvent } from "../programs/bot.ts";

/** A bot in a process of its own. */
export class BotProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  /** Whether its topics are open. */
  started = false;
  /** How many questions this process has answered. */
  answered = 0;
  /** What went wrong. */
  readonly failures: string[] = [];

  constructor(call: BotCall, onEvent: () => void) {
    this.#child = fork(new URL("../programs/bot.ts", import.meta.url), [JSON.stringify(call)]);
    this.#ended = once(this.#child, "exit");
    this.#child.on("message", (event: BotEvent) => {
      if (event.event === "failed") this.failures.push(event.reason);
      else if (event.event === "answered") this.answered += 1;
      else this.started = true;
      onEvent();
    });
  }

  /** At once, with nothing said to anybody. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** As an operator does it. Resolves when it is gone. @throws {Error} When it does not end well. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
    if (this.#child.exitCode !== 0) throw new Error(`the bot has ended with ${this.#child.exitCode}`);
  }
}
