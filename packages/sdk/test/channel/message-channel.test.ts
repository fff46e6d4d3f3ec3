import { describe, expect, it } from "vitest";
import { MessageChannel } from "../../src/channel/message-channel.ts";
import { encodeMessage } from "../../src/protocol/codec.ts";
import type { Message } from "../../src/protocol/messages.ts";
import type { Stream, StreamHandler } from "../../src/transport/transport.ts";

/** A stream whose peer reads nothing until it is told to. */
class UnreadStream implements Stream {
  readonly id = 0;
  bufferedBytes = 0;
  handler: StreamHandler | undefined;
  paused = false;

  write(bytes: Uint8Array): boolean {
    this.bufferedBytes += bytes.byteLength;
    return this.bufferedBytes <= 64 * 1024;
  }
  end(): void {}
  reset(): void {}
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  arrive(...messages: Message[]): void {
    for (const message of messages) this.handler?.onData(encodeMessage(message));
  }
  read(): void {
    this.bufferedBytes = 0;
    this.handler?.onDrain();
  }
}

function open(options: { answering?: boolean; onMessage: (message: Message, channel: MessageChannel) => void }) {
  const stream = new UnreadStream();
  const violations: string[] = [];
  const channel: MessageChannel = new MessageChannel(
    stream,
    { maxFrameBytes: 4_096, ...(options.answering !== undefined && { answering: options.answering }) },
    {
      onMessage: (message) => options.onMessage(message, channel),
      onEnd: () => {},
      onReset: () => {},
      onViolation: (error) => violations.push(error.code),
      onDrain: () => {},
    },
  );
  return { stream, channel, violations };
}

const pings = (count: number): Message[] => Array.from({ length: count }, (_, nonce) => ({ type: "ping", nonce }));

describe("a channel that answers", () => {
  it("takes no more questions while its answers stay unread, and then goes on in order", () => {
    const taken: number[] = [];
    const { stream } = open({
      answering: true,
      onMessage: (message, channel) => {
        if (message.type !== "ping") return;
        taken.push(message.nonce);
        channel.send({ type: "pong", nonce: message.nonce });
      },
    });
    stream.arrive(...pings(1_000));
    const before = taken.length;
    expect(before).toBeLessThan(300);
    expect(stream.paused).toBe(true);
    expect(stream.bufferedBytes).toBeLessThan(66 * 1024);
    for (let reads = 0; taken.length < 1_000 && reads < 100; reads += 1) stream.read();
    expect(taken).toEqual(Array.from({ length: 1_000 }, (_, nonce) => nonce));
    expect(stream.paused).toBe(false);
  });

  it("goes on reading where it only asks, or both sides could wait for each other", () => {
    let taken = 0;
    const { stream } = open({
      onMessage: (_, channel) => {
        taken += 1;
        channel.send({ type: "pong", nonce: 1 });
      },
    });
    stream.arrive(...pings(1_000));
    expect(taken).toBe(1_000);
  });
});

describe("a paused channel", () => {
  it("hands over nothing, not even what came in the same piece, until it is resumed", () => {
    const taken: number[] = [];
    const { stream, channel } = open({
      onMessage: (message, own) => {
        if (message.type === "ping") taken.push(message.nonce);
        own.pause();
      },
    });
    stream.arrive(...pings(3));
    expect(taken).toEqual([0]);
    channel.resume();
    expect(taken).toEqual([0, 1]);
  });

  it("delivers what came in the same piece before the bytes that break the protocol", () => {
    const taken: number[] = [];
    const { stream, violations } = open({
      onMessage: (message) => message.type === "ping" && taken.push(message.nonce),
    });
    const tooLong = Uint8Array.of(0xbf, 0xff, 0xff, 0xff);
    stream.handler?.onData(Buffer.concat([...pings(2).map(encodeMessage), tooLong]));
    expect([taken, violations]).toEqual([[0, 1], ["FRAME_TOO_LARGE"]]);
  });

  it("still delivers what came before the bytes that break the protocol", () => {
    const taken: number[] = [];
    const { stream, violations } = open({
      onMessage: (message) => {
        if (message.type === "ping") taken.push(message.nonce);
      },
    });
    stream.arrive(...pings(2));
    stream.handler?.onData(Uint8Array.of(0xff));
    expect([taken, violations]).toEqual([[0, 1], ["PROTOCOL_ERROR"]]);
  });
});
