import { getEventListeners } from "node:events";
import type { Stored } from "@redroom/sdk";
import { ManualClock } from "@redroom/sdk/testing";
import { describe, expect, it } from "vitest";
import type { Attempt } from "../../src/bot/attempt.ts";
import type { Entry } from "../../src/bot/entry.ts";
import { Slots } from "../../src/bot/slots.ts";
import { TopicWork } from "../../src/bot/topic-work.ts";
import { turns } from "../client/room.ts";

const entryAt = (seq: number): Entry => ({
  place: seq,
  seq,
  at: seq,
  name: `message ${seq}`,
  content: { event: "note", message: { kind: "note", seq } } as unknown as Entry["content"],
});

const stored: Stored = { seq: 1, id: "", at: new Date(1), duplicate: false };

async function storedLater(): Promise<Stored> {
  await turns(5);
  return stored;
}

function workWith(handle: (entry: Entry, attempt: Attempt) => Promise<unknown>) {
  const clock = new ManualClock(0);
  const finished: number[] = [];
  const work = new TopicWork(
    {
      clock,
      handlerTimeoutMs: 60_000,
      maxAttempts: 5,
      maxSends: 100,
      online: () => true,
      caughtUp: () => true,
      failuresOf: () => 0,
      failed: () => {},
      finished: (entries) => {
        finished.push(...entries.map(({ seq }) => seq));
        return undefined;
      },
      giveUp: () => {},
      tell: () => {},
      handle: async (entry, attempt) => void (await handle(entry, attempt)),
    },
    new Slots(1),
  );
  const running = work.run();
  return { work, clock, finished, running };
}

/** Reads as a bot does: on, as long as there is room. */
async function readUpTo(work: TopicWork, last: number): Promise<{ readonly read: () => number }> {
  let seq = 0;
  const reading = async (): Promise<void> => {
    while (seq < last) {
      seq += 1;
      work.take(entryAt(seq));
      await work.room();
    }
  };
  void reading();
  await turns(10);
  return { read: () => seq };
}

describe("the work of a topic", () => {
  it("reads no further ahead than 16 entries", async () => {
    let open: () => void = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { work, finished, running } = workWith(() => opened);
    const { read } = await readUpTo(work, 100);
    expect(read()).toBe(17); // one is at work
    open();
    await turns(200);
    expect([read(), finished.length]).toEqual([100, 100]);
    work.stop();
    await running;
  });

  it("begins no more than 1,000 handlers that wait, and goes on when the time of one is over", async () => {
    const { work, clock, finished, running } = workWith(({ seq }, attempt) =>
      attempt.waitFor(() => false, { timeoutMs: 100_000 + 10 * seq }),
    );
    const { read } = await readUpTo(work, 2_000);
    await turns(2_000);
    expect(read()).toBe(1_016);
    clock.advance(100_100);
    await turns(50);
    expect(finished).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(read()).toBe(1_025);
    work.abort();
    await running;
    expect(clock.pending).toBe(0);
  });

  it("gives a message to the handler that waits for it, of several to the one whose entry came first", async () => {
    const given: string[] = [];
    const { work, finished, running } = workWith(async ({ seq }, attempt) => {
      if (seq > 2) return void given.push(`${seq} handled`);
      const entry = await attempt.waitFor((one) => one.seq >= 3, { timeoutMs: 1_000 });
      given.push(`${entry?.seq} to ${seq}`);
    });
    await readUpTo(work, 5);
    await turns(20);
    expect(given).toEqual(["3 to 1", "4 to 2", "5 handled"]);
    expect(finished).toEqual([1, 3, 2, 4, 5]);
    work.stop();
    await running;
  });

  it("waits longer than a timer can", async () => {
    const { work, clock, finished, running } = workWith((_, attempt) =>
      attempt.waitFor(() => false, { until: new Date(2 ** 32) }),
    );
    await readUpTo(work, 1);
    clock.advance(2 ** 32 - 1);
    await turns(5);
    expect(finished).toEqual([]);
    clock.advance(1);
    await turns(5);
    expect(finished).toEqual([1]);
    work.stop();
    await running;
  });

  it("lets a handler that waits for two messages at once have both", async () => {
    const given: unknown[] = [];
    const { work, running } = workWith(async ({ seq }, attempt) => {
      if (seq > 1) return;
      const wait = (wanted: number) => attempt.waitFor((one) => one.seq === wanted, { timeoutMs: 1_000 });
      given.push(...(await Promise.all([wait(3), wait(2)])).map((entry) => entry?.seq));
    });
    await readUpTo(work, 4);
    await turns(20);
    expect(given).toEqual([3, 2]);
    work.stop();
    await running;
  });

  it("gives nothing to a wait that has lost a race while its handler is at work", async () => {
    const given: string[] = [];
    const { work, running } = workWith(async ({ seq }, attempt) => {
      if (seq > 1) return void given.push(`${seq} handled`);
      const wait = (wanted: number) => attempt.waitFor((one) => one.seq === wanted, { timeoutMs: 1_000 });
      given.push(`${(await Promise.race([wait(2), wait(3)]))?.seq} to 1`);
      await attempt.send(undefined, storedLater);
    });
    await readUpTo(work, 3);
    await turns(30);
    expect(given).toEqual(["2 to 1", "3 handled"]);
    work.stop();
    await running;
  });

  it("ends a wait by its signal, in a turn of its handler", async () => {
    const given: unknown[] = [];
    const [lost, external] = [new AbortController(), new AbortController()];
    const { work, finished, running } = workWith(async ({ seq }, attempt) => {
      if (seq > 1) return void given.push(`${seq} handled`);
      const wait = (wanted: number, signal?: AbortSignal) =>
        attempt.waitFor((one) => one.seq === wanted, { timeoutMs: 1_000, ...(signal && { signal }) });
      given.push((await Promise.race([wait(2), wait(3, lost.signal)]))?.seq);
      lost.abort();
      await wait(9, external.signal).catch((error) => given.push(error));
      expect(() => wait(9, external.signal)).toThrow(/its signal was aborted/);
      return attempt.waitFor(() => false, { timeoutMs: 2_000 });
    });
    await readUpTo(work, 3);
    await turns(30);
    expect(given).toEqual([2, "3 handled"]);
    external.abort(new Error("enough"));
    await turns(10);
    expect(given.slice(2)).toMatchObject([{ code: "ABORTED", cause: new Error("enough") }]);
    expect(finished).toEqual([3]);
    work.abort();
    await running;
  });

  it("leaves nothing on the signal of a wait that is over", async () => {
    const { signal } = new AbortController();
    const listeners: number[] = [];
    const count = () => void listeners.push(getEventListeners(signal, "abort").length);
    const { work, running } = workWith(async ({ seq }, attempt) => {
      if (seq > 1) return count();
      await attempt.waitFor((one) => one.seq === 3, { timeoutMs: 1_000, signal });
      count();
    });
    await readUpTo(work, 3);
    await turns(20);
    expect(listeners).toEqual([1, 0]);
    work.stop();
    await running;
  });

  it("ends a handler's turn when what it has sent is stored, so that no answer is missed", async () => {
    const given: string[] = [];
    const { work, finished, running } = workWith(async ({ seq }, attempt) => {
      if (seq > 1) return void given.push(`${seq} handled`);
      const waitBehindSend = async (wanted: number, send: () => Promise<Stored>) => {
        await attempt.send(undefined, send);
        const entry = await attempt.waitFor((one) => one.seq === wanted, { timeoutMs: 1_000 });
        given.push(`${entry?.seq} to 1`);
      };
      await Promise.all([waitBehindSend(3, async () => stored), waitBehindSend(2, storedLater)]);
    });
    await readUpTo(work, 3);
    await turns(40);
    expect(given).toEqual(["2 to 1", "3 to 1"]);
    expect(finished).toEqual([1, 2, 3]);
    work.stop();
    await running;
  });

  it("tells handlers that wait when it ends, and counts nothing of theirs", async () => {
    const heard: unknown[] = [];
    const { work, finished, running } = workWith(async (_, attempt) => {
      try {
        await attempt.waitFor(() => false, { timeoutMs: 1_000 });
      } catch (error) {
        heard.push(error);
      } finally {
        heard.push("finally");
      }
    });
    await readUpTo(work, 1);
    await turns(10);
    work.abort();
    await running;
    await turns(5);
    expect(heard).toMatchObject([{ code: "ABORTED" }, "finally"]);
    expect(finished).toEqual([]);
  });

  it("tells a handler when its filter throws", async () => {
    const heard: unknown[] = [];
    const { work, finished, running } = workWith(async ({ seq }, attempt) => {
      const broken = (): boolean => {
        throw new Error("broken filter");
      };
      if (seq === 1) await attempt.waitFor(broken, { timeoutMs: 1_000 }).catch((error) => heard.push(error));
    });
    await readUpTo(work, 2);
    await turns(20);
    expect(heard).toEqual([new Error("broken filter")]);
    expect(finished).toEqual([1, 2]);
    work.stop();
    await running;
  });
});
