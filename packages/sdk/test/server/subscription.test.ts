import { describe, expect, it } from "vitest";
import { Subscription } from "../../src/server/subscription.ts";
import type { TopicRoom } from "../../src/server/topic-room.ts";

const frame = (text: string) => new TextEncoder().encode(text);

/** A room of which another process has written more than it knows: its pages reach beyond its head. */
class LaggingRoom {
  head = 0;
  checkpoint: { size: number; note: string; frame: Uint8Array } | undefined;
  wake: () => void = () => {};
  readonly #stored: number;

  constructor(stored: number) {
    this.#stored = stored;
  }

  know(size: number): void {
    this.head = size;
    this.checkpoint = { size, note: "", frame: frame(`checkpoint ${size}`) };
    this.wake();
  }
  recent(): undefined {}
  async read(from: number): Promise<Uint8Array[]> {
    return Array.from({ length: this.#stored - from + 1 }, (_, index) => frame(`entry ${from + index}`));
  }
  follow(wake: () => void): () => void {
    this.wake = wake;
    return () => {};
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a reader that got more than its room knew", () => {
  it("gets the checkpoint of it as soon as the room has caught up, and once", async () => {
    const room = new LaggingRoom(3);
    room.know(2);
    const sent: string[] = [];
    const send = (bytes: Uint8Array): boolean => sent.push(new TextDecoder().decode(bytes)) > 0;
    new Subscription(room as unknown as TopicRoom, 1, { send, fail: () => {} });
    await turn();
    expect(sent).toEqual(["entry 1", "entry 2", "checkpoint 2", "entry 3"]);
    room.know(3);
    room.wake();
    expect(sent.slice(4)).toEqual(["checkpoint 3"]);
  });
});
