import type { ManualClock } from "../manual-clock.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { drawRoles, type SimulatedTopic } from "./people.ts";
import type { Recorder } from "./recorder.ts";
import type { ServerLives } from "./server-lives.ts";

/** A server that has not answered by then never will: it was killed. */
const PATIENCE_MS = 1_000;

/** Gives and takes roles now and then, also lets in who was removed; tries again until it is on record. */
export class Administrator {
  readonly #clock: ManualClock;
  readonly #server: ServerLives;
  readonly #random: SeededRandom;
  readonly #recorder: Recorder;
  readonly #topics: readonly [SimulatedTopic, ...SimulatedTopic[]];
  readonly #users: readonly [string, ...string[]];
  /** By topic and user: what was decided last. */
  readonly #roles = new Map<string, readonly string[]>();
  #finishing = false;
  #idle = false;

  constructor(
    {
      clock,
      server,
      recorder,
    }: { readonly clock: ManualClock; readonly server: ServerLives; readonly recorder: Recorder },
    topics: readonly [SimulatedTopic, ...SimulatedTopic[]],
    users: readonly [string, ...string[]],
    random: SeededRandom,
  ) {
    this.#clock = clock;
    this.#server = server;
    this.#recorder = recorder;
    this.#topics = topics;
    this.#users = users;
    this.#random = random;
    for (const { title, members } of topics) for (const [user, roles] of members) this.#note(title, user, roles);
  }

  isMember(user: string, title: string): boolean {
    return (this.#roles.get(keyOf(title, user)) ?? []).length > 0;
  }

  /** Nothing is left to be put on record. */
  get idle(): boolean {
    return this.#idle;
  }

  /** Changes roles until `finish`; then lets most of those in again who are outside. */
  async run(): Promise<void> {
    while (!this.#finishing) {
      await this.#pause(200, 1_600);
      if (this.#finishing) break;
      const { title } = this.#random.pick(this.#topics);
      const user = this.#random.pick(this.#users);
      await this.#set(title, user, this.#random.chance(0.4) ? [] : drawRoles(this.#random, user));
    }
    for (const { title, members } of this.#topics) {
      for (const [user, roles] of members) {
        if (!this.isMember(user, title) && this.#random.chance(0.7)) await this.#set(title, user, roles);
      }
    }
    this.#idle = true;
  }

  finish(): void {
    this.#finishing = true;
  }

  async #set(title: string, user: string, roles: readonly string[]): Promise<void> {
    const what = roles.length === 0 ? "nobody any more" : roles.join(" and ");
    this.#recorder.note({ type: "fault", what: `the administrator makes ${user} ${what} in ${title}` });
    this.#note(title, user, roles);
    while (!(await this.#tried(title, user, roles))) await this.#pause(50, 150);
  }

  async #tried(title: string, user: string, roles: readonly string[]): Promise<boolean> {
    const { server } = this.#server;
    if (server === undefined) return false;
    const tooLate = new Promise<boolean>((resolve) => void this.#clock.setTimer(() => resolve(false), PATIENCE_MS));
    const setting = server.setRoles(title, { id: user, name: user }, roles).then(
      () => true,
      () => false,
    );
    return await Promise.race([setting, tooLate]);
  }

  #note(title: string, user: string, roles: readonly string[]): void {
    this.#roles.set(keyOf(title, user), roles);
  }

  #pause(shortestMs: number, longestMs: number): Promise<void> {
    const afterMs = this.#random.between(shortestMs, longestMs);
    return new Promise((resolve) => void this.#clock.setTimer(resolve, afterMs));
  }
}

const keyOf = (title: string, user: string): string => JSON.stringify([title, user]);
