import type { MessageType } from "../../protocol/messages.ts";
import type { TopicStore } from "../../store/topic-store.ts";
import { faultyStore, type StoreCall, type StoreFault } from "../faulty-store.ts";
import type { FaultyNetwork } from "./faulty-network.ts";

/** Which calls of the store a fault concerns, and what becomes of them. */
export interface RoomStoreFault extends StoreFault {
  /** All by default. */
  readonly method?: StoreCall["method"];
  /** How many calls; all until `heal` by default. */
  readonly times?: number;
}

/** What the test breaks. Whoever is named is a member; without a name everybody is meant, those who are bots too. */
export class RoomFaults<Name extends string = string> {
  /** What fails in the store. */
  readonly store: RoomStoreFaults;
  readonly #network: FaultyNetwork;
  readonly #note: (note: string) => void;

  /** @internal */
  constructor(network: FaultyNetwork, note: (note: string) => void) {
    this.#network = network;
    this.#note = note;
    this.store = new RoomStoreFaults(note);
  }

  /** Connections are lost, and both sides know it at once. Clients come back by themselves. */
  cut(name?: Name): void {
    this.#note(`${whose(name)} connections are cut`);
    this.#network.cut(name);
  }

  /** Connections are lost as by `cut`, and nobody comes back before `heal`. */
  refuse(name?: Name): void {
    this.#note(`${whose(name)} connections are refused`);
    this.#network.refuse(name);
    this.#network.cut(name);
  }

  /** Nothing arrives any more, in either direction, and nobody is told. `heal` lets it travel on. */
  partition(name?: Name): void {
    this.#note(`${whose(name)} network is partitioned`);
    this.#network.partition(name);
  }

  /** Ends `partition` and `refuse`. */
  heal(name?: Name): void {
    this.#note(`${whose(name)} network is healed`);
    this.#network.heal(name);
  }

  /**
   * The next message of a type of the protocol is lost on its way, in whatever direction; what follows it arrives.
   *
   * @example
   * room.faults.dropNext("ack", "anna"); // stored, and anna is not told
   */
  dropNext(type: MessageType, name?: Name): void {
    this.#note(`the next ${type} of ${name ?? "anybody"} is lost`);
    this.#network.dropNext(type, name);
  }
}

/** The store under the room's server, which does what the test says instead of what it should. */
export class RoomStoreFaults {
  readonly #note: (note: string) => void;
  #faults: { fault: RoomStoreFault; left: number }[] = [];

  /** @internal */
  constructor(note: (note: string) => void) {
    this.#note = note;
  }

  /**
   * Calls fail from now on: without effect, unless `ends` says something else. One with `until` waits for that promise.
   *
   * @example
   * room.faults.store.fail({ method: "append", times: 1, ends: "failsAfterwards" }); // stored, and the server cannot know
   */
  fail(fault: RoomStoreFault = {}): void {
    const { method = "store", times = Number.POSITIVE_INFINITY } = fault;
    this.#note(`${method} ${fault.ends ?? "fails"} from now on`);
    this.#faults.push({ fault: { ends: "fails", ...fault }, left: times });
  }

  /** The store works again. */
  heal(): void {
    this.#note("the store works again");
    this.#faults = [];
  }

  /** @internal */
  wrap<S extends TopicStore>(store: S): S {
    return faultyStore(store, ({ method }) => {
      const planned = this.#faults.find(({ fault, left }) => left > 0 && (fault.method ?? method) === method);
      if (planned !== undefined) planned.left -= 1;
      return planned?.fault;
    });
  }
}

const whose = (name: string | undefined): string => (name === undefined ? "everybody's" : `${name}'s`);
