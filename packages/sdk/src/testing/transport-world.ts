import type { RedRoomError } from "../base/errors.ts";
import type { Connection, Listener, Stream, StreamHandler, Transport } from "../transport/transport.ts";

/** What the suite needs of a test runner: vitest's, node:test's and others' fit as they are. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

export interface TransportUnderTest {
  readonly client: Transport;
  readonly server: Transport;
  /** How many streams each side lets the other have open; small, so that tests reach it. */
  readonly maxStreams: number;
  /** The most that a paused stream holds on its way, on both sides together. */
  readonly maxHeldBytes: number;
}

/** Waits for a condition that callbacks bring about: checked whenever something was recorded, never by the clock. */
class Milestones {
  readonly #waiting = new Set<{ reached: () => boolean; resolve: () => void }>();

  async until(reached: () => boolean): Promise<void> {
    if (reached()) return;
    await new Promise<void>((resolve) => this.#waiting.add({ reached, resolve }));
  }

  check(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.reached()) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }
}

/** A handler that writes down what happens to a stream. */
class Recorder extends Milestones implements StreamHandler {
  readonly chunks: Uint8Array[] = [];
  /** `data` (once for each run of chunks), `end`, `reset`, `drain`, in order. */
  readonly events: string[] = [];
  receivedBytes = 0;
  error: RedRoomError | undefined;
  resetCode: number | undefined;
  /** Runs first in every callback. */
  spy: (event: string) => void = () => {};

  onData(bytes: Uint8Array): void {
    this.chunks.push(bytes);
    this.receivedBytes += bytes.byteLength;
    this.#record("data");
  }

  onEnd(): void {
    this.#record("end");
  }

  onReset(error: RedRoomError, code?: number): void {
    this.error = error;
    this.resetCode = code;
    this.#record("reset");
  }

  onDrain(): void {
    this.#record("drain");
  }

  saw(event: string): boolean {
    return this.events.includes(event);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  #record(event: string): void {
    if (event !== "data" || this.events.at(-1) !== "data") this.events.push(event);
    this.spy(event);
    this.check();
  }
}

export interface Recorded {
  readonly stream: Stream;
  readonly seen: Recorder;
}

/** One side of a connection under test: records the streams that the other side opens. */
export class Side extends Milestones {
  readonly connection: Connection;
  readonly accepted: Recorded[] = [];
  /** Runs when a stream of the peer's is handed over, after its recorder was set. */
  greet: (accepted: Recorded) => void = () => {};

  constructor(connection: Connection) {
    super();
    this.connection = connection;
    connection.onStream = (stream) => {
      const accepted = { stream, seen: new Recorder() };
      stream.handler = accepted.seen;
      this.accepted.push(accepted);
      this.greet(accepted);
      this.check();
    };
  }

  open(): Recorded {
    const stream = this.connection.openStream();
    const seen = new Recorder();
    stream.handler = seen;
    return { stream, seen };
  }

  /** The stream that the peer opened as its `count`-th. */
  async nth(count: number): Promise<Recorded> {
    await this.until(() => this.accepted.length >= count);
    return this.accepted[count - 1] as Recorded;
  }
}

/** A listener and one connection to it. */
export class World {
  readonly listener: Listener;
  readonly client: Side;
  readonly server: Side;

  private constructor(listener: Listener, client: Side, server: Side) {
    this.listener = listener;
    this.client = client;
    this.server = server;
  }

  static async create(transports: { readonly client: Transport; readonly server: Transport }): Promise<World> {
    let accept: (side: Side) => void = () => {};
    const accepted = new Promise<Side>((resolve) => {
      accept = resolve;
    });
    const listener = await transports.server.listen({}, (connection) => accept(new Side(connection)));
    const client = new Side(await transports.client.connect(listener.address));
    return new World(listener, client, await accepted);
  }

  /** A stream with a byte sent, so that both sides have it. */
  async pair(): Promise<{ near: Recorded; far: Recorded }> {
    const near = this.client.open();
    near.stream.write(Uint8Array.of(0));
    const far = await this.server.nth(this.server.accepted.length + 1);
    await far.seen.until(() => far.seen.receivedBytes === 1);
    return { near, far };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.connection.close();
    await this.listener.close();
  }
}
