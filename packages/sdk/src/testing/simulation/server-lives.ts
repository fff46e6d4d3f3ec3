import { type Policy, roomPolicy } from "../../rules/policy.ts";
import { RedRoomServer } from "../../server/redroom-server.ts";
import type { ManualClock } from "../manual-clock.ts";
import type { SimulatedHost, SimulatedNetwork } from "../network/simulated-network.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { MortalClock } from "./mortal-clock.ts";
import { TEXTS } from "./people.ts";
import type { Recorder } from "./recorder.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { watchedTransport } from "./watched-transport.ts";

export const SERVER_PORT = 4433;
export const HEARTBEAT_MS = 500;
/** Few, so that the limit is met. */
export const MAX_OPEN_QUESTIONS = 3;

/** A plain chat that everybody is in. */
const openPolicy: Policy = () => ["ask", "answer", "note", "readAddressed", "queryHistory"];

interface Life {
  readonly name: string;
  readonly host: SimulatedHost;
  readonly clock: MortalClock;
  readonly server: RedRoomServer;
  readonly unmount: () => void;
}

/** A server that is killed and started again; all its lives work on one disk. */
export class ServerLives {
  readonly #clock: ManualClock;
  readonly #network: SimulatedNetwork;
  readonly #disk: SimulatedDisk;
  readonly #random: SeededRandom;
  readonly #recorder: Recorder;
  readonly #policy: Policy;
  #life: Life | undefined;
  #stopping: Life | undefined;
  #count = 0;

  constructor(
    clock: ManualClock,
    network: SimulatedNetwork,
    disk: SimulatedDisk,
    random: SeededRandom,
    recorder: Recorder,
    open: boolean,
  ) {
    this.#policy = open ? openPolicy : roomPolicy;
    this.#clock = clock;
    this.#network = network;
    this.#disk = disk;
    this.#random = random;
    this.#recorder = recorder;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  /** The machine of the life that runs. */
  get host(): SimulatedHost | undefined {
    return this.#life?.host;
  }

  get server(): RedRoomServer | undefined {
    return this.#life?.server;
  }

  /** Starts a life where none runs. One that finds the disk broken dies, as a process does whose start fails. */
  start(): void {
    if (this.#life !== undefined || this.#stopping !== undefined) return;
    this.#count += 1;
    const name = `server ${this.#count}`;
    const host = this.#network.host(name);
    // Its clock may be wrong, and then wrong in another way after a restart.
    const clock = new MortalClock(this.#clock, this.#count === 1 ? 0 : this.#random.between(-3_600_000, 3_600_000));
    const { store, unmount } = this.#disk.mount(name);
    const server = new RedRoomServer({
      store,
      transport: watchedTransport(host, {
        texts: TEXTS,
        onSent: (what) => this.#recorder.note({ type: "serverSent", server: name, what }),
        onSentTo: (user, { topicId, ...about }) => {
          this.#recorder.note({ type: "sentTo", server: name, user, topic: this.#disk.titleOf(topicId), ...about });
        },
      }),
      authenticate: async ({ name: user }) => ({ id: user, name: user, admin: false }),
      policy: this.#policy,
      limits: { maxOpenQuestions: MAX_OPEN_QUESTIONS },
      clock,
      heartbeatMs: HEARTBEAT_MS,
    });
    const life = { name, host, clock, server, unmount };
    this.#life = life;
    this.#recorder.note({ type: "fault", what: `${name} starts` });
    server.listen({ port: SERVER_PORT }).catch(() => {
      if (this.#life === life) this.kill("cannot start and dies");
    });
  }

  /** Ends the process without a goodbye. */
  kill(how = "is killed"): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.#recorder.note({ type: "fault", what: `${life.name} ${how}` });
    this.#bury(life);
  }

  /** @returns Timers that it has left behind. */
  async stop(drainMs: number): Promise<number> {
    const life = this.#life;
    if (life === undefined) return 0;
    this.#life = undefined;
    this.#stopping = life;
    this.#recorder.note({ type: "fault", what: `${life.name} is stopped` });
    await life.server.close({ drainMs });
    this.#recorder.note({ type: "fault", what: `${life.name} has stopped` });
    this.#stopping = undefined;
    const { pending } = life.clock;
    this.#bury(life);
    return pending;
  }

  #bury({ host, clock, unmount }: Life): void {
    host.crash();
    clock.die();
    unmount();
  }
}
