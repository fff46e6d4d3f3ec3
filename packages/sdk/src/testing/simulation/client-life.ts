import type { RedRoomError } from "../../base/errors.ts";
import type { SealedMessage, TopicMessage } from "../../client/message.ts";
import type { RedRoomClient } from "../../client/redroom-client.ts";
import type { Topic } from "../../client/topic.ts";
import type { SimulatedHost } from "../network/simulated-network.ts";
import type { MortalClock } from "./mortal-clock.ts";
import type { Recorder } from "./recorder.ts";

/** A topic that was opened. */
interface OpenTopic {
  readonly topic: Topic;
  /** The view that its messages go to; `undefined` where it is only written to. */
  readonly view: string | undefined;
}

/** One process of a participant, from a connect to its close or crash: tells the history what its client shows. */
export class ClientLife {
  readonly name: string;
  readonly host: SimulatedHost;
  readonly clock: MortalClock;
  readonly client: RedRoomClient;
  readonly #recorder: Recorder;
  readonly #onRead: (title: string, message: TopicMessage) => void;
  readonly #open = new Map<string, OpenTopic>();
  readonly #views = new Set<string>();
  #viewCount = 0;

  /** @param onClosed Called when the client has ended, by itself or by `close`. */
  constructor(
    process: { readonly name: string; readonly host: SimulatedHost; readonly clock: MortalClock },
    client: RedRoomClient,
    recorder: Recorder,
    {
      onRead,
      onClosed,
    }: { readonly onRead: (title: string, message: TopicMessage) => void; readonly onClosed: () => void },
  ) {
    this.name = process.name;
    this.host = process.host;
    this.clock = process.clock;
    this.client = client;
    this.#recorder = recorder;
    this.#onRead = onRead;
    recorder.note({ type: "state", client: this.name, state: client.state });
    this.#listen(onClosed);
  }

  /** Titles that were opened, also where the answer is still to come. */
  get openTitles(): string[] {
    return [...this.#open.keys()];
  }

  /** The topic, once its opening has been answered. */
  opened(title: string): Topic | undefined {
    const topic = this.#open.get(title)?.topic;
    return topic?.id === undefined ? undefined : topic;
  }

  /** @param from The first seq wanted, 0 for what comes; `undefined` to write only. */
  open(title: string, from: number | undefined): void {
    const view = from === undefined ? undefined : this.#newView(title, from);
    const topic = this.client.topic(title);
    this.#open.set(title, { topic, view });
    topic.open({ from: from === undefined ? "none" : from === 0 ? "now" : from }).then(
      () => {
        if (view !== undefined) this.#recorder.note({ type: "opened", reader: view });
      },
      (error) => this.#fail(title, codeOf(error)),
    );
  }

  /**
   * Runs a loop over `messages()`.
   *
   * @param next Awaited behind each message; `false` ends the loop.
   */
  async iterate(title: string, from: number, next: (count: number) => Promise<boolean>): Promise<void> {
    const view = this.#newView(title, from);
    let count = 0;
    try {
      const gaps = {
        onSealed: (message: SealedMessage) => this.#pass(view, message.seq, message.commitment),
        onWithheld: (seq: number) => this.#pass(view, seq),
      };
      const topic = this.client.topic(title);
      for await (const message of topic.messages({ from: from === 0 ? "now" : from, ...gaps })) {
        if (!this.#views.has(view)) return;
        this.#read(view, title, message);
        count += 1;
        if (await next(count)) continue;
        this.#end(view, { enough: true });
        return;
      }
      this.#end(view);
    } catch (error) {
      this.#end(view, { code: codeOf(error) });
    }
  }

  /** Reads a part of the record at once: a view that ends with its last entry. */
  async readHistory(topic: Topic, from: number, limit: number): Promise<void> {
    const view = this.#newView(topic.title, from);
    try {
      const passed: { seq: number; commitment?: string }[] = [];
      const messages = await topic.history({
        from,
        limit,
        onSealed: ({ seq, commitment }) => passed.push({ seq, commitment }),
        onWithheld: (seq) => passed.push({ seq }),
      });
      const all = [...messages, ...passed].sort((a, b) => a.seq - b.seq);
      for (const one of all) {
        if ("text" in one) this.#read(view, topic.title, one);
        else this.#pass(view, one.seq, one.commitment);
      }
      this.#end(view, { enough: true });
    } catch (error) {
      this.#end(view, { code: codeOf(error) });
    }
  }

  /** Closes the client. @returns Timers that it has left behind. */
  async close(drainMs: number): Promise<number> {
    await this.client.close({ drainMs });
    this.#noteTrust();
    this.host.crash();
    return this.clock.pending;
  }

  /** The process is gone with all that it had in memory. */
  crash(): void {
    this.#recorder.note({ type: "fault", what: `${this.name} is killed` });
    this.#noteTrust();
    this.host.crash();
    this.clock.die();
    this.client.removeAllListeners();
    for (const view of [...this.#views]) this.#end(view);
  }

  #listen(onClosed: () => void): void {
    this.client.on("state", ({ state, code, retryInMs }) => {
      this.#recorder.note({ type: "state", client: this.name, state, code, retryInMs });
    });
    this.client.on("message", ({ topic, message }) => {
      const view = this.#open.get(topic.title)?.view;
      if (view !== undefined) this.#read(view, topic.title, message);
    });
    this.client.on("sealed", ({ topic, message }) => {
      this.#pass(this.#open.get(topic.title)?.view, message.seq, message.commitment);
    });
    this.client.on("withheld", ({ topic, seq }) => this.#pass(this.#open.get(topic.title)?.view, seq));
    this.client.on("topicFailed", ({ topic, error }) => this.#fail(topic.title, error.code));
    this.client.on("closed", (cause) => {
      for (const view of [...this.#views]) this.#end(view, cause && { code: cause.code });
      onClosed();
    });
  }

  #fail(title: string, code: string): void {
    const view = this.#open.get(title)?.view;
    this.#open.delete(title);
    if (view !== undefined) this.#end(view, { code });
  }

  #newView(title: string, from: number): string {
    this.#viewCount += 1;
    const view = `${this.name} ${title} #${this.#viewCount}`;
    this.#views.add(view);
    this.#recorder.note({ type: "opens", reader: view, client: this.name, topic: title, from });
    return view;
  }

  #read(view: string, title: string, message: TopicMessage): void {
    const { seq, id, author, kind, text, revealedBy } = message;
    this.#onRead(title, message);
    this.#recorder.note({ type: "reads", reader: view, seq, id, author, kind, text, revealedBy });
  }

  #pass(view: string | undefined, seq: number, commitment?: string): void {
    if (view !== undefined && this.#views.has(view)) {
      this.#recorder.note({ type: "passes", reader: view, seq, commitment });
    }
  }

  #end(view: string, end: { readonly enough?: boolean; readonly code?: string } = {}): void {
    if (this.#views.delete(view)) this.#recorder.note({ type: "stops", reader: view, ...end });
  }

  #noteTrust(): void {
    for (const [title, { topic }] of this.#open) {
      const checkpoint = this.client.trusted.get(topic.id ?? "");
      if (checkpoint !== undefined)
        this.#recorder.note({ type: "trusts", client: this.name, topic: title, checkpoint });
    }
  }
}

export const codeOf = (error: unknown): string => (error as RedRoomError).code ?? String(error);
