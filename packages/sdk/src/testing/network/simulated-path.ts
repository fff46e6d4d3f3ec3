import type { Clock } from "../../base/clock.ts";
import { connectionLost } from "../../transport/endings.ts";
import type { Lane, MemoryEnd, MemoryPath, Side } from "../../transport/memory/memory-path.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { SimulatedLane } from "./simulated-lane.ts";

/** When a side notices that its connection is lost: at once, some time later, or only by its own silence detection. */
export type Notices = "now" | "later" | "never";

/** What a path needs of its network. */
export interface PathWorld {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly delayMs: readonly [shortest: number, longest: number];
  /** How often the end of a connection overtakes what was sent before it, which is then lost. */
  readonly hastyEndRate: number;
  /** Whether what goes to this side of the path is held back now. */
  cut(to: Side): boolean;
  /** Both sides have done with the connection. */
  over(): void;
}

const LATER_MS = 3_000;

/** The way of one connection, from the first packet of the dial on. */
export class SimulatedPath implements MemoryPath {
  readonly clientAddress: string;
  readonly #world: PathWorld;
  readonly #lanes: Readonly<Record<Side, Map<Lane | "dial", SimulatedLane>>> = { client: new Map(), server: new Map() };
  #ends: Readonly<Record<Side, MemoryEnd>> | undefined;
  /** The client has its connection: before, nothing can be handed to it. */
  #handedOver = false;
  #severed = false;
  /** Sides where nothing happens any more. */
  readonly #done = new Set<Side>();

  constructor(clientAddress: string, world: PathWorld) {
    this.clientAddress = clientAddress;
    this.#world = world;
  }

  opened(ends: Readonly<Record<Side, MemoryEnd>>): void {
    this.#ends = ends;
    if (this.#severed) this.vanish("server");
  }

  carry(to: Side, lane: Lane, arrive: () => void): void {
    if (lane === "connection") {
      this.#finish(to === "client" ? "server" : "client");
      this.#carryEnd(to, arrive);
    } else {
      this.#push(to, lane, arrive);
    }
  }

  /** The dial's way there, and back. */
  async dial(to: Side): Promise<void> {
    await new Promise<void>((resolve) => this.#push(to, "dial", resolve));
  }

  handOver(): void {
    // In a turn of its own: whoever gets the connection says first what is to happen with it.
    this.#world.clock.setTimer(() => {
      this.#handedOver = true;
      this.release("client");
    }, 0);
  }

  /** What was held back on its way to this side travels on. */
  release(to: Side): void {
    for (const lane of this.#lanes[to].values()) lane.release();
  }

  /** Nothing gets through any more, in neither direction. */
  sever(): void {
    if (this.#severed) return;
    this.#severed = true;
    for (const side of ["client", "server"] as const) for (const lane of this.#lanes[side].values()) lane.drop();
  }

  /** The process at this side is no more. */
  vanish(side: Side): void {
    this.sever();
    if (this.#ends === undefined) this.#world.over();
    this.#ends?.[side].vanish();
    this.#finish(side);
  }

  /** The connection fails. */
  lose(side: Side, notices: Notices): void {
    this.sever();
    if (notices === "never") return;
    const { clock, random } = this.#world;
    const afterMs = notices === "now" ? 0 : random.between(1, LATER_MS);
    clock.setTimer(() => {
      this.#ends?.[side].lose(connectionLost(`the network failed ${afterMs} ms ago`));
      this.#finish(side);
    }, afterMs);
  }

  #finish(side: Side): void {
    this.#done.add(side);
    if (this.#done.size === 2) this.#world.over();
  }

  /** The end comes behind everything sent before it, however late that is. */
  #carryEnd(to: Side, arrive: () => void): void {
    const hasty = this.#world.random.chance(this.#world.hastyEndRate);
    const end = (): void => {
      const behind = [...this.#lanes[to]].some(([other, { empty }]) => other !== "connection" && !empty);
      if (behind && !hasty) {
        this.#push(to, "connection", end);
      } else {
        arrive();
        this.sever();
        this.#finish(to);
      }
    };
    this.#push(to, "connection", end);
  }

  #push(to: Side, name: Lane | "dial", arrive: () => void): void {
    if (this.#severed) return;
    const lanes = this.#lanes[to];
    const lane = lanes.get(name) ?? this.#open(to, name);
    lanes.set(name, lane);
    lane.push(() => {
      arrive();
      if (lane.empty) lanes.delete(name);
    });
  }

  #open(to: Side, name: Lane | "dial"): SimulatedLane {
    const { clock, random, delayMs } = this.#world;
    return new SimulatedLane({
      clock,
      drawDelayMs: () => random.between(...delayMs),
      held: () => this.#world.cut(to) || (to === "client" && name !== "dial" && !this.#handedOver),
    });
  }
}
