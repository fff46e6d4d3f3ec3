import { RedRoomError } from "../../src/base/errors.ts";
import { connectionLost, lost } from "../../src/transport/endings.ts";
import type { Connection, ConnectionEnd, Stream, Transport } from "../../src/transport/transport.ts";

/** No code of the protocol: nobody has left in good order. */
const LOST = 255;

/** The same network, except that the clients on it lose their connections when the test wants it. */
export class FaultyNetwork implements Transport {
  readonly #inner: Transport;
  readonly #open = new Set<() => void>();
  /** Nobody can be reached. */
  refusing = false;
  /** What is sent arrives nowhere, and nobody is told. */
  hole = false;
  dials = 0;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  listen: Transport["listen"] = (options, onConnection) => this.#inner.listen(options, onConnection);

  connect: Transport["connect"] = async (address, options) => {
    this.dials += 1;
    if (this.refusing)
      throw new RedRoomError("UNREACHABLE", "unable to connect; the test refuses", { retryable: true });
    if (this.hole) return await new Promise(() => {});
    return this.#wrap(await this.#inner.connect(address, options));
  };

  /** All connections are lost now, on both sides. */
  cut(): void {
    for (const end of [...this.#open]) end();
  }

  #wrap(inner: Connection): Connection {
    let end: (end: ConnectionEnd) => void = () => {};
    const cut = (): void => {
      end(lost(connectionLost("the test has cut it")));
      inner.close(LOST, "cut");
    };
    this.#open.add(cut);
    const closed = new Promise<ConnectionEnd>((resolve) => {
      end = resolve;
      void inner.closed.then(resolve);
    });
    void closed.then(() => this.#open.delete(cut));
    return {
      remoteAddress: inner.remoteAddress,
      peerKey: inner.peerKey,
      closed,
      openStream: () => this.#wrapStream(inner.openStream()),
      close: (code, reason) => {
        if (!this.hole) return inner.close(code, reason);
        // The peer hears nothing of it; we are done with it all the same.
        this.#open.delete(cut);
        end({ by: "local", code: code ?? 0, reason: reason ?? "", error: undefined });
      },
      get onStream() {
        return inner.onStream;
      },
      set onStream(take) {
        inner.onStream = take;
      },
    };
  }

  #wrapStream(inner: Stream): Stream {
    const network = this;
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
          onData: (bytes) => network.hole || handler.onData(bytes),
          onEnd: () => network.hole || handler.onEnd(),
          onReset: (error, code) => network.hole || handler.onReset(error, code),
          onDrain: () => handler.onDrain(),
        };
      },
      write: (bytes) => network.hole || inner.write(bytes),
      end: () => network.hole || inner.end(),
      reset: (code) => network.hole || inner.reset(code),
      pause: () => inner.pause(),
      resume: () => inner.resume(),
    };
  }
}
