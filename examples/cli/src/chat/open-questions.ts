import { RedRoomError, type Topic, type TopicQuestion } from "@redroom/sdk";
import type { Numbers } from "./chat-commands.ts";

const LIMIT = 200;

/** The open questions of a topic, as the server has told them last: for lists, hints and completion. */
export class OpenQuestions {
  readonly #topic: Topic;
  readonly #changed: () => void;
  #all: readonly TopicQuestion[] = [];
  #asking: Promise<void> | undefined;
  #stale = false;

  constructor(topic: Topic, changed: () => void) {
    this.#topic = topic;
    this.#changed = changed;
  }

  of(which: Numbers): readonly TopicQuestion[] {
    if (which === "mine") return this.#all.filter(({ message }) => message.by === this.#self);
    if (which === "toAnswer") return this.#all.filter((question) => this.#isMineToAnswer(question));
    return this.#all;
  }

  find(seq: number): TopicQuestion | undefined {
    return this.#all.find(({ message }) => message.seq === seq);
  }

  /** Asks anew; once for all who ask meanwhile. What the server cannot tell now stays as it was. */
  refresh(): Promise<void> {
    this.#stale = true;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    while (this.#stale) {
      this.#stale = false;
      try {
        this.#all = await this.#topic.questions({ state: "open", limit: LIMIT });
      } catch (error) {
        if (!(error instanceof RedRoomError)) throw error;
      }
      this.#changed();
    }
  }

  #isMineToAnswer({ message, asked }: TopicQuestion): boolean {
    if (message.by === this.#self || !this.#topic.can("answer")) return false;
    const those = asked ?? message.to;
    return those === undefined || those.some(({ id }) => id === this.#self);
  }

  get #self(): string | undefined {
    return this.#topic.self?.id;
  }
}
