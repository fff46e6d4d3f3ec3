import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createFrameDecoder, encodeFrame, type Frame } from "../../src/protocol/frame.ts";
import { thrownBy } from "./thrown-by.ts";
import { unhex } from "./vectors.ts";

const frame = (bodyBytes: number, type = 7): Frame => ({
  type,
  head: new TextEncoder().encode(`{"n":${bodyBytes}}`),
  body: Uint8Array.from({ length: bodyBytes }, (_, index) => index % 251),
});

const withoutPadding = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, bytes.findLastIndex((byte) => byte > 0) + 1);

const oneByOne = (bytes: Uint8Array): Uint8Array[] => Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));

describe("frame decoder", () => {
  it("reads frames however the bytes are cut", () => {
    const frames = [frame(0), frame(3), frame(300), frame(0), frame(70_000), frame(1)];
    const bytes = Buffer.concat(frames.map(encodeFrame));
    for (const size of [1, 2, 3, 255, 256, 257, 1350, 65_536, bytes.byteLength]) {
      const decoder = createFrameDecoder({ maxFrameBytes: 100_000 });
      const read: Frame[] = [];
      for (let offset = 0; offset < bytes.byteLength; offset += size) {
        read.push(...decoder.push(bytes.subarray(offset, offset + size)));
      }
      expect(read.length).toBe(frames.length);
      for (const [index, { type, head, body }] of read.entries()) {
        expect(type).toBe(7);
        expect(Buffer.compare(head, frames[index]?.head ?? head.subarray(1))).toBe(0);
        expect(Buffer.compare(body, frames[index]?.body ?? head)).toBe(0);
      }
    }
  });

  it("hands a frame over with its last byte, and keeps it when more comes", () => {
    const decoder = createFrameDecoder({ maxFrameBytes: 1000 });
    const chunks = oneByOne(withoutPadding(encodeFrame(frame(200))));
    const read = chunks.map((chunk) => decoder.push(chunk));
    expect(read.map((frames) => frames.length)).toEqual([...new Array(chunks.length - 1).fill(0), 1]);
    for (const chunk of oneByOne(encodeFrame(frame(150)))) decoder.push(chunk);
    expect(read.at(-1)).toEqual([frame(200)]);
  });

  it("skips padding of any length, anywhere between frames", () => {
    const decoder = createFrameDecoder({ maxFrameBytes: 1000 });
    const bytes = withoutPadding(encodeFrame(frame(5)));
    expect(decoder.push(Buffer.concat([new Uint8Array(5000), bytes, bytes, new Uint8Array(1)]))).toHaveLength(2);
    expect(decoder.push(new Uint8Array(0))).toEqual([]);
    expect(decoder.partial).toBe(false);
  });

  it("knows whether a frame has begun", () => {
    const decoder = createFrameDecoder({ maxFrameBytes: 1000 });
    expect(decoder.partial).toBe(false);
    decoder.push(unhex("00 00"));
    expect(decoder.partial).toBe(false);
    decoder.push(unhex("40"));
    expect(decoder.partial).toBe(true);
    decoder.push(unhex("41 07 02 7b7d"));
    expect(decoder.partial).toBe(true);
    decoder.push(unhex("61*61"));
    expect(decoder.partial).toBe(false);
  });

  it.each(["bfffffff", "80019000"])("refuses a length above the limit with the last byte of the length (%s)", (hex) => {
    const decoder = createFrameDecoder({ maxFrameBytes: 100_000 });
    const bytes = unhex(hex);
    decoder.push(bytes.subarray(0, -1));
    expect(thrownBy(() => decoder.push(bytes.subarray(-1)))).toMatchObject({ code: "FRAME_TOO_LARGE" });
  });

  it("takes a frame of exactly the limit", () => {
    const decoder = createFrameDecoder({ maxFrameBytes: 4096 });
    expect(decoder.push(unhex("5000 07 02 7b7d 61*4092"))).toHaveLength(1);
    expect(thrownBy(() => decoder.push(unhex("5001")))).toMatchObject({
      code: "FRAME_TOO_LARGE",
      message: "unable to read a frame; 4097 bytes, the limit is 4096",
    });
  });

  it("takes larger frames as soon as the limit is raised", () => {
    const decoder = createFrameDecoder({ maxFrameBytes: 4096 });
    decoder.push(unhex("50"));
    decoder.maxFrameBytes = 4097;
    expect(decoder.push(unhex("01 07 02 7b7d 61*4093"))).toHaveLength(1);
  });

  it("holds the bytes of an unfinished frame, not the buffers they came in, nor what the frame announces", async () => {
    setFlagsFromString("--expose_gc");
    const gc = runInNewContext("gc") as () => void;
    gc();
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 50 }, () => createFrameDecoder({ maxFrameBytes: 2 ** 30 - 1 }));
    for (const decoder of decoders) {
      for (const byte of unhex("bffffff0 07 02 7b7d 61*40")) {
        decoder.push(new Uint8Array(64 * 1024).fill(byte).subarray(0, 1));
      }
    }
    for (let count = 0; count < 50; count += 1) {
      const decoder = createFrameDecoder({ maxFrameBytes: 2 ** 30 - 1 });
      const padding = new Uint8Array(64 * 1024);
      padding[padding.byteLength - 1] = 0xbf; // the first byte of a length
      decoder.push(padding);
      decoders.push(decoder);
    }
    const heldBytes = (): number => {
      gc(); // buffers are given back by another thread, a little later
      return process.memoryUsage().arrayBuffers - before;
    };
    // The frames announce 50 GiB; the chunks came in buffers of 150 and 3 MiB.
    await expect.poll(heldBytes, { timeout: 20_000 }).toBeLessThan(1024 * 1024);
    expect(decoders.every((decoder) => decoder.partial)).toBe(true);
  });

  it("refuses to encode what no length can say", () => {
    const body = { byteLength: 2 ** 30 } as Uint8Array;
    expect(thrownBy(() => encodeFrame({ ...frame(0), body }))).toMatchObject({ code: "FRAME_TOO_LARGE" });
  });
});
