import { ManualClock } from "@redroom/sdk/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attempt } from "../../src/bot/attempt.ts";
import { CursorKeeper } from "../../src/bot/cursor-keeper.ts";
import type { Entry } from "../../src/bot/entry.ts";
import { Place } from "../../src/bot/place.ts";
import { sendId } from "../../src/bot/sends.ts";
import { Slots } from "../../src/bot/slots.ts";
import { TopicWork } from "../../src/bot/topic-work.ts";
import { turns } from "../client/room.ts";

/** What the handler of an entry does: sends, waits for the next message of that number, sends; fails so often before it does well. */
interface Plan {
  readonly waits: boolean;
  readonly fails: number;
}

type Action =
  | { readonly kind: "arrive" | "crash" }
  | { readonly kind: "go"; readonly which: number; readonly took: boolean }
  | { readonly kind: "pass"; readonly ms: number };

const MAX_ATTEMPTS = 4;

/** What outlives a crash. */
class World {
  readonly clock = new ManualClock(0);
  readonly log: Entry[] = [];
  /** What the record has of the bot: the text by id. Another text under the same id is refused. */
  readonly stored = new Map<string, string>();
  readonly finished: number[] = [];
  readonly givenUp: number[] = [];
  readonly failures = new Map<number, number>();
  saved: string | undefined;
  readonly plans: readonly Plan[];

  constructor(plans: readonly Plan[]) {
    this.plans = plans;
  }

  arrive(): void {
    const seq = this.log.length + 1;
    if (seq > this.plans.length) return;
    this.clock.advance(1);
    const message = { kind: "note", seq } as unknown;
    const content = { event: "note", message } as Entry["content"];
    this.log.push({ place: seq, seq, at: this.clock.now(), name: `message ${seq}`, content });
  }
}

/** One life of the bot. */
class Life {
  readonly #world: World;
  readonly #place: Place;
  readonly #work: TopicWork;
  readonly #keeper: CursorKeeper;
  /** What is under way and may come to its end: sends and saves. */
  #pending: ((took: boolean) => void)[] = [];
  #next: number;
  #dead = false;
  /** Those that are handled, in the order in which they begin. */
  readonly begun: number[] = [];

  constructor(world: World) {
    this.#world = world;
    const place = world.saved === undefined ? new Place(0) : Place.parse(world.saved);
    this.#place = place;
    this.#next = place.read + 1;
    const { clock } = world;
    this.#keeper = new CursorKeeper(
      {
        clock,
        save: (text) =>
          this.#async(() => {
            world.saved = text;
          }),
        current: () => String(place),
        onFailed: () => {},
      },
      world.saved,
    );
    this.#work = new TopicWork(
      {
        clock,
        handlerTimeoutMs: 1e9,
        maxAttempts: MAX_ATTEMPTS,
        maxSends: 100,
        online: () => true,
        caughtUp: () => true,
        failuresOf: ({ seq }) => place.failuresOf(seq),
        failed: ({ seq }, count) => {
          place.failed(seq, count);
          void this.#keeper.save();
        },
        finished: (entries) => {
          for (const entry of entries) place.finished(entry.place);
          if (!this.#dead) world.finished.push(...entries.map(({ seq }) => seq));
          void this.#keeper.save();
        },
        giveUp: ({ seq }, reason, attempts) => {
          place.giveUp({ seq, reason, attempts, at: new Date(0) });
          if (!this.#dead) world.givenUp.push(seq);
        },
        tell: () => {},
        handle: (entry, attempt) => this.#handle(entry, attempt),
      },
      new Slots(1),
    );
    void this.#work.run();
  }

  /** Takes what has come. */
  read(): void {
    for (; this.#next <= this.#world.log.length; this.#next += 1) {
      const entry = this.#world.log[this.#next - 1] as Entry;
      if (this.#place.wasFinished(entry.place)) {
        this.#place.passed(entry.place);
      } else {
        this.#place.opened(entry.place);
        this.#work.take(entry);
      }
    }
  }

  go(which: number, took: boolean): void {
    const [pending] = this.#pending.splice(which % Math.max(1, this.#pending.length), 1);
    pending?.(took);
  }

  /** @param took Whether what was under way has arrived all the same. */
  crash(took: boolean): void {
    this.#dead = true;
    this.#work.abort();
    this.#keeper.stop();
    for (const pending of this.#pending.splice(0)) if (took) pending(true);
    this.#pending = [];
  }

  get idle(): boolean {
    return this.#pending.length === 0;
  }

  #async(act: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#pending.push(() => {
        act();
        if (!this.#dead) resolve();
      });
    });
  }

  async #handle({ seq, name }: Entry, attempt: Attempt): Promise<void> {
    this.begun.push(seq);
    const plan = this.#world.plans[seq - 1] as Plan;
    const send = (text: string) =>
      attempt.send(undefined, async (ordinal) => {
        const id = sendId("bot", "topic", name, ordinal);
        await this.#async(() => void (this.#world.stored.has(id) || this.#world.stored.set(id, text)));
        return { seq: 0, id, at: new Date(0), duplicate: false };
      });
    void send(`${seq} begun`);
    const failures = this.#world.failures.get(seq) ?? 0;
    if (failures < plan.fails) {
      this.#world.failures.set(seq, failures + 1);
      throw new Error("as planned");
    }
    if (plan.waits) {
      const came = await attempt.waitFor((entry) => entry.seq > seq && entry.seq % 3 === 0, { timeoutMs: 5 });
      await send(came === undefined ? `${seq} alone` : `${seq} with ${came.seq}`);
    }
  }
}

const plans = fc.array(fc.record({ waits: fc.boolean(), fails: fc.nat({ max: MAX_ATTEMPTS - 1 }) }), {
  minLength: 1,
  maxLength: 12,
});
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Action>({ kind: "arrive" }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("go" as const), which: fc.nat(5), took: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1, 10, 2_000) }) },
  { weight: 1, arbitrary: fc.constant<Action>({ kind: "crash" }) },
);

/** Everything that can go on does, until nothing is left. */
async function settle(world: World, life: Life): Promise<void> {
  while (world.log.length < world.plans.length) world.arrive();
  for (let quiet = 0; quiet < 4; ) {
    life.read();
    const idle = life.idle;
    life.go(0, true);
    world.clock.advance(10_000);
    await turns(2);
    quiet = idle ? quiet + 1 : 0;
  }
}

describe("the place of a bot", () => {
  it("is never lost: everything is finished at least once, in order, and sent exactly once", async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.array(action, { maxLength: 60 }), fc.boolean(), async (planned, actions, took) => {
        const world = new World(planned);
        const lives = [new Life(world)];
        for (const one of actions) {
          const life = lives.at(-1) as Life;
          if (one.kind === "arrive") world.arrive();
          else if (one.kind === "pass") world.clock.advance(one.ms);
          else if (one.kind === "go") life.go(one.which, one.took);
          else {
            life.crash(took);
            lives.push(new Life(world));
          }
          lives.at(-1)?.read();
          await turns(1);
        }
        const last = lives.at(-1) as Life;
        await settle(world, last);
        const all = planned.map((_, index) => index + 1);
        last.crash(false);

        expect(world.givenUp).toEqual([]);
        expect([...new Set(world.finished)].sort((one, other) => one - other)).toEqual(all);
        expect(JSON.parse(world.saved as string)).toMatchObject({ seq: planned.length, finished: [] });
        for (const { begun } of lives) {
          const firsts = [...new Set(begun)];
          expect(firsts).toEqual([...firsts].sort((one, other) => one - other));
        }
        // One beginning for each that was handled, and one end for each that waits; none under two ids.
        const texts = [...world.stored.values()];
        expect(texts).toEqual([...new Set(texts)]);
        const handled = new Set(lives.flatMap(({ begun }) => begun));
        for (const seq of handled) {
          expect(texts.filter((text) => text === `${seq} begun`)).toHaveLength(1);
          const ends = texts.filter((text) => text.startsWith(`${seq} alone`) || text.startsWith(`${seq} with`));
          expect(ends.length).toBeLessThanOrEqual(1);
          if (world.finished.includes(seq) && planned[seq - 1]?.waits && !ends.length) {
            // Then another handler has waited for it, in the life that has finished it.
            expect(texts.some((text) => text.endsWith(`with ${seq}`))).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
