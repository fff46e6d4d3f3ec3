import { randomId } from "../base/id.ts";
import type { PreparedDraft, PreparedMessage, PreparedStore } from "./prepared-store.ts";

/** Prepared messages that live as long as their process. */
export class MemoryPrepared implements PreparedStore {
  readonly #pools = new Map<string | undefined, readonly PreparedMessage[]>();
  readonly #check: (topicId: string | undefined) => void;

  /** @param check Throws what stands against a call: the store is closed, or there is no such topic. */
  constructor(check: (topicId: string | undefined) => void) {
    this.#check = check;
  }

  async replace(topicId: string | undefined, messages: readonly PreparedDraft[]): Promise<void> {
    this.#check(topicId);
    this.#pools.set(
      topicId,
      messages.map(({ kind, title, text }) => ({
        id: randomId(),
        kind,
        text,
        ...(title !== undefined && { title }),
        ...(topicId !== undefined && { topic: topicId }),
      })),
    );
  }

  async list(topicId: string | undefined): Promise<PreparedMessage[]> {
    this.#check(topicId);
    const scopes = topicId === undefined ? [undefined] : [undefined, topicId];
    return scopes.flatMap((scope) => this.#pools.get(scope) ?? []);
  }
}
