import { describe, expect, it } from "vitest";
import { emptyState } from "../../src/rules/topic-state.ts";
import { Bulletin } from "../../src/server/bulletin.ts";
import type { EntryForms } from "../../src/server/entry-forms.ts";
import { PageTurns } from "../../src/server/page-turns.ts";
import { Subscription } from "../../src/server/subscription.ts";
import type { Follower, TopicRoom } from "../../src/server/topic-room.ts";
import { ManualClock } from "../../src/testing/manual-clock.ts";

const frame = (text: string) => new TextEncoder().encode(text);

/** A note for all, which is the same frame to everybody. */
const entry = (seq: number, text: string) =>
  ({ leaf: { seq, kind: "note", by: "anna" }, as: () => frame(text) }) as unknown as EntryForms;

const READER = { pseudonym: "bernd", rights: () => ({ roles: [], capabilities: new Set(["readAll"] as const) }) };

/** A room of which another process has written more than it knows: its pages reach beyond its head. */
class LaggingRoom {
  head = 0;
  epoch = 0;
  readonly bulletin = new Bulletin();
  readonly regulated = false;
  readonly state = emptyState(false);
  checkpoint: { size: number; note: string; frame: Uint8Array } | undefined;
  wake: () => void = () => {};
  readonly #stored: number;

  constructor(stored: number) {
    this.#stored = stored;
  }

  /** What it knows of the log's state may be newer than its head. */
  get stateSize(): number {
    return this.#stored;
  }

  know(size: number): void {
    this.head = size;
    this.checkpoint = { size, note: "", frame: frame(`checkpoint ${size}`) };
    this.wake();
  }
  recent(): undefined {}
  async read(from: number): Promise<EntryForms[]> {
    return Array.from({ length: this.#stored - from + 1 }, (_, index) => entry(from + index, `entry ${from + index}`));
  }
  follow({ wake }: Follower): () => void {
    this.wake = wake;
    return () => {};
  }
}

/** What a subscription of a test needs, and the frames that it has sent, until the reader is full. */
function reader(room: LaggingRoom, { from = 1, takes = Number.POSITIVE_INFINITY, pages = new PageTurns(1) } = {}) {
  const clock = new ManualClock();
  const sent: string[] = [];
  const failed: string[] = [];
  let free = takes;
  const output = {
    send: (bytes: Uint8Array): boolean => {
      sent.push(new TextDecoder().decode(bytes));
      free -= 1;
      return free > 0;
    },
    taken: () => 0,
    fail: ({ code }: { readonly code: string }) => void failed.push(code),
  };
  const context = { clock, pages, slowConsumerMs: 30_000 };
  const subscription = new Subscription(room as unknown as TopicRoom, from, READER, output, context);
  const take = (more: number): void => {
    free = more;
    subscription.resume();
  };
  return { clock, sent, failed, subscription, take };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a reader that got more than its room knew", () => {
  it("gets the checkpoint of it as soon as the room has caught up, and once", async () => {
    const room = new LaggingRoom(3);
    room.know(2);
    const { sent } = reader(room);
    await turn();
    expect(sent).toEqual(["entry 1", "entry 2", "checkpoint 2", "entry 3"]);
    room.know(3);
    room.wake();
    expect(sent.slice(4)).toEqual(["checkpoint 3"]);
  });
});

describe("a reader that takes little", () => {
  it("is sent what it takes, in order, and the rest of the page later", async () => {
    const room = new LaggingRoom(6);
    room.know(6);
    const { sent, take } = reader(room, { takes: 2 });
    await turn();
    expect(sent).toEqual(["entry 1", "entry 2"]);
    take(3);
    take(100);
    expect(sent).toEqual([1, 2, 3, 4, 5, 6].map((seq) => `entry ${seq}`).concat("checkpoint 6"));
  });

  it("is cut off after it has taken nothing for 30 seconds, and not when it takes a little", async () => {
    const room = new LaggingRoom(50);
    room.know(50);
    const { clock, failed, take, sent } = reader(room, { takes: 1 });
    await turn();
    clock.advance(29_000);
    take(1);
    clock.advance(29_999);
    expect(failed).toEqual([]);
    clock.advance(1);
    expect(failed).toEqual(["SLOW_CONSUMER"]);
    take(10);
    expect(sent).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it("holds a page only in its turn, and gives the turn back when it stops", async () => {
    const pages = new PageTurns(1);
    const [one, two] = [new LaggingRoom(9), new LaggingRoom(9)];
    one.know(9);
    two.know(9);
    const first = reader(one, { takes: 1, pages });
    const second = reader(two, { pages });
    await turn();
    expect(second.sent).toEqual([]);
    first.subscription.stop();
    await turn();
    expect(second.sent).toHaveLength(10);
  });

  it("does not get a page that was read before a text in it was erased", async () => {
    const room = new LaggingRoom(4);
    room.know(4);
    const { sent, take } = reader(room, { takes: 1 });
    await turn();
    room.read = async (from) =>
      Array.from({ length: 5 - from }, (_, index) => entry(from + index, `as it is now ${from + index}`));
    room.epoch += 1;
    take(100);
    await turn();
    expect(sent.slice(1, 4)).toEqual(["as it is now 2", "as it is now 3", "as it is now 4"]);
  });
});

describe("a reader", () => {
  it("knows all members before an entry names them", async () => {
    const room = new LaggingRoom(2);
    for (const name of ["anna", "bernd"]) room.bulletin.post(name, frame(name));
    room.know(2);
    const { sent, take } = reader(room, { takes: 1 });
    take(1);
    expect(sent).toEqual(["anna", "bernd"]);
    room.bulletin.post("carla", frame("carla"));
    take(100);
    await turn();
    expect(sent).toEqual(["anna", "bernd", "carla", "entry 1", "entry 2", "checkpoint 2"]);
    room.bulletin.post("doris", frame("doris"));
    room.wake();
    expect(sent.at(-1)).toBe("doris");
  });
});
