import { MessageChannel } from "../../src/channel/message-channel.ts";
import { parseAddress } from "../../src/protocol/address.ts";
import { DEFAULT_LIMITS, maxFrameBytes } from "../../src/protocol/limits.ts";
import type { Message, MessageOf, MessageType } from "../../src/protocol/messages.ts";
import type { Connection, Stream, Transport } from "../../src/transport/transport.ts";

export const PASSWORD = "correct horse battery";

/** A stream on which a test says every message itself, and awaits each answer. */
export class RawStream {
  readonly received: Message[] = [];
  readonly channel: MessageChannel;
  /** How it is over: `end`, or the code of the error. */
  over: string | undefined;
  #wake: (() => void)[] = [];
  #taken = 0;

  constructor(stream: Stream) {
    this.channel = new MessageChannel(
      stream,
      { maxFrameBytes: maxFrameBytes(DEFAULT_LIMITS) },
      {
        onMessage: (message) => {
          this.received.push(message);
          this.#changed();
        },
        onEnd: () => this.#end("end"),
        onReset: (error) => this.#end(error.code),
        onViolation: (error) => this.#end(error.code),
        onDrain: () => {},
      },
    );
  }

  send(message: Message): void {
    this.channel.send(message);
  }

  /** The next message of one of these types; what comes before it is skipped. */
  async next<T extends MessageType>(...types: readonly T[]): Promise<MessageOf<T>> {
    for (;;) {
      while (this.#taken < this.received.length) {
        const message = this.received[this.#taken++];
        if (message !== undefined && types.includes(message.type as T)) return message as MessageOf<T>;
      }
      if (this.over !== undefined) throw new Error(`no ${types.join(" or ")} came: ${this.over}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  /** Resolves when the stream is over, with how. */
  async ended(): Promise<string> {
    while (this.over === undefined) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.over;
  }

  types(): string[] {
    return this.received.map(({ type }) => type);
  }

  #end(how: string): void {
    this.over ??= how;
    this.#changed();
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** A client that speaks the protocol word by word. */
export class RawClient {
  readonly connection: Connection;
  readonly control: RawStream;
  session: MessageOf<"session"> | undefined;

  private constructor(connection: Connection) {
    this.connection = connection;
    this.control = new RawStream(connection.openStream());
  }

  /** Dials and says hello. */
  static async dial(transport: Pick<Transport, "connect">, address: string): Promise<RawClient> {
    const client = new RawClient(await transport.connect(parseAddress(address)));
    client.control.send({ type: "hello", versions: [1] });
    return client;
  }

  async login(name: string, password = PASSWORD): Promise<MessageOf<"session">> {
    this.control.send({ type: "login", name, password });
    this.session = await this.control.next("session");
    return this.session;
  }

  async resume(token: string): Promise<MessageOf<"session">> {
    this.control.send({ type: "resume", token });
    this.session = await this.control.next("session");
    return this.session;
  }

  /** Resolves when the server has answered: what was sent on this stream before has been read. */
  async ping(nonce = 0): Promise<void> {
    this.control.send({ type: "ping", nonce });
    await this.control.next("pong");
  }

  open(request: Message): RawStream {
    const stream = new RawStream(this.connection.openStream());
    stream.send(request);
    return stream;
  }

  async openTopic(title: string, from?: number): Promise<RawStream> {
    const stream = this.open({ type: "openTopic", title, ...(from !== undefined && { from }) });
    await stream.next("topicOpened");
    return stream;
  }
}

/** Lets everything that is due in this turn of the event loop happen. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

export async function turns(count = 20): Promise<void> {
  for (let done = 0; done < count; done += 1) await turn();
}
