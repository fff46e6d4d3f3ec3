import { AssertionError } from "node:assert";
import { RedRoomError } from "../../base/errors.ts";
import { RedRoomClient } from "../../client/redroom-client.ts";
import type { CloseOptions, RedRoomServer } from "../../server/redroom-server.ts";
import type { RedRoomServerOptions } from "../../server/server-options.ts";
import type { Credentials } from "../../session/credentials.ts";
import type { Transport } from "../../transport/transport.ts";
import type { ManualClock } from "../manual-clock.ts";
import type { FaultyNetwork } from "./faulty-network.ts";
import { Participant } from "./participant.ts";
import { Player } from "./player.ts";
import type { RoomFaults } from "./room-faults.ts";
import { ROOM_PASSWORD } from "./room-people.ts";
import type { RoomTime } from "./room-time.ts";
import { randomFor } from "./seeded-id.ts";
import type { Transcript } from "./transcript.ts";

/** What a client of the room connects with. */
export interface RoomConnection {
  readonly auth: Credentials;
  readonly transport: Transport;
  readonly clock: ManualClock;
  readonly random: () => number;
}

/** What a room is put together from. */
export interface RoomParts<Name extends string, Title extends string> {
  readonly clock: ManualClock;
  readonly time: RoomTime;
  readonly network: FaultyNetwork;
  readonly store: RedRoomServerOptions["store"];
  readonly faults: RoomFaults<Name>;
  readonly transcript: Transcript;
  readonly seed: number;
  readonly names: readonly Name[];
  readonly titles: readonly Title[];
  /** A server on the room's store and network. */
  readonly serve: () => RedRoomServer;
}

/** What a room may take to come to rest, or to be over, by its own time. */
const SETTLED_WITHIN_MS = 60_000;

/** A server and its people in one process, at a time that the test owns. Made by `createTestRoom`. */
export class TestRoom<Name extends string = string, Title extends string = string> {
  /** What clients dial. */
  readonly address: string;
  /**
   * Stands still while anything is under way. Passes while somebody waits for something of the room, and, ten times as fast as on
   * the wall, where a test waits for something else.
   */
  readonly clock: ManualClock;
  /** What the test breaks. */
  readonly faults: RoomFaults<Name>;
  /** Where the topics are: as it is, whatever `faults` does to the server's view of it. */
  readonly store: RedRoomServerOptions["store"];
  /** The network, for clients that are nobody in particular; see `connection`. */
  readonly transport: Transport;
  readonly #parts: RoomParts<Name, Title>;
  readonly #players = new Map<Name, Player>();
  #server: RedRoomServer;
  #disposing: Promise<void> | undefined;

  /** @internal */
  constructor(parts: RoomParts<Name, Title>, server: RedRoomServer, address: string) {
    this.#parts = parts;
    this.#server = server;
    this.address = address;
    this.clock = parts.clock;
    this.faults = parts.faults;
    this.store = parts.store;
    this.transport = parts.network;
  }

  /** The server that runs now; `restart` makes another one. */
  get server(): RedRoomServer {
    return this.#server;
  }

  /** Somebody who follows the script: online from the first line. */
  as(name: Name): Participant<Name, Title> {
    return new Participant(this.#player(name), this.#parts, undefined);
  }

  /**
   * What a client, or a bot, of this name connects with: its own place in the network, the room's clock, and a jitter by the
   * seed.
   *
   * @example
   * await using bot = new Bot(room.address, { ...room.connection("quotes"), name: "quotes" });
   */
  connection(name: Name): RoomConnection {
    this.#known(name);
    const { network, clock, seed } = this.#parts;
    const random = randomFor(seed, `jitter of ${name}`);
    return {
      auth: { name, password: ROOM_PASSWORD },
      transport: network.host(name),
      clock,
      random: () => random.next(),
    };
  }

  /** Cuts somebody's connections, once nothing is under way any more, and lets time pass until they are online again. */
  async reconnect(name: Name): Promise<void> {
    const client = await this.as(name).client();
    await this.pass(0);
    this.faults.cut(name);
    await this.until(() => client.state !== "online");
    await this.until(() => client.state === "online");
  }

  /** The server stops, by default without a goodbye, and another one starts on the same store and port. */
  async restart(options: CloseOptions = { drainMs: 0 }): Promise<void> {
    this.#parts.transcript.note("the server is restarted");
    await this.settled(this.#server.close(options));
    this.#server = this.#parts.serve();
    await this.settled(this.#server.listen({ port: Number(new URL(this.address).port) }));
  }

  /** Lets so much time pass, from timer to timer: an hour takes as long as what happens in it. */
  pass(ms: number): Promise<void> {
    return this.#parts.time.pass(ms);
  }

  /**
   * Lets time pass until it is so.
   *
   * @throws {AssertionError} When it is not so after 60,000 ms of the room's time, or as many as `withinMs` says.
   */
  async until(condition: () => boolean, { withinMs = SETTLED_WITHIN_MS }: { readonly withinMs?: number } = {}) {
    if (!(await this.#parts.time.until(condition, withinMs))) throw this.#never(`${condition}`, withinMs);
  }

  /** Lets time pass until the work is done: for whatever needs time, and is not of the kit. @throws As `until`. */
  async settled<T>(work: PromiseLike<T>, { withinMs = SETTLED_WITHIN_MS }: { readonly withinMs?: number } = {}) {
    if (!(await this.#parts.time.done(work, withinMs))) throw this.#never("the work is done", withinMs);
    return await work;
  }

  /** All that has happened: what came on record, who may read it now, and what the test has broken. */
  transcript(): string {
    return String(this.#parts.transcript);
  }

  /** Everybody leaves, the server stops, and nothing is left behind. Idempotent. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose(): Promise<void> {
    const { faults, time } = this.#parts;
    faults.store.heal();
    faults.heal();
    const leaving = Promise.all([...this.#players.values()].map((player) => player.close()));
    await time.done(leaving, SETTLED_WITHIN_MS);
    const closing = this.#server.close({ drainMs: 0 });
    await time.done(closing, SETTLED_WITHIN_MS);
    time.end();
    await closing;
  }

  #player(name: Name): Player {
    this.#known(name);
    const known = this.#players.get(name);
    if (known !== undefined) return known;
    const player = new Player(name, randomFor(this.#parts.seed, `ids of ${name}`), () =>
      RedRoomClient.connect(this.address, this.connection(name)),
    );
    this.#players.set(name, player);
    return player;
  }

  #known(name: Name): void {
    const { names } = this.#parts;
    if (names.includes(name)) return;
    throw new RedRoomError("USER_UNKNOWN", `unable to find "${name}" in the room; there are ${names.join(", ")}`, {
      remedy: "name everybody in `members` of createTestRoom, those without a role too",
    });
  }

  #never(what: string, withinMs: number): AssertionError {
    const message = `it is not so, after ${withinMs} ms of the room's time: ${what}\n\n${this.#parts.transcript}\n`;
    return new AssertionError({ message });
  }
}
