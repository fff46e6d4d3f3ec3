import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, fromUtf8, utf8 } from "../../src/base/bytes.ts";
import { RedRoomError } from "../../src/base/errors.ts";
import { decodeMessage, encodeMessage } from "../../src/protocol/codec.ts";
import { createFrameDecoder, encodeFrame, type Frame } from "../../src/protocol/frame.ts";
import { DEFAULT_LIMITS, maxFrameBytes } from "../../src/protocol/limits.ts";
import { MESSAGES, type Message } from "../../src/protocol/messages.ts";
import { arbitraryMessage } from "./arbitrary-message.ts";
import { comparable, unhex, vectors } from "./vectors.ts";

/** `FUZZ_RUNS=1000000 npx vitest run fuzz` is the long form. */
const { FUZZ_RUNS = "500" } = process.env;
const numRuns = Number(FUZZ_RUNS);
const timeout = 180_000 + numRuns * 10;
const limit = maxFrameBytes(DEFAULT_LIMITS);

const frameTypes = Object.values(MESSAGES).map(({ frameType }) => frameType);
const validFrames = vectors.valid.map(({ hex }) => unhex(hex)).filter((bytes) => bytes.byteLength < 2000);

/** Everything that can be read from the chunks, up to the first error, which must be one that closes the connection. */
function read(chunks: readonly Uint8Array[]): {
  frames: Frame[];
  messages: Message[];
  error: RedRoomError | undefined;
} {
  const decoder = createFrameDecoder({ maxFrameBytes: limit });
  const frames: Frame[] = [];
  const messages: Message[] = [];
  try {
    for (const chunk of chunks) {
      for (let read = decoder.push(chunk); read.length > 0; read = decoder.push(new Uint8Array(0))) {
        for (const frame of read) {
          messages.push(decodeMessage(frame));
          frames.push(frame);
        }
      }
    }
    return { frames, messages, error: undefined };
  } catch (thrown) {
    if (!(thrown instanceof RedRoomError)) throw thrown;
    expect(["PROTOCOL_ERROR", "FRAME_TOO_LARGE"]).toContain(thrown.code);
    return { frames, messages, error: thrown };
  }
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let offset = 0, turn = 0; offset < bytes.byteLength; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    chunks.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  return chunks;
}

/** What was accepted is what `encodeMessage` writes: each message has one encoding. */
function expectOneEncoding({ frames, messages }: ReturnType<typeof read>): void {
  for (const [index, message] of messages.entries()) {
    const [again] = createFrameDecoder({ maxFrameBytes: limit }).push(encodeMessage(message));
    expect(again?.type).toBe(frames[index]?.type);
    expect(Buffer.compare(again?.head ?? utf8(""), frames[index]?.head ?? utf8(" "))).toBe(0);
    expect(Buffer.compare(again?.body ?? utf8(""), frames[index]?.body ?? utf8(" "))).toBe(0);
  }
}

const chunkSizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 3000 })), {
  minLength: 1,
  maxLength: 10,
});

describe("whatever comes in", { timeout }, () => {
  it("every message survives encoding, any cutting, and decoding", () => {
    const property = fc.property(
      fc.array(arbitraryMessage, { minLength: 1, maxLength: 4 }),
      chunkSizes,
      (sent, sizes) => {
        const got = read(cut(concatBytes(sent.map(encodeMessage)), sizes));
        expect(got.error).toBeUndefined();
        expect(got.messages.map(comparable)).toEqual(sent.map(comparable));
      },
    );
    fc.assert(property, { numRuns });
  });

  it("random bytes end in an error of the protocol, or in nothing", () => {
    const anyBytes = fc.uint8Array({ maxLength: 600 });
    // Random bytes hardly ever get past the length: these get as far as the head.
    const framed = fc
      .tuple(fc.constantFrom(...frameTypes), fc.oneof(anyBytes, fc.json().map(utf8)), anyBytes)
      .map(([type, head, body]) => encodeFrame({ type, head, body }));
    const property = fc.property(fc.oneof(anyBytes, framed), chunkSizes, (bytes, sizes) => {
      const whole = read([bytes]);
      expectOneEncoding(whole);
      const inPieces = read(cut(bytes, sizes));
      expect(inPieces.messages.map(comparable)).toEqual(whole.messages.map(comparable));
      expect(inPieces.error?.message).toBe(whole.error?.message);
    });
    const examples: [Uint8Array, number[]][] = [[Uint8Array.of(2, 0, 0, 128, 8, 0, 0), [1]]];
    fc.assert(property, { numRuns: 2 * numRuns, examples });
  });

  it("a frame with changed bytes is another message in its one encoding, or an error", () => {
    const change = fc.record({
      at: fc.nat({ max: 300 }),
      remove: fc.nat({ max: 2 }),
      insert: fc.uint8Array({ maxLength: 2 }),
    });
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    const property = fc.property(fc.constantFrom(...validFrames), changes, (valid, edits) => {
      let bytes = Array.from(valid);
      for (const { at, remove, insert } of edits) bytes = bytes.toSpliced(at, remove, ...insert);
      expectOneEncoding(read([Uint8Array.from(bytes)]));
    });
    fc.assert(property, { numRuns: 2 * numRuns });
  });

  it("a head written in another way is another message in its one encoding, or an error", () => {
    const snippets = [
      " ",
      "\n",
      "0",
      "-",
      ".0",
      "e1",
      ",",
      '"',
      "{",
      "}",
      "[",
      "]",
      "null",
      "\\u0061",
      "\\ud800",
      "\ufeff",
    ];
    const members = [
      '"after":1',
      '"__proto__":{}',
      '"from":1,',
      '"id":"AAECAwQFBgcICQoLDA0ODw",',
      '"retryable":false,',
    ];
    const edit = fc.record({
      at: fc.nat({ max: 300 }),
      remove: fc.nat({ max: 4 }),
      insert: fc.constantFrom("", ...snippets, ...members),
    });
    const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
    const property = fc.property(arbitraryMessage, edits, (message, changes) => {
      const [frame] = read([encodeMessage(message)]).frames;
      let head = fromUtf8(frame?.head ?? utf8(""));
      for (const { at, remove, insert } of changes) {
        const start = at % head.length;
        head = head.slice(0, start) + insert + head.slice(start + remove);
      }
      const changed = { type: frame?.type ?? 0, head: utf8(head), body: frame?.body ?? utf8("") };
      expectOneEncoding(read([encodeFrame(changed)]));
    });
    fc.assert(property, { numRuns: 2 * numRuns });
  });
});
