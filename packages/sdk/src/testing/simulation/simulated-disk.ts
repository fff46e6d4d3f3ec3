import type { Clock } from "../../base/clock.ts";
import { RedRoomError } from "../../base/errors.ts";
import { readCheckpoint } from "../../evidence/checkpoint.ts";
import { parseLeaf } from "../../evidence/leaf.ts";
import { storeClosed } from "../../store/store-errors.ts";
import type { Appended, TopicStore } from "../../store/topic-store.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Recorder } from "./recorder.ts";

const WRITES: ReadonlySet<string> = new Set(["append", "erase", "createTopic", "pseudonym"]);
/** From the call to the sync of its bytes, and from there to the answer. */
const WRITE_MS = [0, 12] as const;
const ANSWER_MS = [0, 6] as const;

/**
 * The disk under all lives of a server: what has reached it stays, whatever happens to the process; and for a while it
 * can refuse everything.
 */
export class SimulatedDisk {
  readonly #inner: TopicStore;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #recorder: Recorder;
  readonly #titles = new Map<string, string>();
  /** By title: how many entries are durable. */
  readonly #heads = new Map<string, number>();
  #broken = false;
  #outages = 0;
  /** Calls within the store below, which is at once done with them: in turns of the event loop, not by the clock. */
  #busy = 0;

  constructor(inner: TopicStore, clock: Clock, random: SeededRandom, recorder: Recorder) {
    this.#inner = inner;
    this.#clock = clock;
    this.#random = random;
    this.#recorder = recorder;
  }

  get busy(): boolean {
    return this.#busy > 0;
  }

  /** Every call fails from now on; one under way fails too, and nobody can tell whether it has taken effect. */
  break(): void {
    this.#broken = true;
    this.#outages += 1;
  }

  mend(): void {
    this.#broken = false;
  }

  /** The store as one life of a server sees it. */
  mount(server: string): { readonly store: TopicStore; readonly unmount: () => void } {
    for (const [topic, last] of this.#heads) this.#recorder.note({ type: "knows", server, topic, last });
    const life = { server, dead: false, closed: true, lastWrite: Promise.resolve() as Promise<unknown> };
    const call = async (method: string, work: () => Promise<unknown>): Promise<unknown> => {
      if (life.closed && method !== "open" && method !== "close") throw storeClosed();
      const outages = this.#outages;
      const answer = await this.#serve(method, work, life, outages).catch((error: unknown) => ({ error }));
      if (life.dead) return await new Promise(() => {});
      if (typeof answer === "object" && answer !== null && "error" in answer) {
        this.#recorder.note({ type: "storeAnswered", server, worked: !isOutage(answer.error) });
        throw answer.error;
      }
      if (method === "open") life.closed = false;
      if (method === "close") life.closed = true;
      else this.#recorder.note({ type: "storeAnswered", server, worked: true });
      if (method === "append" || method === "erase") this.#noteKnown(server, answer as Appended);
      return answer;
    };
    const store = new Proxy(this.#inner, {
      get: (inner, name) => {
        const member: unknown = Reflect.get(inner, name, inner);
        // It has no users: the application says who may log in.
        if (typeof member !== "function" || typeof name !== "string") return undefined;
        return (...args: readonly unknown[]) => call(name, async () => await member.apply(inner, args));
      },
    });
    return {
      store,
      unmount: () => {
        life.dead = true;
      },
    };
  }

  async #serve(
    method: string,
    work: () => Promise<unknown>,
    life: { readonly dead: boolean; lastWrite: Promise<unknown> },
    outages: number,
  ): Promise<unknown> {
    if (method === "close") return undefined;
    if (!WRITES.has(method)) {
      if (this.#random.chance(0.2)) await this.#wait(this.#random.between(1, 5));
      this.#check(outages);
      return method === "open" ? undefined : await this.#run(work);
    }
    // Writes reach the disk in the order in which they were asked for.
    const before = life.lastWrite;
    const reaches = Promise.all([before, this.#wait(this.#random.between(...WRITE_MS))]);
    life.lastWrite = reaches;
    await reaches;
    if (life.dead) return undefined;
    this.#check(outages);
    const result = await this.#run(work);
    if (method === "append" || method === "erase") this.#noteCommit(result as Appended);
    await this.#wait(this.#random.between(...ANSWER_MS));
    this.#check(outages);
    return result;
  }

  /** @throws When the disk is broken, or was meanwhile. */
  #check(outages: number): void {
    if (!this.#broken && this.#outages === outages) return;
    throw new RedRoomError("STORE_UNAVAILABLE", "unable to use the store; its disk does not answer", {
      retryable: true,
      remedy: "wait until the simulation mends it",
    });
  }

  async #run(work: () => Promise<unknown>): Promise<unknown> {
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(resolve, ms));
  }

  /** Names a topic for the history. @param head How many entries it has. */
  title(topicId: string, title: string, head: number): void {
    this.#titles.set(topicId, title);
    this.#heads.set(title, head);
  }

  titleOf(topicId: string): string {
    return this.#titles.get(topicId) ?? topicId;
  }

  #noteKnown(server: string, { entries, head, checkpoint }: Appended): void {
    if (head === undefined) return;
    const topic = this.#titleIn(checkpoint);
    this.#recorder.note({ type: "knows", server, topic, last: entries.at(-1)?.seq ?? 0 });
  }

  #titleIn(checkpoint: string): string {
    return this.titleOf(readCheckpoint(checkpoint)?.origin.replace(/^.*\//, "") ?? "");
  }

  #noteCommit({ entries, duplicate, checkpoint }: Appended): void {
    const [first, last] = [entries[0]?.seq ?? 0, entries.at(-1)?.seq ?? 0];
    if (duplicate) return;
    const messages = entries.filter(({ leaf }) => isRead(parseLeaf(leaf)?.kind)).map(({ seq }) => seq);
    const topic = this.#titleIn(checkpoint);
    this.#heads.set(topic, last);
    this.#recorder.note({ type: "committed", topic, first, last, messages, checkpoint });
  }
}

const isRead = (kind: string | undefined): boolean => kind !== "delivery" && kind !== "membership";

const isOutage = (error: unknown): boolean => error instanceof RedRoomError && error.code === "STORE_UNAVAILABLE";
