import { RedRoomError } from "../base/errors.ts";
import { paddedLength } from "./padding.ts";
import { MAX_VARINT, readVarint, varintSize, writeVarint } from "./varint.ts";

/** `varint length · u8 type · varint head length · head · body`, the length counting all that follows it. */
export interface Frame {
  readonly type: number;
  /** UTF-8 JSON, or nothing. */
  readonly head: Uint8Array;
  readonly body: Uint8Array;
}

/** @returns The frame and, behind it, padding (zeros: frames of length 0) up to the next bucket's length. */
export function encodeFrame({ type, head, body }: Frame): Uint8Array {
  const length = 1 + varintSize(head.byteLength) + head.byteLength + body.byteLength;
  if (length > MAX_VARINT) throw frameTooLarge(length, MAX_VARINT);
  const bytes = new Uint8Array(paddedLength(varintSize(length) + length));
  let offset = writeVarint(bytes, 0, length);
  bytes[offset] = type;
  offset = writeVarint(bytes, offset + 1, head.byteLength);
  bytes.set(head, offset);
  bytes.set(body, offset + head.byteLength);
  return bytes;
}

/** The length prefix of an empty frame, and so a whole frame: it means nothing and readers skip it. */
const PADDING = 0;
const NOTHING = new Uint8Array(0);

export interface FrameDecoder {
  /** Longest frame accepted, its length prefix not counted; a login raises it. */
  maxFrameBytes: number;
  /**
   * @returns The frames that are now complete. They may share memory with `chunk`. What is wrong behind them is thrown by the
   * next call, which may bring nothing: however the bytes were cut, the frames before it are the same.
   * @throws {RedRoomError} `FRAME_TOO_LARGE` as soon as the length is known, before anything is buffered for it;
   * `PROTOCOL_ERROR`. The decoder is of no use afterwards.
   */
  push(chunk: Uint8Array): Frame[];
  /** Whether a frame has begun and not ended: the end of the stream would cut it off. */
  readonly partial: boolean;
}

export function createFrameDecoder(options: { readonly maxFrameBytes: number }): FrameDecoder {
  // The beginning of a frame whose rest has not come. It is copied, so that a few bytes never keep a packet alive, and it
  // grows with what has come, not with what a length announces.
  let held = NOTHING;
  let heldBytes = 0;
  let neededBytes = 0;

  const hold = (chunk: Uint8Array): void => {
    const size = heldBytes + chunk.byteLength;
    if (size > held.byteLength) {
      const larger = new Uint8Array(Math.max(size, Math.min(2 * size, neededBytes)));
      larger.set(held.subarray(0, heldBytes));
      held = larger;
    }
    held.set(chunk, heldBytes);
    heldBytes = size;
  };

  const decoder: FrameDecoder = {
    maxFrameBytes: options.maxFrameBytes,
    get partial() {
      return heldBytes > 0;
    },
    push(chunk) {
      let bytes = chunk;
      if (heldBytes > 0) {
        hold(chunk);
        if (heldBytes < neededBytes) return [];
        bytes = held.subarray(0, heldBytes);
      }
      const frames: Frame[] = [];
      let offset = 0;
      neededBytes = 0;
      for (;;) {
        while (offset < bytes.length && bytes[offset] === PADDING) offset += 1;
        const length = readVarint(bytes, offset);
        if (length === undefined) break; // also at the end of the bytes
        try {
          if (length === "invalid") throw protocolError("a frame's length is not in the shortest form below 2^30");
          if (length.value > decoder.maxFrameBytes) throw frameTooLarge(length.value, decoder.maxFrameBytes);
          const end = offset + length.size + length.value;
          if (end > bytes.byteLength) {
            neededBytes = end - offset;
            break;
          }
          frames.push(readFrame(bytes.subarray(offset + length.size, end)));
          offset = end;
        } catch (fault) {
          if (frames.length === 0) throw fault;
          break;
        }
      }
      held = NOTHING; // the frames refer to the old one
      heldBytes = 0;
      if (offset < bytes.byteLength) hold(bytes.subarray(offset));
      return frames;
    },
  };
  return decoder;
}

function readFrame(bytes: Uint8Array): Frame {
  const type = bytes[0];
  const headLength = readVarint(bytes, 1);
  if (type === undefined || headLength === undefined || headLength === "invalid") {
    throw protocolError(`a frame of ${bytes.byteLength} bytes has no type and head length`);
  }
  const headStart = 1 + headLength.size;
  const headEnd = headStart + headLength.value;
  if (headEnd > bytes.byteLength) {
    throw protocolError(`a frame's head of ${headLength.value} bytes does not fit its ${bytes.byteLength} bytes`);
  }
  return { type, head: bytes.subarray(headStart, headEnd), body: bytes.subarray(headEnd) };
}

export const protocolError = (reason: string, cause?: unknown): RedRoomError =>
  new RedRoomError("PROTOCOL_ERROR", `unable to read the peer; ${reason}`, { cause });

const frameTooLarge = (size: number, limit: number): RedRoomError =>
  new RedRoomError("FRAME_TOO_LARGE", `unable to read a frame; ${size} bytes, the limit is ${limit}`);
