import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { ClientCalls, OpenCall, PublishCall } from "../programs/client.ts";
import { Caller } from "./calls.ts";
import type { ClientEvent, EventOf } from "./client-event.ts";
import { MEASURED } from "./footprint.ts";

/** A client in a process of its own, and all that it has told so far. */
export class ClientProcess {
  readonly name: string;
  readonly told: ClientEvent[] = [];
  /** How many different messages it has read, sent, and has the answer of. */
  readonly counts = { read: 0, sent: 0, stored: 0, failed: 0 };
  readonly #child: ChildProcess;
  readonly #caller: Caller<ClientCalls>;
  readonly #ended: Promise<unknown>;
  #state = "idle";

  constructor(name: string, onEvent: () => void) {
    this.name = name;
    this.#child = fork(new URL("../programs/client.ts", import.meta.url), {
      serialization: "advanced",
      execArgv: [...process.execArgv, ...MEASURED],
    });
    this.#ended = once(this.#child, "exit");
    this.#caller = new Caller<ClientCalls>(this.#child, (message) => {
      this.#take(message as ClientEvent);
      onEvent();
    });
  }

  /** As its client has told it last. */
  get state(): string {
    return this.#state;
  }

  readonly ask: Caller<ClientCalls>["ask"] = (call, input) => this.#caller.ask(call, input);

  open(options: OpenCall): Promise<void> {
    return this.ask("open", options);
  }

  async publish(options: PublishCall): Promise<void> {
    await this.ask("publish", options);
  }

  /** What it told of this kind. */
  all<E extends ClientEvent["event"]>(event: E): EventOf<E>[] {
    return this.told.filter((one): one is EventOf<E> => one.event === event);
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.#child.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #take(event: ClientEvent): void {
    this.told.push(event);
    if (event.event === "read") this.counts.read += 1;
    else if (event.event === "sending") this.counts.sent += 1;
    else if (event.event === "stored") this.counts.stored += 1;
    else if (event.event === "failed") this.counts.failed += 1;
    else if (event.event === "state") this.#state = event.state;
    else if (event.event === "closed") this.#state = "closed";
  }
}
