import type { Clock } from "../../base/clock.ts";
import type { SimulatedHost } from "../network/simulated-network.ts";
import type { Notices } from "../network/simulated-path.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Participant } from "./participant.ts";
import type { Recorder } from "./recorder.ts";
import type { ServerLives } from "./server-lives.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";

/** What can go wrong. */
export interface ChaosWorld {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly server: ServerLives;
  readonly disk: SimulatedDisk;
  readonly participants: readonly [Participant, ...Participant[]];
}

const NOTICES: readonly [Notices, ...Notices[]] = ["now", "later", "never"];

const WAYS = ["in", "out", undefined] as const;

/** Faults, one behind the other and at times several at once, until `heal`. */
export class Chaos {
  readonly #world: ChaosWorld;
  readonly #random: SeededRandom;
  readonly #cut = new Set<SimulatedHost>();
  #healed = false;

  constructor(world: ChaosWorld, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  async run(): Promise<void> {
    await this.#pause(200, 1_500);
    while (!this.#healed) {
      this.#strike();
      await this.#pause(50, 1_800);
    }
  }

  /** Everything works from now on. */
  heal(): void {
    const { recorder, server, disk } = this.#world;
    this.#healed = true;
    recorder.note({ type: "healed" });
    disk.mend();
    for (const host of this.#cut) host.heal();
    if (server.host !== undefined) server.host.refusesDials = false;
    server.start();
  }

  #strike(): void {
    const { server, participants } = this.#world;
    const { host } = this.#random.pick<{ readonly host: SimulatedHost | undefined }>([server, ...participants]);
    const dice = this.#random.between(0, 99);
    if (dice < 25) this.#restart();
    else if (dice < 35) void this.#stop();
    else if (dice < 55) this.#breakDisk();
    else if (dice < 75 && host !== undefined) this.#partition(host);
    else if (dice < 92 && host !== undefined) this.#loseConnections(host);
    else if (dice < 96) this.#refuseDials();
    else this.#revoke();
  }

  #restart(): void {
    const { server } = this.#world;
    server.kill();
    this.#later(20, 2_500, () => server.start());
  }

  async #stop(): Promise<void> {
    const { server } = this.#world;
    await server.stop(this.#random.pick([0, 300, 2_000]));
    if (this.#healed) server.start();
    else this.#later(20, 1_000, () => server.start());
  }

  #breakDisk(): void {
    const { disk, recorder } = this.#world;
    recorder.note({ type: "fault", what: "the disk breaks" });
    disk.break();
    this.#later(20, 2_500, () => {
      recorder.note({ type: "fault", what: "the disk works again" });
      disk.mend();
    });
  }

  #partition(host: SimulatedHost): void {
    const { recorder } = this.#world;
    const way = this.#random.pick(WAYS);
    recorder.note({ type: "fault", what: `nothing ${wayName(way)} ${host.name} gets through` });
    this.#cut.add(host);
    host.partition(way);
    this.#later(20, 3_000, () => {
      recorder.note({ type: "fault", what: `the network of ${host.name} heals` });
      this.#cut.delete(host);
      host.heal();
    });
  }

  #loseConnections(host: SimulatedHost): void {
    const [here, there] = [this.#random.pick(NOTICES), this.#random.pick(NOTICES)];
    const what = `${host.name} loses its connections, noticed ${here} there and ${there} by its peers`;
    this.#world.recorder.note({ type: "fault", what });
    host.loseConnections({ here, there });
  }

  #refuseDials(): void {
    const { server, recorder } = this.#world;
    const { host } = server;
    if (host === undefined) return;
    recorder.note({ type: "fault", what: `${host.name} refuses connections` });
    host.refusesDials = true;
    this.#later(20, 2_000, () => {
      host.refusesDials = false;
    });
  }

  #revoke(): void {
    const { server, participants, recorder } = this.#world;
    const { user } = this.#random.pick(participants);
    recorder.note({ type: "fault", what: `${user}'s sessions are revoked` });
    server.server?.revoke(user);
  }

  #later(shortestMs: number, longestMs: number, mend: () => void): void {
    this.#world.clock.setTimer(
      () => {
        if (!this.#healed) mend();
      },
      this.#random.between(shortestMs, longestMs),
    );
  }

  #pause(shortestMs: number, longestMs: number): Promise<void> {
    const afterMs = this.#random.between(shortestMs, longestMs);
    return new Promise((resolve) => void this.#world.clock.setTimer(resolve, afterMs));
  }
}

const wayName = (way: "in" | "out" | undefined): string =>
  way === undefined ? "from and to" : way === "in" ? "to" : "from";
