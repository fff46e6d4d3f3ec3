import { decodeMessage, encodeMessage } from "../src/protocol/codec.ts";
import { createFrameDecoder } from "../src/protocol/frame.ts";
import type { Message } from "../src/protocol/messages.ts";
import type { Connection, Stream, Transport } from "../src/transport/transport.ts";

/** What a server says in the place of what it should; nothing, if it keeps silent. `stream` is unique in its connection. */
export type Lie = (message: Message, stream: number) => readonly Message[];

/** The same network, except that what servers on it send goes through `lie`, which may be changed at any time. */
export function lyingTransport(inner: Transport, liar: { lie: Lie }): Transport {
  return {
    connect: (address, options) => inner.connect(address, options),
    listen: (options, onConnection) =>
      inner.listen(options, (connection) => onConnection(lyingConnection(connection, liar))),
  };
}

function lyingConnection(inner: Connection, liar: { lie: Lie }): Connection {
  return {
    remoteAddress: inner.remoteAddress,
    closed: inner.closed,
    openStream: () => inner.openStream(),
    close: (code, reason) => inner.close(code, reason),
    get onStream() {
      return inner.onStream;
    },
    set onStream(take) {
      inner.onStream = take && ((stream) => take(lyingStream(stream, liar)));
    },
  };
}

function lyingStream(inner: Stream, liar: { lie: Lie }): Stream {
  const decoder = createFrameDecoder({ maxFrameBytes: 2 ** 24 });
  return {
    id: inner.id,
    get bufferedBytes() {
      return inner.bufferedBytes;
    },
    get handler() {
      return inner.handler;
    },
    set handler(handler) {
      inner.handler = handler;
    },
    write(bytes) {
      const said = decoder.push(bytes).flatMap((frame) => liar.lie(decodeMessage(frame), inner.id));
      return said.map((message) => inner.write(encodeMessage(message))).at(-1) ?? true;
    },
    end: () => inner.end(),
    reset: (code) => inner.reset(code),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
  };
}
