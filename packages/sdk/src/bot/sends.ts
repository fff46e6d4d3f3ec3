import { createHash } from "node:crypto";
import { RedRoomError } from "../base/errors.ts";
import type { SendOptions } from "../client/outbox.ts";
import type { Stored } from "../client/sending.ts";
import type { Topic } from "../client/topic.ts";

/** Changes when ids are made otherwise: they would send everything once more. */
const DOMAIN = "redroom bot send v1";

/** Names a send for ever: the same send of the same entry by the same bot has the same id, whoever runs it, and how often. */
export function sendId(bot: string, topic: string, entry: string, send: string | number): string {
  const named = JSON.stringify([DOMAIN, bot, topic, entry, send]);
  return createHash("sha256").update(named).digest().subarray(0, 16).toString("base64url");
}

/** What a bot sends to a topic, each id once. */
export class Sends {
  readonly #topic: Topic;
  readonly #underWay = new Map<string, Promise<Stored>>();

  constructor(topic: Topic) {
    this.#topic = topic;
  }

  /**
   * Sends a message, unless it was sent before: by an attempt that is over, or before a restart.
   *
   * @param behind The entry that it follows from: the record has it behind that one.
   */
  async send(text: string, options: SendOptions & { readonly id: string }, behind: number): Promise<Stored> {
    const { id } = options;
    const underWay = this.#underWay.get(id);
    if (underWay !== undefined) {
      const earlier = await underWay.catch(() => undefined);
      if (earlier !== undefined) return { ...earlier, duplicate: true };
    }
    const storing = this.#store(text, options, behind);
    this.#underWay.set(id, storing);
    try {
      return await storing;
    } finally {
      this.#underWay.delete(id);
    }
  }

  async #store(text: string, options: SendOptions & { readonly id: string }, behind: number): Promise<Stored> {
    try {
      return await this.#topic.send(text, options);
    } catch (error) {
      if (!(error instanceof RedRoomError) || error.code !== "ID_REUSED") throw error;
      return await this.#find(options.id, behind, error);
    }
  }

  /** An earlier run has sent it, with another text. */
  async #find(id: string, behind: number, reused: RedRoomError): Promise<Stored> {
    for await (const message of this.#topic.messages({ from: behind + 1, until: "head" })) {
      const { seq, at } = message;
      if (message.id === id && message.by === this.#topic.self?.id) return { seq, id, at, duplicate: true };
    }
    throw reused; // its text was erased meanwhile
  }
}
