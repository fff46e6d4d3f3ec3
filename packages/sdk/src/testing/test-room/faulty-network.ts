import { RedRoomError } from "../../base/errors.ts";
import { decodeMessage } from "../../protocol/codec.ts";
import { createFrameDecoder, encodeFrame } from "../../protocol/frame.ts";
import type { MessageType } from "../../protocol/messages.ts";
import { aborted, connectionLost, lost } from "../../transport/endings.ts";
import type { Connection, ConnectionEnd, ConnectOptions, Stream, Transport } from "../../transport/transport.ts";

/** No code of the protocol: nobody has left in good order. */
const LOST = 255;

/** The same network, except that those who dial on it lose their connections, and messages, when the test wants it. */
export class FaultyNetwork implements Transport {
  readonly #inner: Transport;
  readonly #hosts = new Map<string, Host>();
  /** What those find who come later. */
  readonly #everybody = new Host();
  readonly #drops: { readonly type: MessageType; readonly name: string | undefined }[] = [];
  /** How often somebody has dialled. */
  dials = 0;
  /** Grows with everything that comes or goes. */
  traffic = 0;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  listen: Transport["listen"] = (options, onConnection) => this.#inner.listen(options, onConnection);

  connect: Transport["connect"] = (address, options) => this.host("").connect(address, options);

  /** The network as somebody has it: faults concern all, or one by name. */
  host(name: string): Transport {
    const host = this.#host(name);
    return {
      listen: this.listen,
      connect: async (address, options) => {
        this.dials += 1;
        await host.mayDial(options);
        const inner = await this.#inner.connect(address, options);
        return new FaultyConnection(inner, host, (type) => this.#passes(type, name));
      },
    };
  }

  /** Connections are lost now, and both sides know it. @param name Whose; everybody's by default. */
  cut(name?: string): void {
    for (const host of this.#called(name)) host.cut();
  }

  /** Dials fail until `heal`. */
  refuse(name?: string): void {
    for (const host of this.#called(name)) host.refusing = true;
  }

  /** Nothing arrives any more, in either direction, and nobody is told, until `heal`: it arrives then. */
  partition(name?: string): void {
    for (const host of this.#called(name)) host.holding = true;
  }

  heal(name?: string): void {
    for (const host of this.#called(name)) host.heal();
  }

  /** The next message of this type is lost on its way, in whatever direction; what follows it arrives. */
  dropNext(type: MessageType, name?: string): void {
    this.#drops.push({ type, name });
  }

  #passes(type: MessageType, name: string): boolean {
    this.traffic += 1;
    const index = this.#drops.findIndex((drop) => drop.type === type && (drop.name ?? name) === name);
    if (index >= 0) this.#drops.splice(index, 1);
    return index < 0;
  }

  #host(name: string): Host {
    const { refusing, holding } = this.#everybody;
    const host = this.#hosts.get(name) ?? new Host(refusing, holding);
    this.#hosts.set(name, host);
    return host;
  }

  #called(name: string | undefined): Iterable<Host> {
    return name === undefined ? [this.#everybody, ...this.#hosts.values()] : [this.#host(name)];
  }
}

/** Somebody's place in the network. */
class Host {
  readonly connections = new Set<FaultyConnection>();
  /** Dials that wait for the healing. */
  readonly #dials: (() => void)[] = [];
  refusing: boolean;
  holding: boolean;

  constructor(refusing = false, holding = false) {
    this.refusing = refusing;
    this.holding = holding;
  }

  cut(): void {
    for (const connection of [...this.connections]) connection.cut();
  }

  heal(): void {
    this.refusing = false;
    this.holding = false;
    for (const dial of this.#dials.splice(0)) dial();
    for (const connection of [...this.connections]) connection.release();
  }

  async mayDial({ signal }: ConnectOptions = {}): Promise<void> {
    if (this.refusing)
      throw new RedRoomError("UNREACHABLE", "unable to connect; the test refuses", { retryable: true });
    if (!this.holding) return;
    await new Promise<void>((resolve, reject) => {
      const give = (): void => reject(aborted("connect", signal?.reason));
      if (signal?.aborted) return give();
      signal?.addEventListener("abort", give, { once: true });
      this.#dials.push(resolve);
    });
  }
}

class FaultyConnection implements Connection {
  readonly closed: Promise<ConnectionEnd>;
  readonly #inner: Connection;
  readonly #host: Host;
  readonly #passes: (type: MessageType) => boolean;
  /** What waits for the healing. */
  #held: (() => void)[] = [];
  #cut = false;
  #end: (end: ConnectionEnd) => void = () => {};

  constructor(inner: Connection, host: Host, passes: (type: MessageType) => boolean) {
    this.#inner = inner;
    this.#host = host;
    this.#passes = passes;
    host.connections.add(this);
    this.closed = new Promise<ConnectionEnd>((resolve) => {
      this.#end = resolve;
    });
    void inner.closed.then((end) => {
      this.carry(() => {
        host.connections.delete(this);
        this.#end(end);
      });
    });
  }

  get remoteAddress(): string {
    return this.#inner.remoteAddress;
  }

  get peerKey(): Uint8Array | undefined {
    return this.#inner.peerKey;
  }

  get onStream(): Connection["onStream"] {
    return this.#inner.onStream;
  }

  set onStream(take) {
    this.#inner.onStream = take;
  }

  openStream(): Stream {
    return faultyStream(this.#inner.openStream(), this, this.#passes);
  }

  /** In a partition the peer hears of it when that is over; we are done with it all the same. */
  close(code = 0, reason = ""): void {
    this.#held = [];
    this.carry(() => this.#inner.close(code, reason));
    if (this.#host.holding) this.#end({ by: "local", code, reason, error: undefined });
  }

  cut(): void {
    this.#cut = true;
    this.#held = [];
    this.#end(lost(connectionLost("the test has cut it")));
    this.#inner.close(LOST, "cut");
  }

  /** Does it now, or when the network is healed. */
  carry(act: () => void): void {
    if (this.#host.holding && !this.#cut) this.#held.push(act);
    else act();
  }

  release(): void {
    for (const act of this.#held.splice(0)) act();
  }
}

function faultyStream(inner: Stream, connection: FaultyConnection, passes: (type: MessageType) => boolean): Stream {
  const [sent, received] = [messagesThat(passes), messagesThat(passes)];
  /** We have reset it: nothing that was held back is handed over. */
  let over = false;
  const arrive = (act: () => void): void => connection.carry(() => over || act());
  return {
    id: inner.id,
    get bufferedBytes() {
      return inner.bufferedBytes;
    },
    get handler() {
      return inner.handler;
    },
    set handler(handler) {
      inner.handler = handler && {
        onData: (bytes) => arrive(() => received(bytes, (passing) => handler.onData(passing))),
        onEnd: () => arrive(() => handler.onEnd()),
        onReset: (error, code) => arrive(() => handler.onReset(error, code)),
        onDrain: () => handler.onDrain(),
      };
    },
    write(bytes) {
      let room = true;
      connection.carry(() =>
        sent(bytes, (passing) => {
          room = inner.write(passing);
        }),
      );
      return room;
    },
    end: () => connection.carry(() => inner.end()),
    reset: (code) => {
      over = true;
      connection.carry(() => inner.reset(code));
    },
    pause: () => inner.pause(),
    resume: () => inner.resume(),
  };
}

/** Whole messages, those that pass; bytes that are none pass as they are. */
function messagesThat(passes: (type: MessageType) => boolean) {
  const decoder = createFrameDecoder({ maxFrameBytes: 2 ** 24 });
  let readable = true;
  const framesOf = (bytes: Uint8Array) => {
    try {
      return decoder.push(bytes).map((frame) => ({ frame, type: decodeMessage(frame).type }));
    } catch {
      readable = false;
      return undefined;
    }
  };
  return (bytes: Uint8Array, pass: (bytes: Uint8Array) => void): void => {
    const frames = readable ? framesOf(bytes) : undefined;
    if (frames === undefined) pass(bytes);
    else for (const { frame, type } of frames) if (passes(type)) pass(encodeFrame(frame));
  };
}
